"""The data layer of render farms, AI-video pipelines and media portals."""
