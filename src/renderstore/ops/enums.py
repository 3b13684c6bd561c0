"""The enumerated types of ops.

Generated from the database's catalog by `just generate`; do not edit.
"""
