"""Finds the attachments of a user, to export or delete them."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("ix_attachments_owner_id_id", "attachments", ["owner_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_attachments_owner_id_id", "attachments")
