"""Hands documents to `convert.py`, and kills it when one takes too long."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from chatkit_backend.errors import UnreadableDocument

# A dense page of a PDF takes up to 0.3 seconds, and there are manuals of two thousand.
_TIME_LIMIT: Final = 900.0


class Converter:
    """Turns HTML, PDF and DOCX into Markdown, one after the other, in another process.

    The process starts with the first document, because importing what it needs takes a second.

    Args:
        time_limit: Seconds that one document may take.
    """

    def __init__(self, time_limit: float = _TIME_LIMIT) -> None:
        self._time_limit = time_limit
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def markdown(self, kind: str, content: bytes) -> tuple[str, str | None]:
        """The text of a document as Markdown, and its title where the format has one.

        Args:
            kind: `html`, `pdf` or `docx`.
            content: The bytes of the file.

        Raises:
            UnreadableDocument: It is broken, is something else, or takes too long; or the process
                cannot start.
        """
        if importlib.util.find_spec("markitdown") is None:
            raise UnreadableDocument("needs `pip install 'chatkit-backend[documents]'`")
        try:
            async with asyncio.timeout(self._time_limit):
                answer = await self._ask(kind, content)
        except TimeoutError:
            await self._stop()
            raise UnreadableDocument(
                f"was given up after {self._time_limit:g} seconds of converting", passing=True
            ) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            await self._stop()
            raise UnreadableDocument("made the converter crash", passing=True) from None
        except BaseException:
            # An answer that was not awaited would be taken for that of the next document.
            await self._stop()
            raise
        if problem := answer.get("problem"):
            raise UnreadableDocument(problem)
        return answer["text"] or "", answer["title"]

    async def _ask(self, kind: str, content: bytes) -> dict[str, str | None]:
        process = self._process = self._process or await self._start()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        request = json.dumps({"kind": kind, "size": len(content)})
        process.stdin.write(request.encode() + b"\n" + content)
        await process.stdin.drain()
        size = int.from_bytes(await process.stdout.readexactly(8))
        answer: dict[str, str | None] = json.loads(await process.stdout.readexactly(size))
        return answer

    async def _start(self) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # a json.py in the folder that is ingested is none of ours
                "-m",
                "chatkit_backend.retrieval.convert",
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                start_new_session=True,  # Ctrl-C is for us; we stop it ourselves
            )
        except OSError as error:  # too many processes, no memory, no file descriptor
            raise UnreadableDocument(
                f"cannot be read now: no converter can start ({error.strerror})", passing=True
            ) from error

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin:
            process.stdin.close()
        await process.wait()
