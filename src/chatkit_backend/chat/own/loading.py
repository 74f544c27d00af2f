"""Imports what a setting names in a module of the team's: an agent, a server, a function."""

from __future__ import annotations

import importlib
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

from chatkit_backend.errors import SettingsError

# Where an error is raised inside a library, the line of the team's that called it says more.
_LIBRARIES: Final = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    str(Path(__file__).parents[1]),
)


def load(setting: str, path: str) -> object:
    """What stands at `MODULE:NAME`. The current folder is looked in, too.

    Args:
        setting: The variable that names it, for errors, such as `CHATKIT_AGENT`.
        path: Such as `my_app.agents:support`.

    Raises:
        SettingsError: It cannot be imported, or the module has no such name. Says in which file
            and line the import failed.
    """
    module_name, _, name = path.partition(":")
    # As `python -m` and uvicorn do: an app is usually started from its own folder.
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    module = _imported(setting, path, module_name)
    if not hasattr(module, name):
        raise SettingsError(
            f"{setting}: {path} is not there: {module.__file__ or module_name} has no {name!r}."
        )
    found: object = getattr(module, name)
    return found


@contextmanager
def told_as_setting(setting: str, failure: str) -> Iterator[None]:
    """Makes what code of the team's raises an error of the setting that names the code.

    Args:
        setting: Such as `CHATKIT_AGENT`.
        failure: What has not worked, such as `my_app:support cannot be imported`.

    Raises:
        SettingsError: The code failed; says how, and in which file and line.
    """
    try:
        yield
    except SettingsError:
        raise
    # `exit()` in a module is a mistake as any other; Ctrl-C is none.
    except (Exception, SystemExit) as error:
        told = f"{type(error).__name__}: {_message(error)}".removesuffix(".")
        raise SettingsError(f"{setting}: {failure}: {told}{_place(error)}.") from error


def _imported(setting: str, path: str, module_name: str) -> ModuleType:
    with told_as_setting(setting, f"{path} cannot be imported"):
        try:
            return importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise
            raise SettingsError(
                f"{setting}: {path} cannot be imported: ModuleNotFoundError: there is no module "
                f"{error.name!r} in {Path.cwd()} or among the installed packages."
            ) from error


def _message(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error)


def _place(error: BaseException) -> str:
    """Where it was raised, as ` (FILE, line N)`; empty where no file is known."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename[0] != "<"]
    own = [frame for frame in frames if not frame.filename.startswith(_LIBRARIES)]
    if not (own or frames):
        return ""
    last = (own or frames)[-1]
    return f" ({last.filename}, line {last.lineno})"
