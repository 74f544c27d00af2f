"""The revisions of the tables, run by Alembic.

A new one is a file in `versions/` with the next number. It must leave the tables in a state that
the version before can still write to, because replicas are restarted one after the other.
"""
