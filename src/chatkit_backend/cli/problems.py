"""How commands say that they could not do their work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from chatkit_backend.errors import DatabaseUnavailable, FilesUnavailable, SettingsError

UNUSABLE: Final = 2  # exit status for settings that cannot be used, as for a wrong option


@contextmanager
def told_as(failure: str) -> Iterator[None]:
    """Ends the program with sentences instead of a traceback.

    Args:
        failure: What has not happened, such as `The server was not started`.
    """
    try:
        yield
    except SettingsError as error:
        tell(failure, *error.problems)
        sys.exit(UNUSABLE)
    except UnicodeEncodeError:
        tell(failure, "An argument is not valid UTF-8.")
        sys.exit(UNUSABLE)
    except (DatabaseUnavailable, FilesUnavailable) as error:
        tell(failure, str(error))
        sys.exit(UNUSABLE)


def tell(failure: str, *problems: str) -> None:
    """Says on stderr what has not happened, and why."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"{failure}:", style="bold red")
    for problem in problems:
        console.print(f"  {problem}", markup=False)
