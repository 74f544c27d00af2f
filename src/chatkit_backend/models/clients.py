"""HTTP clients of the providers.

A client for a server that is not OpenAI's takes nothing from OpenAI's environment variables: the
`openai` package would send that server OpenAI's organisation, project and custom headers.

Free of the Agents SDK, so that embedding documents does not wait for its import.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from chatkit_backend.models.credentials import CallLimits

# The client insists on a key; servers without authentication ignore this one.
NO_KEY = "no-key"


class ForeignClient(AsyncOpenAI):
    """A client for an OpenAI-compatible server that is not OpenAI's."""

    def __init__(self, *, default_headers: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(default_headers=default_headers, **options)
        # None or nothing passed in means "take it from OPENAI_ORG_ID, OPENAI_PROJECT_ID,
        # OPENAI_ADMIN_KEY and OPENAI_CUSTOM_HEADERS", so these can only be removed afterwards.
        self.organization = None
        self.project = None
        self.admin_api_key = None
        self._custom_headers = dict(default_headers or {})


def openai_client(base_url: str, api_key: str, limits: CallLimits) -> AsyncOpenAI:
    """A client for OpenAI, or for a server that stands in for it."""
    return AsyncOpenAI(api_key=api_key, base_url=base_url, **_options(limits))


def foreign_client(base_url: str, api_key: str | None, limits: CallLimits) -> ForeignClient:
    """A client for any other server."""
    return ForeignClient(api_key=api_key or NO_KEY, base_url=base_url, **_options(limits))


def _options(limits: CallLimits) -> dict[str, Any]:
    timeout = httpx2.Timeout(
        connect=limits.connect_timeout_seconds,
        read=limits.read_timeout_seconds,
        write=limits.read_timeout_seconds,
        pool=limits.connect_timeout_seconds,
    )
    http_client = DefaultAsyncHttpxClient(timeout=timeout, verify=_certificates())
    return {"timeout": timeout, "max_retries": limits.retries, "http_client": http_client}


@cache
def _certificates() -> ssl.SSLContext:
    """The certificates of the system: reading them takes longer than all else of a client."""
    return httpx2.create_ssl_context()
