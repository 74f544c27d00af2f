"""Credentials in, `User` out. Knows no web framework: a request's credentials arrive as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chatkit_backend.context import User


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries that may say who sent it.

    Attributes:
        headers: Header values by lower-case name.
        cookies: Cookie values by name.
        query: Query parameters by name; the last where one is repeated.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


class Authenticate(Protocol):
    """One way to find out who asks."""

    async def __call__(self, credentials: Credentials) -> User:
        """The user that these credentials belong to.

        Raises:
            RequestError: They belong to nobody.
        """
        ...
