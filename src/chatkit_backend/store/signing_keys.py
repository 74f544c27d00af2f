"""The key that this server signs with, made once and shared by all replicas."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import bindparam, select

from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import signing_keys

# As long as what HMAC-SHA256 gives; more adds nothing (RFC 2104, section 3).
_KEY_BYTES: Final = 32

_KEY: Final = select(signing_keys.c.key).where(signing_keys.c.name == bindparam("name"))


async def signing_key(database: Database, name: str) -> bytes:
    """The key of that name. The first who asks makes it, and all others get the same.

    Nothing is written where there is one: a full disk must not keep a server from starting.

    Args:
        database: Where it is kept.
        name: What is signed with it.

    Returns:
        32 random bytes.

    Raises:
        DatabaseUnavailable: The database does not answer.
    """
    async with database.read() as connection:
        found: bytes | None = await connection.scalar(_KEY, {"name": name})
    if found is not None:
        return found
    made = (
        database.dialect.insert(signing_keys)
        .values(name=name, key=secrets.token_bytes(_KEY_BYTES), created_at=datetime.now(UTC))
        # Somebody may have been faster: theirs counts.
        .on_conflict_do_nothing(index_elements=[signing_keys.c.name])
    )
    async with database.write_one() as connection:
        await connection.execute(made)
    async with database.read() as connection:
        return bytes((await connection.execute(_KEY, {"name": name})).scalar_one())
