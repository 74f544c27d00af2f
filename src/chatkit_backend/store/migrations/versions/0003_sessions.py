"""Sessions with their client secrets, API keys, and which threads were imported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chatkit_backend.store.dialects.columns import DOCUMENT, TEXT, TIMESTAMP

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("cancelled_at", TIMESTAMP),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_owner_id_id", "sessions", ["owner_id", "id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "client_secrets",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("replaced_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("hash", name="pk_client_secrets"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name="fk_client_secrets_session_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_client_secrets_session_id", "client_secrets", ["session_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("ending", TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("revoked_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    op.create_table(
        "imported_threads",
        sa.Column("thread_id", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("last_item_id", TEXT),
        sa.Column("imported_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("thread_id", name="pk_imported_threads"),
    )
    op.create_index(
        "ix_imported_threads_owner_id_thread_id", "imported_threads", ["owner_id", "thread_id"]
    )


def downgrade() -> None:
    for table in ("imported_threads", "api_keys", "client_secrets", "sessions"):
        op.drop_table(table)
