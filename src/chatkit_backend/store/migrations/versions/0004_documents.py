"""Collections of documents in chunks, and the index that finds them by their words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chatkit_backend.store.dialects.columns import (
    DOCUMENT,
    NEVER_REUSED,
    SERIAL,
    TEXT,
    TIMESTAMP,
    WORD,
)

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _create_documents()
    _create_index()


def downgrade() -> None:
    for table in (
        "lexical_postings",
        "lexical_segments",
        "lexical_recent",
        "chunks",
        "documents",
        "collections",
    ):
        op.drop_table(table)


def _create_documents() -> None:
    op.create_table(
        "collections",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("documents", sa.BigInteger, nullable=False),
        sa.Column("chunks", sa.BigInteger, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
        sa.UniqueConstraint("name", name="uq_collections_name"),
        **NEVER_REUSED,
    )
    op.create_table(
        "documents",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("collection_id", sa.BigInteger, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("title", TEXT),
        sa.Column("url", TEXT),
        sa.Column("chunks", sa.BigInteger, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        _reference("documents", "collection_id", "collections.id"),
        sa.UniqueConstraint("collection_id", "source", name="uq_documents_collection_id_source"),
        **NEVER_REUSED,
    )
    op.create_table(
        "chunks",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("document_id", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("heading_path", DOCUMENT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        _reference("chunks", "document_id", "documents.id"),
        sa.UniqueConstraint("document_id", "position", name="uq_chunks_document_id_position"),
        **NEVER_REUSED,
    )


def _create_index() -> None:
    op.create_table(
        "lexical_recent",
        sa.Column("chunk_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.BigInteger, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("words", WORD, nullable=False),
        sa.PrimaryKeyConstraint("chunk_id", name="pk_lexical_recent"),
        _reference("lexical_recent", "chunk_id", "chunks.id"),
        _reference("lexical_recent", "collection_id", "collections.id"),
    )
    op.create_index("ix_lexical_recent_collection_id", "lexical_recent", ["collection_id"])
    op.create_table(
        "lexical_segments",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("collection_id", sa.BigInteger, nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
        sa.Column("live", sa.Integer, nullable=False),
        sa.Column("first_chunk_id", sa.BigInteger, nullable=False),
        sa.Column("last_chunk_id", sa.BigInteger, nullable=False),
        sa.Column("chunk_ids", sa.LargeBinary, nullable=False),
        sa.Column("lengths", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lexical_segments"),
        _reference("lexical_segments", "collection_id", "collections.id"),
        **NEVER_REUSED,
    )
    op.create_index("ix_lexical_segments_collection_id", "lexical_segments", ["collection_id"])
    op.create_table(
        "lexical_postings",
        sa.Column("segment_id", sa.BigInteger, nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.Column("postings", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "word", name="pk_lexical_postings"),
        _reference("lexical_postings", "segment_id", "lexical_segments.id"),
    )
    if op.get_context().dialect.name == "postgresql":
        # Compressing packed numbers takes more time than reading them does.
        for table, column in (
            ("lexical_postings", "postings"),
            ("lexical_segments", "chunk_ids"),
            ("lexical_segments", "lengths"),
        ):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}", ondelete="CASCADE")
