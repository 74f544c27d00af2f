"""What helps those who run the server."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class OperatingSettings(BaseSettings):
    """What helps those who run the server."""

    debug: bool = Field(
        False,
        validation_alias="CHATKIT_DEBUG",
        description="`1` opens `GET /debug/threads`: the asking user's threads in full.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="CHATKIT_LOG_LEVEL", description="Least severe log line to write."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto",
        validation_alias="CHATKIT_LOG_FORMAT",
        description="`json` for one object a line, `console` for people, `auto` for `console` on a "
        "terminal and `json` elsewhere.",
    )
