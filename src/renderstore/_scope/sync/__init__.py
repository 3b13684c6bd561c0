"""For threads."""
