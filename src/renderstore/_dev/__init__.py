"""What only a checkout needs: what writes the typed modules and sql/schema.sql."""
