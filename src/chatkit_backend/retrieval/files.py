"""Which files there are to ingest. Symbolic links are never followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatkit_backend.errors import UnreadableDocument
from chatkit_backend.retrieval.documents import KINDS, Kind, kind_of

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# What tools put beside the documents: nobody asks about it, and there may be very much of it.
_JUNK: Final = frozenset(
    {"node_modules", "bower_components", "__pycache__", "venv", "site-packages"}
)

_MEGABYTE: Final = 1_000_000

# Windows has neither; there, opening a link that took a file's place cannot be told apart.
_OPEN_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Signature:
    """What changes whenever somebody writes to a file."""

    inode: int
    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to ingest.

    Attributes:
        source: Its key: the path in the folder that was given, with `/`; a byte of the name that
            is no UTF-8 is written `\\xff`.
    """

    path: Path
    source: str
    kind: Kind
    signature: Signature


@dataclass(slots=True)
class Found:
    """What there is at the given paths.

    Attributes:
        files: By source.
        problems: What could not be looked at, and why.
        folders: Every folder that was looked into.
        links: How many symbolic links were passed by.
        other_types: How many files were passed by that cannot be ingested.
        is_complete: Whether everything could be looked at, so that what is missing has vanished.
    """

    files: dict[str, SourceFile] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    folders: set[Path] = field(default_factory=set)
    links: int = 0
    other_types: int = 0
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Selection:
    """What to ingest.

    Attributes:
        roots: Files and folders. A folder is looked through with all that is in it.
        include: Patterns as in `.gitignore`; a file must match one, unless there is none.
        exclude: Patterns of files and folders to pass by.
    """

    roots: Sequence[Path]
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def find(self) -> Found:
        """Looks for the files. Hidden ones and what tools leave behind are passed by.

        Raises:
            ValueError: A pattern cannot be understood.
        """
        return _Search(self).found()


class _Search:
    """One look at the disk."""

    def __init__(self, selection: Selection) -> None:
        from pathspec import GitIgnoreSpec  # noqa: PLC0415 - importing this room stays cheap

        self._roots = selection.roots
        self._include: GitIgnoreSpec = GitIgnoreSpec.from_lines(selection.include or ["*"])
        self._exclude: GitIgnoreSpec = GitIgnoreSpec.from_lines(selection.exclude)
        self._found = Found()

    def found(self) -> Found:
        for root in self._roots:
            try:
                status = root.lstat()
            except OSError as error:
                self._fail(str(root), error)
                continue
            if stat.S_ISLNK(status.st_mode):
                self._found.is_complete = False
                self._found.problems.append(
                    (_printable(str(root)), "is a symbolic link; name what it leads to")
                )
            elif stat.S_ISDIR(status.st_mode):
                self._look_through(root)
            else:
                self._found.folders.add(root.parent)
                self._take_named(root, status)
        self._found.files = dict(sorted(self._found.files.items()))
        return self._found

    def _look_through(self, root: Path) -> None:
        # A list and no recursion: folders may be nested deeper than Python's stack.
        waiting = [(root, "")]
        while waiting:
            folder, prefix = waiting.pop()
            self._found.folders.add(folder)
            for entry in self._entries(folder, prefix):
                name = prefix + entry.name
                if entry.is_symlink():
                    self._found.links += 1
                elif entry.is_dir(follow_symlinks=False):
                    if not self._exclude.match_file(f"{name}/"):
                        waiting.append((folder / entry.name, f"{name}/"))
                elif self._is_selected(name):
                    self._take(folder / entry.name, name, entry)

    def _entries(self, folder: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                shown = [e for e in entries if not e.name.startswith(".") and e.name not in _JUNK]
        except OSError as error:
            self._fail(prefix or str(folder), error)
            return
        yield from shown

    def _is_selected(self, name: str) -> bool:
        return self._include.match_file(name) and not self._exclude.match_file(name)

    def _take_named(self, path: Path, status: os.stat_result) -> None:
        if not self._is_selected(path.name):
            return
        if kind_of(path.name) is None:
            known = " ".join(KINDS)
            self._found.problems.append((_printable(path.name), f"is none of {known}"))
        elif not stat.S_ISREG(status.st_mode):
            self._found.problems.append((_printable(path.name), "is no regular file"))
        else:
            self._add(path, path.name, status)

    def _take(self, path: Path, name: str, entry: os.DirEntry[str]) -> None:
        if kind_of(name) is None or not entry.is_file(follow_symlinks=False):
            self._found.other_types += 1
            return
        try:
            self._add(path, name, entry.stat(follow_symlinks=False))
        except OSError as error:
            self._fail(name, error)

    def _add(self, path: Path, name: str, status: os.stat_result) -> None:
        source = _printable(name)
        kind = kind_of(name)
        before = self._found.files.get(source)
        if kind is None or (before and before.path.absolute() == path.absolute()):
            return
        if before:
            self._found.problems.append(
                (
                    str(path),
                    f"has the same path in its folder as {before.path}; use two collections",
                )
            )
            return
        self._found.files[source] = SourceFile(path, source, kind, _signature(status))

    def _fail(self, name: str, error: OSError) -> None:
        self._found.is_complete = False
        reason = error.strerror or type(error).__name__
        self._found.problems.append((_printable(name), f"cannot be read ({reason})"))


def read(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file.

    Args:
        path: The file; a symbolic link is refused, even one that has just been put there.
        max_bytes: Most bytes that it may have.

    Raises:
        UnreadableDocument: It is too large, gone, something else, or not for us to read.
    """
    try:
        with os.fdopen(os.open(path, _OPEN_FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableDocument("is no regular file")
            if status.st_size > max_bytes:
                raise UnreadableDocument(
                    f"has {_in_words(status.st_size)}, over the {_in_words(max_bytes)} of "
                    "CHATKIT_INGEST_MAX_BYTES"
                )
            return file.read(max_bytes)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableDocument(f"cannot be read ({reason})") from error


def _signature(status: os.stat_result) -> Signature:
    return Signature(status.st_ino, status.st_size, status.st_mtime_ns)


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def _in_words(size: int) -> str:
    return f"{size / _MEGABYTE:,.1f} MB" if size >= _MEGABYTE else f"{size:,} bytes"
