"""The tables, as SQLAlchemy Core sees them.

`data` holds JSON: the protocol's own of a thread, item or attachment, and ours of a session.
pydantic writes and reads it. The columns beside it are those that queries look at.

Of client secrets and API keys only the hash is kept, so that nobody can use what a backup holds.

The tables themselves are made by `migrations/`; a test proves that the two agree.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from chatkit_backend.store.dialects.columns import (
    DOCUMENT,
    NEVER_REUSED,
    SERIAL,
    TEXT,
    TIMESTAMP,
    VECTOR,
    WORD,
)
from chatkit_backend.store.moments import Moment


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: UTC in the database, a `Moment` when loaded.

    A naive value is local time, as the SDK's `datetime.now()` makes it.
    """

    impl = TIMESTAMP
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> Moment | None:
        if value is None:
            return None
        # A database without time zones returns what it was given, without the zone.
        return Moment.of(value if value.tzinfo else value.replace(tzinfo=UTC))


# Names of our own, so that migrations can refer to them on every database.
_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final = MetaData(naming_convention=_NAMES)

threads: Final = Table(
    "threads",
    metadata,
    # Order of creation, for paging: clocks jump, this does not. The primary key, because that is
    # where SQLite hands out numbers; everything else refers to `id`.
    Column("position", SERIAL, primary_key=True),
    Column("id", TEXT, nullable=False),
    Column("owner_id", TEXT, nullable=False),
    Column("next_item_position", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("data", DOCUMENT, nullable=False),
    UniqueConstraint("id"),
    Index(None, "owner_id", "position"),  # a page of a user's threads
    **NEVER_REUSED,
)

items: Final = Table(
    "items",
    metadata,
    Column("thread_id", TEXT, ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("id", TEXT, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("status", TEXT),  # of the types that have one: client tool call, structured input
    Column("created_at", UtcDateTime, nullable=False),
    Column("data", DOCUMENT, nullable=False),
    PrimaryKeyConstraint("thread_id", "id"),
    UniqueConstraint("thread_id", "position"),  # also the index for a page of a thread's items
    Index(None, "thread_id", "type", "position"),  # the newest client tool call
)

feedback: Final = Table(
    "feedback",
    metadata,
    Column("thread_id", TEXT, nullable=False),
    Column("item_id", TEXT, nullable=False),
    Column("owner_id", TEXT, nullable=False),  # of the thread; who else reads it needs no join
    Column("kind", TEXT, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),  # when they last changed their mind
    PrimaryKeyConstraint("thread_id", "item_id"),
    ForeignKeyConstraint(
        ["thread_id", "item_id"], ["items.thread_id", "items.id"], ondelete="CASCADE"
    ),
    Index(None, "updated_at", "thread_id", "item_id"),  # an export by time
)

attachments: Final = Table(
    "attachments",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("owner_id", TEXT, nullable=False),
    # Null until the message that carries the attachment is stored.
    Column("thread_id", TEXT, ForeignKey("threads.id", ondelete="CASCADE")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("data", DOCUMENT, nullable=False),
    Index(None, "thread_id"),  # what goes with a deleted thread
    Index(None, "owner_id", "id"),  # a page of a user's attachments
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("owner_id", TEXT, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # of its newest client secret
    Column("cancelled_at", UtcDateTime),
    Column("data", DOCUMENT, nullable=False),
    Index(None, "owner_id", "id"),  # a page of a user's sessions
    Index(None, "expires_at"),  # those that are over, to be deleted
)

client_secrets: Final = Table(
    "client_secrets",
    metadata,
    Column("hash", TEXT, primary_key=True),
    Column("session_id", TEXT, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("replaced_at", UtcDateTime),  # when it was refreshed
    Index(None, "session_id"),  # what goes with a deleted session
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("hash", TEXT, nullable=False),
    Column("ending", TEXT, nullable=False),  # its last characters, so that people know it again
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    UniqueConstraint("hash"),
)

imported_threads: Final = Table(
    "imported_threads",
    metadata,
    # No foreign key: a thread that was deleted here must not come back with the next import.
    Column("thread_id", TEXT, primary_key=True),
    Column("owner_id", TEXT, nullable=False),
    Column("last_item_id", TEXT),  # null until an item was imported
    Column("imported_at", UtcDateTime, nullable=False),
    Index(None, "owner_id", "thread_id"),  # what goes with a deleted user
)

signing_keys: Final = Table(
    "signing_keys",
    metadata,
    Column("name", TEXT, primary_key=True),  # what is signed with it
    Column("key", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# What documents are found by. `store/lexical_index.py` tells how the last three work together.

collections: Final = Table(
    "collections",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("name", TEXT, nullable=False),
    # Kept up to date by whoever holds the row's lock: counting would read everything.
    Column("documents", BigInteger, nullable=False),
    Column("chunks", BigInteger, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # Which model its vectors are of; null while those of another one are being deleted.
    Column("embedding_model", TEXT),
    # Grows whenever its vectors change, so that who holds them in memory notices.
    Column("vectors_changed", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("name"),
    **NEVER_REUSED,
)

documents: Final = Table(
    "documents",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column(
        "collection_id",
        BigInteger,
        ForeignKey("collections.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("source", TEXT, nullable=False),
    Column("content_hash", TEXT, nullable=False),
    Column("title", TEXT),
    Column("url", TEXT),
    Column("chunks", BigInteger, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("collection_id", "source"),
    **NEVER_REUSED,
)

chunks: Final = Table(
    "chunks",
    metadata,
    # Never reused: the index may name a chunk that is gone.
    Column("id", SERIAL, primary_key=True),
    Column(
        "document_id", BigInteger, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False
    ),
    Column("position", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),  # in characters, in the document's text
    Column("heading_path", DOCUMENT, nullable=False),
    Column("text", TEXT, nullable=False),
    Column("vector_hash", LargeBinary(16)),  # names its vector; null until it has one
    UniqueConstraint("document_id", "position"),
    Index(None, "vector_hash", "id"),  # the chunks of a vector, and those without one in order
    **NEVER_REUSED,
)

lexical_recent: Final = Table(
    "lexical_recent",
    metadata,
    Column(
        "chunk_id",
        BigInteger,
        ForeignKey("chunks.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "collection_id",
        BigInteger,
        ForeignKey("collections.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("length", BigInteger, nullable=False),  # in words
    Column("words", WORD, nullable=False),
    Index(None, "collection_id"),
)

lexical_segments: Final = Table(
    "lexical_segments",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column(
        "collection_id",
        BigInteger,
        ForeignKey("collections.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("chunks", Integer, nullable=False),
    Column("live", Integer, nullable=False),  # chunks that are not gone
    Column("first_chunk_id", BigInteger, nullable=False),
    Column("last_chunk_id", BigInteger, nullable=False),
    Column("chunk_ids", LargeBinary, nullable=False),
    Column("lengths", LargeBinary, nullable=False),
    Index(None, "collection_id"),
    **NEVER_REUSED,
)

lexical_postings: Final = Table(
    "lexical_postings",
    metadata,
    Column(
        "segment_id",
        BigInteger,
        ForeignKey("lexical_segments.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("word", WORD, nullable=False),
    Column("postings", LargeBinary, nullable=False),
    PrimaryKeyConstraint("segment_id", "word"),
)

# Vectors of chunks. Apart from the others because not every PostgreSQL can keep them: there
# `VectorStore.prepare` makes it, and in SQLite a migration does.

vector_metadata: Final = MetaData(naming_convention=_NAMES)

vectors: Final = Table(
    "vectors",
    vector_metadata,
    # Never reused: who holds vectors in memory knows them by it.
    Column("id", SERIAL, primary_key=True),
    Column(
        "collection_id",
        BigInteger,
        ForeignKey(collections.c.id, ondelete="CASCADE"),
        nullable=False,
    ),
    # Of the text that it is a vector of, which any number of chunks may have.
    Column("hash", LargeBinary(16), nullable=False),
    Column("vector", VECTOR, nullable=False),
    UniqueConstraint("collection_id", "hash"),
    Index(None, "collection_id", "id"),  # those that are new, and a step through all of them
    **NEVER_REUSED,
)
