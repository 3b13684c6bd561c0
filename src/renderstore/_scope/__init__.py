"""How a scope works: the pool, the binding, the ways to send it, the statements on top."""
