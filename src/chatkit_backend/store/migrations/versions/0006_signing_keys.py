"""The keys that addresses are signed with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chatkit_backend.store.dialects.columns import TEXT, TIMESTAMP

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_signing_keys"),
    )


def downgrade() -> None:
    op.drop_table("signing_keys")
