"""Vectors of chunks, which are found by their meaning with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chatkit_backend.store.dialects.columns import NEVER_REUSED, SERIAL, TEXT

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("collections", sa.Column("embedding_model", TEXT))
    op.add_column(
        "collections",
        sa.Column("vectors_changed", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.add_column("chunks", sa.Column("vector_hash", sa.LargeBinary))
    op.create_index("ix_chunks_vector_hash_id", "chunks", ["vector_hash", "id"])
    # PostgreSQL needs an extension for it, which is not to be had everywhere and not by everybody.
    # There the table is made when it is first used.
    if op.get_context().dialect.name == "sqlite":
        _create_vectors()


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS vectors")
    op.drop_index("ix_chunks_vector_hash_id", "chunks")
    op.drop_column("chunks", "vector_hash")
    op.drop_column("collections", "vectors_changed")
    op.drop_column("collections", "embedding_model")


def _create_vectors() -> None:
    op.create_table(
        "vectors",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("collection_id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vectors"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name="fk_vectors_collection_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("collection_id", "hash", name="uq_vectors_collection_id_hash"),
        **NEVER_REUSED,
    )
    op.create_index("ix_vectors_collection_id_id", "vectors", ["collection_id", "id"])
