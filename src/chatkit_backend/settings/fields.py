"""Types that settings have in common."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode


def split(value: object) -> object:
    """The parts of a text that commas separate; anything else as it is."""
    return _split_at(",", value)


def _split_at_bars(value: object) -> object:
    return _split_at("|", value)


def _split_at(mark: str, value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(mark) if part.strip())
    return value


def _http_address(value: str | None) -> str | None:
    parts = urlsplit(value) if value else None
    if parts and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ValueError("must be an address such as https://host/v1")
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]
BarSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_bars)]
HttpAddress = Annotated[str, AfterValidator(_http_address)]
HttpAddressOrNone = Annotated[str | None, AfterValidator(_http_address)]

# Something in a module of the team's.
PLACE = r"^[\w.]+:\w+$"
