"""Where commands write what they export."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from chatkit_backend.errors import SettingsError


@contextmanager
def opened(output: Path | None) -> Iterator[TextIO]:
    """What to write to, for the length of a block. When the block fails, the file is removed.

    Args:
        output: A file that is not there yet; None for standard output.

    Raises:
        SettingsError: The file is there, or cannot be made.
    """
    if output is None:
        yield sys.stdout
        return
    try:
        # Nobody else may read it, and nothing is overwritten.
        output.touch(mode=0o600, exist_ok=False)
        file = output.open("w", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"--output: cannot create {output} ({error.strerror}).") from error
    try:
        with file:
            yield file
    except BaseException:
        # Half an export helps nobody, and would be in the way of the next.
        output.unlink(missing_ok=True)
        raise


def counting() -> Progress:
    """What counts on a terminal how much was written; elsewhere, nothing shows."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed}")
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
