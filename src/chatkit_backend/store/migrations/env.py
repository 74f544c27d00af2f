"""What Alembic runs: our revisions, on the connection or for the dialect that it is handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from chatkit_backend.store.schema import VERSION_TABLE

connection: Connection = context.config.attributes["connection"]

if context.is_offline_mode():
    context.configure(
        dialect_name=connection.dialect.name, version_table=VERSION_TABLE, literal_binds=True
    )
else:
    # Both databases can undo DDL, so a migration that fails leaves nothing behind.
    context.configure(connection=connection, version_table=VERSION_TABLE, transactional_ddl=True)

with context.begin_transaction():
    context.run_migrations()
