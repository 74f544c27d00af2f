"""API keys of servers that call `/v1`. Only their hashes are kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import api_keys
from chatkit_backend.store.tokens import API_KEY, new_token, token_hash

_RANDOM_BYTES: Final = 8
_SHOWN_CHARACTERS: Final = 4

_COLUMNS: Final = (
    api_keys.c.id,
    api_keys.c.name,
    api_keys.c.ending,
    api_keys.c.created_at,
    api_keys.c.revoked_at,
)
_BY_HASH: Final = select(*_COLUMNS).where(
    api_keys.c.hash == bindparam("key"), api_keys.c.revoked_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of an API key.

    Attributes:
        id: To name it by; no secret.
        name: What people call it.
        ending: Its last characters.
        created_at: When it was made.
        revoked_at: When it was revoked; None while it works.
    """

    id: str
    name: str
    ending: str
    created_at: datetime
    revoked_at: datetime | None = None


class ApiKeyStore:
    """Every API key.

    All methods raise `DatabaseUnavailable` where the database does not answer.

    Args:
        database: Where they are kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, name: str) -> tuple[ApiKey, str]:
        """A new key, and its secret, which cannot be had again."""
        secret = new_token(API_KEY)
        key = ApiKey(
            id=f"key_{secrets.token_hex(_RANDOM_BYTES)}",
            name=name,
            ending=secret[-_SHOWN_CHARACTERS:],
            created_at=datetime.now(UTC),
        )
        async with self._database.write_one() as connection:
            await connection.execute(
                insert(api_keys).values(
                    id=key.id,
                    name=key.name,
                    hash=token_hash(secret),
                    ending=key.ending,
                    created_at=key.created_at,
                )
            )
        return key, secret

    async def all(self) -> list[ApiKey]:
        """Every key, revoked ones too, the oldest first."""
        listed = select(*_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.id)
        async with self._database.read() as connection:
            return [ApiKey(*row) for row in await connection.execute(listed)]

    async def by_secret(self, secret: str) -> ApiKey | None:
        """The key with this secret, if it works."""
        async with self._database.read() as connection:
            found = await connection.execute(_BY_HASH, {"key": token_hash(secret)})
            row = found.one_or_none()
        return row and ApiKey(*row)

    async def revoke(self, key_id: str) -> ApiKey | None:
        """Make a key worthless, for good; None where there is none with this id."""
        async with self._database.write() as connection:
            await connection.execute(
                update(api_keys)
                .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=datetime.now(UTC))
            )
            found = await connection.execute(select(*_COLUMNS).where(api_keys.c.id == key_id))
            row = found.one_or_none()
        return row and ApiKey(*row)
