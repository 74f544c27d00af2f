"""Column types that mean the same on every database, and are written differently."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    Text,
    TypeDecorator,
    cast,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import UserDefinedType

# SQLite gives out ever-growing numbers, and none a second time, only to an INTEGER primary key.
SERIAL: Final = BigInteger().with_variant(Integer(), "sqlite")
NEVER_REUSED: Final[Mapping[str, Any]] = {"sqlite_autoincrement": True}

# SQLite has no type for time. This text sorts like the time it tells and says that it is UTC.
TIMESTAMP: Final = DateTime(timezone=True).with_variant(
    sqlite.DATETIME(  # type: ignore[no-untyped-call] # SQLAlchemy has no types for it
        storage_format=(
            "%(year)04d-%(month)02d-%(day)02d "
            "%(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06d+00:00"
        ),
        regexp=r"(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)\.(\d+)\+00:00",
    ),
    "sqlite",
)

# PostgreSQL keeps no NUL character, in text or in JSON. Users paste it, and programs that act as
# tools print it, so it is kept as two characters, and the first of these, where it stands for
# itself, as two others: what was stored comes back, and two different texts stay different.
_MARK: Final = "\ufffd"
_NUL_AS: Final = _MARK + "0"
_MARK_AS: Final = _MARK + "-"
# An escaped backslash is passed over as a whole: what follows it is no escape.
_JSON_ESCAPE: Final = re.compile(r"\\(?:u0000|.)", re.DOTALL)


def without_nul(text: str) -> str:
    """`text` as PostgreSQL can keep it."""
    return text.replace(_MARK, _MARK_AS).replace("\0", _NUL_AS)


def with_nul(text: str) -> str:
    """What `without_nul` was given."""
    if _MARK not in text:
        return text
    return text.replace(_NUL_AS, "\0").replace(_MARK_AS, _MARK)


def _json_without_nul(document: str) -> str:
    marked = document.replace(_MARK, _MARK_AS)
    if "\\u0000" not in marked:
        return marked
    return _JSON_ESCAPE.sub(lambda escape: _NUL_AS if escape[0] == "\\u0000" else escape[0], marked)


def _json_with_nul(document: str) -> str:
    if _MARK not in document:
        return document
    return document.replace(_NUL_AS, "\\u0000").replace(_MARK_AS, _MARK)


class _PostgresText(TypeDecorator[str]):
    impl = postgresql.TEXT
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else without_nul(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else with_nul(value)


class _PostgresDocument(UserDefinedType[str]):
    """JSONB that goes in and comes out as text: pydantic reads and writes it, not the driver."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "JSONB"

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        return lambda value: None if value is None else _json_without_nul(value)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], str | None]:
        return lambda value: None if value is None else _json_with_nul(value)

    def bind_expression(self, bindvalue: Any) -> ColumnElement[str]:
        return cast(bindvalue, postgresql.JSONB)

    def column_expression(self, colexpr: ColumnElement[Any]) -> ColumnElement[str]:
        return type_coerce(cast(colexpr, postgresql.TEXT), self)


# Text that a program chose: ids, types, owners.
TEXT: Final = Text().with_variant(_PostgresText(), "postgresql")

# Words as the index keeps them: no NUL among them, compared byte by byte.
WORD: Final = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

# The protocol's own JSON.
DOCUMENT: Final = Text().with_variant(_PostgresDocument(), "postgresql")


class _PackedVector(TypeDecorator[NDArray[np.float16]]):
    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: NDArray[np.float16] | None, dialect: Dialect) -> Any:
        return None if value is None else value.astype("<f2").tobytes()


class _PostgresVector(UserDefinedType[NDArray[np.float16]]):
    """A vector of any length: each of our models has its own."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "halfvec"

    def bind_processor(self, dialect: Dialect) -> Callable[[NDArray[np.float16] | None], Any]:
        return lambda value: None if value is None else str(value.tolist())


# Numbers of 2 bytes. For writing only: who searches reads them in the database's own way.
VECTOR: Final = _PackedVector().with_variant(_PostgresVector(), "postgresql")

# Begins a SELECT of many bytes, for a dialect that can fetch them in another way.
OF_BYTES: Final = "/* bytes */"
