"""Threads, items, attachments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chatkit_backend.store.dialects.columns import DOCUMENT, NEVER_REUSED, SERIAL, TEXT, TIMESTAMP

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "threads",
        sa.Column("position", SERIAL, primary_key=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("next_item_position", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_threads"),
        sa.UniqueConstraint("id", name="uq_threads_id"),
        **NEVER_REUSED,
    )
    op.create_index("ix_threads_owner_id_position", "threads", ["owner_id", "position"])
    op.create_table(
        "items",
        sa.Column("thread_id", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("status", TEXT),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "id", name="pk_items"),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name="fk_items_thread_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("thread_id", "position", name="uq_items_thread_id_position"),
    )
    op.create_index("ix_items_thread_id_type_position", "items", ["thread_id", "type", "position"])
    op.create_table(
        "attachments",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("thread_id", TEXT),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["threads.id"], name="fk_attachments_thread_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_attachments_thread_id", "attachments", ["thread_id"])


def downgrade() -> None:
    for table in ("attachments", "items", "threads"):
        op.drop_table(table)
