"""What users think of the items of their threads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chatkit_backend.store.dialects.columns import TEXT, TIMESTAMP

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("thread_id", TEXT, nullable=False),
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "item_id", name="pk_feedback"),
        sa.ForeignKeyConstraint(
            ["thread_id", "item_id"],
            ["items.thread_id", "items.id"],
            name="fk_feedback_thread_id_item_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_feedback_updated_at_thread_id_item_id",
        "feedback",
        ["updated_at", "thread_id", "item_id"],
    )


def downgrade() -> None:
    op.drop_table("feedback")
