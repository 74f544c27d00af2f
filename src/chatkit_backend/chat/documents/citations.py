"""Turns the markers in a model's answer into ChatKit annotations, while the answer streams.

A model that was given numbered sources writes `Rent is due on Monday [2].` The reader gets
`Rent is due on Monday.` and an annotation after "Monday".
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartAnnotationAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    FileSource,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    URLSource,
)

from chatkit_backend.chat.documents.markers import Marker, MarkerScanner


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that the model was given, under a number.

    Attributes:
        number: What the model cites it by.
        title: Of the document, for people.
        filename: Its path, which tells it from others of its name; used where there is no `url`.
        url: Where the document can be read.
        section: Headings above the passage, such as "Prices > Europe".
    """

    number: int
    title: str
    filename: str
    url: str | None
    section: str | None

    def annotation_source(self) -> URLSource | FileSource:
        """The source as ChatKit shows it; the section is its description."""
        if self.url is None:
            return FileSource(title=self.title, filename=self.filename, description=self.section)
        return URLSource(title=self.title, url=self.url, description=self.section)


async def cited(
    events: AsyncIterator[ThreadStreamEvent], sources: Mapping[int, Source]
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """The events, with markers of given sources as annotations.

    The text that is streamed is always the text that a finished item holds. `events` is closed
    when this ends.

    Args:
        events: A run's events, as `stream_agent_response` makes them.
        sources: By number. It may grow while the events come; a marker is looked up when it is
            complete.

    Raises:
        Exception: What `events` raises, after the text that was held back until then.
    """
    answer = _Answer(sources)
    try:
        async for event in events:
            for rewritten in answer.rewrite(event):
                yield rewritten
    except Exception:
        for rest in answer.end():
            yield rest
        raise
    else:
        for rest in answer.end():
            yield rest
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()


class _Answer:
    """The items of a run that are being written."""

    def __init__(self, sources: Mapping[int, Source]) -> None:
        self._sources = sources
        self._parts: dict[tuple[str, int], _Part] = {}

    def rewrite(self, event: ThreadStreamEvent) -> Iterable[ThreadStreamEvent]:
        """What is to be sent in place of `event`."""
        match event:
            case ThreadItemUpdatedEvent():
                return self._updated(event)
            case ThreadItemAddedEvent(item=AssistantMessageItem() as item):
                self._forget(item.id)
                return (_with_content(event, item, self._started(item)),)
            case ThreadItemDoneEvent(item=AssistantMessageItem() as item):
                return self._finished(event, item)
            case ThreadItemReplacedEvent(item=AssistantMessageItem() as item):
                return self._finished(event, item)
            case ThreadItemRemovedEvent():
                self._forget(event.item_id)
            case _:
                pass
        return (event,)

    def end(self) -> Iterator[ThreadStreamEvent]:
        """What is held back of items that were never finished."""
        for part in self._parts.values():
            yield from part.end()

    def _updated(self, event: ThreadItemUpdatedEvent) -> Iterable[ThreadStreamEvent]:
        update = event.update
        match update:
            case AssistantMessageContentPartTextDelta():
                part = self._part(event.item_id, update.content_index)
                shown = part.feed(update.delta)
                return (event,) if shown is None else shown
            case AssistantMessageContentPartAnnotationAdded():
                return self._part(event.item_id, update.content_index).annotate(update.annotation)
            case AssistantMessageContentPartAdded():
                self._parts.pop((event.item_id, update.content_index), None)
                part = self._part(event.item_id, update.content_index)
                return (_with_part(event, update, part.start(update.content)),)
            case AssistantMessageContentPartDone():
                part = self._part(event.item_id, update.content_index)
                rest = part.end()
                return (*rest, _with_part(event, update, part.finish(update.content)))
            case _:
                return (event,)

    def _part(self, item_id: str, content_index: int) -> _Part:
        place = (item_id, content_index)
        part = self._parts.get(place)
        if part is None:
            part = self._parts[place] = _Part(item_id, content_index, self._sources)
        return part

    def _started(self, item: AssistantMessageItem) -> list[AssistantMessageContent]:
        return [
            self._part(item.id, index).start(content) for index, content in enumerate(item.content)
        ]

    def _finished(
        self, event: ThreadItemDoneEvent | ThreadItemReplacedEvent, item: AssistantMessageItem
    ) -> Iterable[ThreadStreamEvent]:
        rest: list[ThreadStreamEvent] = []
        for part in self._parts_of(item.id):
            rest += part.end()
        finished = [
            self._part(item.id, index).finish(content) for index, content in enumerate(item.content)
        ]
        self._forget(item.id)
        return (*rest, _with_content(event, item, finished))

    def _parts_of(self, item_id: str) -> list[_Part]:
        return [part for part in self._parts.values() if part.item_id == item_id]

    def _forget(self, item_id: str) -> None:
        for part in self._parts_of(item_id):
            del self._parts[part.item_id, part.content_index]


class _Part:
    """One text of an item: what has come of it, and what was cut out.

    Positions count characters of the text as it came, unless they are an annotation's.
    """

    def __init__(self, item_id: str, content_index: int, sources: Mapping[int, Source]) -> None:
        self.item_id = item_id
        self.content_index = content_index
        self._sources = sources
        self._scanner = MarkerScanner()
        self._came: list[str] = []
        self._certain = 0  # up to here nothing is held back
        self._cuts: list[tuple[int, int]] = []
        self._removed = 0  # characters in all cuts
        self._sent: list[Annotation] = []
        # The SDK's own annotations as they came, and those whose place is not certain yet.
        self._own: list[Annotation] = []
        self._waiting: list[Annotation] = []

    def feed(self, text: str) -> list[ThreadItemUpdatedEvent] | None:
        """What can be shown now that `text` has come; None when that is just `text`."""
        self._came.append(text)
        pieces = self._scanner.feed(text)
        if (pieces == [text] or not text) and not self._waiting:
            self._certain += len(text)
            return None
        return self._show(pieces) + self._place(self._take_waiting(self._certain))

    def annotate(self, annotation: Annotation) -> list[ThreadItemUpdatedEvent]:
        """What is to be sent for an annotation of the SDK's own."""
        self._own.append(annotation)
        if annotation.index is not None and annotation.index > self._certain:
            self._waiting.append(annotation)
            return []
        return self._place([annotation])

    def end(self) -> list[ThreadItemUpdatedEvent]:
        """What was held back."""
        waiting, self._waiting = self._waiting, []
        return self._show(self._scanner.end()) + self._place(waiting)

    def start(self, content: AssistantMessageContent) -> AssistantMessageContent:
        """`content`, the beginning of this part, without what is held back of it."""
        if content.text:
            self.feed(content.text)
        for annotation in content.annotations:
            self.annotate(annotation)
        return self._as_sent(content)

    def finish(self, content: AssistantMessageContent) -> AssistantMessageContent:
        """`content`, all of this part, as it was sent.

        A refusal is not streamed, nor is an item that came in one piece: that text is read now.
        """
        if content.text != "".join(self._came):
            whole = _Part(self.item_id, self.content_index, self._sources)
            whole.feed(content.text)
            whole.end()
            return whole.finish(content)
        for annotation in content.annotations:
            if annotation not in self._own:
                self.annotate(annotation)
        return self._as_sent(content)

    def _as_sent(self, content: AssistantMessageContent) -> AssistantMessageContent:
        text = self._sent_text()
        if text == content.text and self._sent == content.annotations:
            return content
        # A list of its own: the SDK adds to that of an event.
        return content.model_copy(update={"text": text, "annotations": list(self._sent)})

    def _sent_text(self) -> str:
        came = "".join(self._came)[: self._certain]
        starts = [0, *(end for _, end in self._cuts)]
        ends = [*(start for start, _ in self._cuts), len(came)]
        return "".join(came[start:end] for start, end in zip(starts, ends, strict=True))

    def _show(self, pieces: list[str | Marker]) -> list[ThreadItemUpdatedEvent]:
        shown: list[ThreadItemUpdatedEvent] = []
        words = ""
        for piece in pieces:
            if isinstance(piece, Marker) and all(n in self._sources for n in piece.numbers):
                if words:
                    shown.append(self._text_event(words))
                    words = ""
                shown += self._cite(piece)
                continue
            text = piece.text if isinstance(piece, Marker) else piece
            self._certain += len(text)
            words += text
        if words:
            shown.append(self._text_event(words))
        return shown

    def _cite(self, marker: Marker) -> list[ThreadItemUpdatedEvent]:
        index = self._certain - self._removed
        end = self._certain + len(marker.text)
        self._cuts.append((self._certain, end))
        self._certain = end
        self._removed += len(marker.text)
        shown: list[ThreadItemUpdatedEvent] = []
        for number in marker.numbers:
            source = self._sources[number].annotation_source()
            here = takewhile(lambda sent: sent.index == index, reversed(self._sent))
            if all(sent.source != source for sent in here):
                shown.append(self._send(Annotation(source=source, index=index)))
        return shown

    def _take_waiting(self, certain: int) -> list[Annotation]:
        ready = [each for each in self._waiting if (each.index or 0) <= certain]
        self._waiting = [each for each in self._waiting if (each.index or 0) > certain]
        return ready

    def _place(self, annotations: list[Annotation]) -> list[ThreadItemUpdatedEvent]:
        return [
            self._send(
                each
                if each.index is None
                else each.model_copy(update={"index": self._index_of(each.index)})
            )
            for each in annotations
        ]

    def _index_of(self, position: int) -> int:
        """`position` in the text that is shown."""
        cut = sum(min(end, position) - start for start, end in self._cuts if start < position)
        return position - cut

    def _send(self, annotation: Annotation) -> ThreadItemUpdatedEvent:
        self._sent.append(annotation)
        return ThreadItemUpdatedEvent(
            item_id=self.item_id,
            update=AssistantMessageContentPartAnnotationAdded(
                content_index=self.content_index,
                annotation_index=len(self._sent) - 1,
                annotation=annotation,
            ),
        )

    def _text_event(self, text: str) -> ThreadItemUpdatedEvent:
        return ThreadItemUpdatedEvent(
            item_id=self.item_id,
            update=AssistantMessageContentPartTextDelta(
                content_index=self.content_index, delta=text
            ),
        )


def _with_part(
    event: ThreadItemUpdatedEvent,
    update: AssistantMessageContentPartAdded | AssistantMessageContentPartDone,
    content: AssistantMessageContent,
) -> ThreadItemUpdatedEvent:
    """`event` with that content; itself when it has it already. Others may hold the event."""
    if content is update.content:
        return event
    return event.model_copy(update={"update": update.model_copy(update={"content": content})})


def _with_content(
    event: ThreadItemAddedEvent | ThreadItemDoneEvent | ThreadItemReplacedEvent,
    item: AssistantMessageItem,
    content: list[AssistantMessageContent],
) -> ThreadItemAddedEvent | ThreadItemDoneEvent | ThreadItemReplacedEvent:
    """`event` with that content; itself when it has it already. Others may hold the item."""
    if all(new is old for new, old in zip(content, item.content, strict=True)):
        return event
    return event.model_copy(update={"item": item.model_copy(update={"content": content})})
