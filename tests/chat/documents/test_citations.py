"""Markers become annotations while the answer streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import pytest
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartAnnotationAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    FileSource,
    ProgressUpdateEvent,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdate,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    URLSource,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chatkit_backend.chat.documents.citations import Source, cited
from chatkit_backend.chat.server import ChatServer
from tests.chat.documents.test_markers import texts

SOURCES = {
    1: Source(1, "Prices", "prices.md", None, "Prices > Europe"),
    2: Source(2, "Terms", "terms.md", "https://example.com/terms", None),
    3: Source(3, "Hours", "hours.md", None, None),
}
_EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)


# What the SDK sends


def item(*contents: AssistantMessageContent, item_id: str = "msg_1") -> AssistantMessageItem:
    return AssistantMessageItem(
        id=item_id, thread_id="thr_1", created_at=datetime.now(UTC), content=list(contents)
    )


def content(text: str, *annotations: Annotation) -> AssistantMessageContent:
    return AssistantMessageContent(text=text, annotations=list(annotations))


def updated(update: ThreadItemUpdate, item_id: str = "msg_1") -> ThreadItemUpdatedEvent:
    return ThreadItemUpdatedEvent(item_id=item_id, update=update)


def delta(text: str, item_id: str = "msg_1", part: int = 0) -> ThreadItemUpdatedEvent:
    return updated(AssistantMessageContentPartTextDelta(content_index=part, delta=text), item_id)


def web(index: int | None) -> Annotation:
    return Annotation(source=URLSource(title="Web", url="https://example.com"), index=index)


def annotated(index: int | None, number: int = 0) -> ThreadItemUpdatedEvent:
    return updated(
        AssistantMessageContentPartAnnotationAdded(
            content_index=0, annotation_index=number, annotation=web(index)
        )
    )


def part_added(text: str = "") -> ThreadItemUpdatedEvent:
    return updated(AssistantMessageContentPartAdded(content_index=0, content=content(text)))


def part_done(text: str) -> ThreadItemUpdatedEvent:
    return updated(AssistantMessageContentPartDone(content_index=0, content=content(text)))


def message(*pieces: str) -> list[ThreadStreamEvent]:
    text = "".join(pieces)
    return [
        ThreadItemAddedEvent(item=item()),
        part_added(),
        *map(delta, pieces),
        part_done(text),
        ThreadItemDoneEvent(item=item(content(text))),
    ]


# What comes out of it


async def iterate(events: Iterable[ThreadStreamEvent]) -> AsyncGenerator[ThreadStreamEvent, None]:
    for event in events:
        yield event


async def rewritten(
    events: Iterable[ThreadStreamEvent], sources: Mapping[int, Source] = SOURCES
) -> list[ThreadStreamEvent]:
    # Copies, because a client sees an event as it was when it was sent.
    return [event.model_copy(deep=True) async for event in cited(iterate(events), sources)]


def updates(
    events: Iterable[ThreadStreamEvent], item_id: str = "msg_1"
) -> Iterator[ThreadItemUpdate]:
    for event in events:
        if isinstance(event, ThreadItemUpdatedEvent) and event.item_id == item_id:
            yield event.update


def deltas(events: Iterable[ThreadStreamEvent], item_id: str = "msg_1", part: int = 0) -> list[str]:
    return [
        update.delta
        for update in updates(events, item_id)
        if isinstance(update, AssistantMessageContentPartTextDelta) and update.content_index == part
    ]


def citations(
    events: Iterable[ThreadStreamEvent], item_id: str = "msg_1", part: int = 0
) -> list[Annotation]:
    """Those that were sent, after a look at their numbers."""
    found = [
        update
        for update in updates(events, item_id)
        if isinstance(update, AssistantMessageContentPartAnnotationAdded)
        and update.content_index == part
    ]
    assert [update.annotation_index for update in found] == list(range(len(found)))
    return [update.annotation for update in found]


def places(found: Iterable[Annotation]) -> list[tuple[str, int | None]]:
    return [(annotation.source.title, annotation.index) for annotation in found]


def finished(events: Iterable[ThreadStreamEvent]) -> list[AssistantMessageContent]:
    for event in events:
        if isinstance(event, ThreadItemDoneEvent | ThreadItemReplacedEvent):
            assert isinstance(event.item, AssistantMessageItem)
            return event.item.content
    raise AssertionError("no item was finished")


def finished_parts(events: Iterable[ThreadStreamEvent]) -> list[AssistantMessageContent]:
    return [
        update.content
        for update in updates(events)
        if isinstance(update, AssistantMessageContentPartDone)
    ]


async def test_a_marker_becomes_an_annotation_at_its_place() -> None:
    events = await rewritten(message("It costs", " 5 €", " [1", "]", ". Ask us [2]."))
    assert "".join(deltas(events)) == "It costs 5 €. Ask us."
    assert places(citations(events)) == [("Prices", 12), ("Terms", 20)]


async def test_a_finished_item_holds_what_was_streamed() -> None:
    events = await rewritten(message("It costs 5 € [1].", " Ask us [2, 3]"))
    [part] = finished(events)
    assert part.text == "".join(deltas(events)) == "It costs 5 €. Ask us"
    assert part.annotations == citations(events)
    assert finished_parts(events) == [part]


def test_a_source_with_an_address_is_shown_as_a_link() -> None:
    assert SOURCES[2].annotation_source() == URLSource(
        title="Terms", url="https://example.com/terms"
    )


def test_a_source_without_an_address_is_shown_as_a_file_with_its_section() -> None:
    assert SOURCES[1].annotation_source() == FileSource(
        title="Prices", filename="prices.md", description="Prices > Europe"
    )


async def test_each_source_of_a_marker_is_cited_in_order() -> None:
    events = await rewritten(message("a [3, 1][2]"))
    assert places(citations(events)) == [("Hours", 1), ("Prices", 1), ("Terms", 1)]


async def test_a_source_is_cited_once_at_one_place() -> None:
    events = await rewritten(message("a [1, 1][2] [1] b [1]"))
    assert places(citations(events)) == [("Prices", 1), ("Terms", 1), ("Prices", 3)]


async def test_a_marker_with_an_unknown_number_stays_text() -> None:
    events = await rewritten(message("a [1, 9]", " b [9]", "[1]."))
    assert "".join(deltas(events)) == "a [1, 9] b [9]."
    assert places(citations(events)) == [("Prices", 14)]


async def test_an_index_counts_characters() -> None:
    events = await rewritten(message("🙂 é 漢 [1]"))
    assert places(citations(events)) == [("Prices", 5)]


async def test_the_answer_comes_in_the_order_it_was_written() -> None:
    events = await rewritten([delta("a [1] b [2] c")])
    kinds = [update.type.rpartition(".")[2] for update in updates(events)]
    assert kinds == ["text_delta", "annotation_added"] * 2 + ["text_delta"]


async def test_an_event_without_markers_is_passed_on_itself() -> None:
    given_events: list[ThreadStreamEvent] = [
        ProgressUpdateEvent(text="Searching"),
        *message("Hello", "", " there, `", "a[1]`", "\n", "- you"),
        ThreadItemRemovedEvent(item_id="msg_1"),
    ]
    events = [event async for event in cited(iterate(given_events), SOURCES)]
    assert list(map(id, events)) == list(map(id, given_events))


async def test_without_sources_nothing_changes_but_the_moment() -> None:
    events = await rewritten(message("a ", "[1", "]", " b [2]("), {})
    assert deltas(events) == ["a", " [1] b [2]("]
    assert finished(events) == [content("a [1] b [2](")]
    assert not citations(events)


async def test_sources_may_be_found_while_the_answer_streams() -> None:
    sources: dict[int, Source] = {}

    async def searching() -> AsyncIterator[ThreadStreamEvent]:
        yield delta("Code: ``` a [1] and `` [1], ")
        sources[1] = SOURCES[1]
        yield delta("[1] ```. Text [1].")

    events = [event async for event in cited(searching(), sources)]
    assert "".join(deltas(events)) == "Code: ``` a [1] and `` [1], [1] ```. Text."
    assert places(citations(events)) == [("Prices", 41)]


async def test_a_marker_is_looked_up_when_it_is_complete() -> None:
    sources: dict[int, Source] = {}

    async def searching() -> AsyncIterator[ThreadStreamEvent]:
        yield delta("a [1]. b [")
        sources[1] = SOURCES[1]
        yield delta("1].")

    events = [event async for event in cited(searching(), sources)]
    assert "".join(deltas(events)) == "a [1]. b."


async def test_what_is_held_back_is_sent_before_the_part_is_done() -> None:
    events = await rewritten([part_added(), delta("a [1"), part_done("a [1")])
    assert deltas(events) == ["a", " [1"]
    assert isinstance(list(updates(events))[-1], AssistantMessageContentPartDone)
    assert finished_parts(events) == [content("a [1")]


async def test_what_is_held_back_is_sent_before_the_item_is_done() -> None:
    whole = ThreadItemDoneEvent(item=item(content("a [1]")))
    events = await rewritten([part_added(), delta("a [1]"), whole])
    assert [event.type for event in events[-2:]] == ["thread.item.updated", "thread.item.done"]
    assert citations(events) == finished(events)[0].annotations
    assert finished(events)[0].text == "a"


async def test_what_is_held_back_is_sent_when_the_events_end() -> None:
    events = await rewritten([delta("a [1]"), delta("b ", "msg_2")])
    assert deltas(events) == ["a"]
    assert places(citations(events)) == [("Prices", 1)]
    assert deltas(events, "msg_2") == ["b", " "]


async def test_what_is_held_back_is_sent_before_an_error() -> None:
    async def failing() -> AsyncIterator[ThreadStreamEvent]:
        yield delta("a [1")
        raise ConnectionError("gone")

    events: list[ThreadStreamEvent] = []
    with pytest.raises(ConnectionError, match="gone"):
        async for event in cited(failing(), SOURCES):
            events.append(event)  # noqa: PERF401 - a comprehension would lose them
    assert deltas(events) == ["a", " [1"]


async def test_the_events_are_closed_with_the_answer() -> None:
    source = iterate(message("a", "b"))
    answer = cited(source, SOURCES)
    await anext(answer)
    await answer.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(source)


async def test_the_sdks_own_annotations_move_with_the_text() -> None:
    events = await rewritten(
        [
            delta("a [1] b [2] c [9]."),
            *(annotated(index, number) for number, index in enumerate([1, 3, 7, 8, 18, None])),
        ]
    )
    assert "".join(deltas(events)) == "a b c [9]."
    assert places(citations(events)) == [
        *(("Prices", 1), ("Terms", 3)),
        *(("Web", 1), ("Web", 1), ("Web", 3), ("Web", 3), ("Web", 10), ("Web", None)),
    ]


async def test_an_annotation_waits_for_the_text_that_it_stands_in() -> None:
    events = await rewritten([delta("a [1"), annotated(4), delta("] b")])
    assert places(citations(events)) == [("Prices", 1), ("Web", 1)]


async def test_an_annotation_waits_no_longer_than_for_its_place() -> None:
    events = await rewritten([delta("a"), annotated(3), delta("bcd"), delta("e")])
    assert [update.type.rpartition(".")[2] for update in updates(events)] == [
        *("text_delta", "text_delta", "annotation_added", "text_delta")
    ]


async def test_an_annotation_that_waits_is_sent_before_the_part_is_done() -> None:
    events = await rewritten([delta("a [1"), annotated(4), part_done("a [1")])
    assert places(citations(events)) == [("Web", 4)]
    assert places(finished_parts(events)[0].annotations) == [("Web", 4)]


async def test_an_annotation_after_the_part_is_done_is_kept() -> None:
    whole = ThreadItemDoneEvent(item=item(content("a [1] b", web(7))))
    events = await rewritten([delta("a [1] b"), part_done("a [1] b"), annotated(7), whole])
    assert places(citations(events)) == [("Prices", 1), ("Web", 3)]
    assert finished(events)[0].annotations == citations(events)


async def test_an_annotation_that_a_part_begins_with_is_moved() -> None:
    begun = AssistantMessageContentPartAdded(content_index=0, content=content("a [1] b", web(7)))
    events = await rewritten([updated(begun), part_done("a [1] b")])
    assert places(finished_parts(events)[0].annotations) == [("Prices", 1), ("Web", 3)]


async def test_an_annotation_that_only_the_finished_item_has_is_kept() -> None:
    whole = ThreadItemDoneEvent(item=item(content("a [1] b", web(7))))
    events = await rewritten([delta("a [1] b"), whole])
    assert places(finished(events)[0].annotations) == [("Prices", 1), ("Web", 3)]


async def test_two_items_and_two_parts_may_be_written_at_once() -> None:
    events = await rewritten(
        [
            *(delta("`a ["), delta("b [", part=1), delta("c [", "msg_2")),
            *(delta("1]"), delta("2]", part=1), delta("3]", "msg_2")),
            *(delta("` d"), delta(" e", part=1), delta(" f", "msg_2")),
        ]
    )
    assert "".join(deltas(events)) == "`a [1]` d"
    assert "".join(deltas(events, part=1)) == "b e"
    assert "".join(deltas(events, "msg_2")) == "c f"
    assert places(citations(events)) == []
    assert places(citations(events, part=1)) == [("Terms", 1)]
    assert places(citations(events, "msg_2")) == [("Hours", 1)]


async def test_every_part_of_a_finished_item_is_its_own() -> None:
    whole = ThreadItemDoneEvent(item=item(content("a [1]"), content("b [2] c")))
    events = await rewritten([delta("a [1]"), delta("b [2] c", part=1), whole])
    assert [part.text for part in finished(events)] == ["a", "b c"]
    assert [places(part.annotations) for part in finished(events)] == [
        [("Prices", 1)],
        [("Terms", 1)],
    ]


@pytest.mark.parametrize("kind", [ThreadItemDoneEvent, ThreadItemReplacedEvent])
async def test_an_item_that_came_in_one_piece_is_read_whole(
    kind: type[ThreadItemDoneEvent | ThreadItemReplacedEvent],
) -> None:
    events = await rewritten([kind(item=item(content("a [1] b [2]", web(7))))])
    assert len(events) == 1
    assert finished(events)[0].text == "a b"
    assert places(finished(events)[0].annotations) == [("Prices", 1), ("Terms", 3), ("Web", 3)]


async def test_a_refusal_that_was_not_streamed_is_kept() -> None:
    whole = ThreadItemDoneEvent(item=item(content("I cannot say [1].")))
    events = await rewritten([part_added(), whole])
    assert finished(events)[0].text == "I cannot say."


@pytest.mark.parametrize(
    "beginning", [part_added("a [1] b ["), ThreadItemAddedEvent(item=item(content("a [1] b [")))]
)
async def test_a_part_that_begins_with_text_is_read_from_there(
    beginning: ThreadStreamEvent,
) -> None:
    events = await rewritten([beginning, delta("2]."), part_done("a [1] b [2].")])
    if isinstance(first := events[0], ThreadItemAddedEvent):
        assert isinstance(first.item, AssistantMessageItem)
        [begun] = first.item.content
    else:
        begun = next(
            update.content
            for update in updates(events)
            if isinstance(update, AssistantMessageContentPartAdded)
        )
    assert begun.text == "a b"
    assert places(begun.annotations) == [("Prices", 1)]
    assert finished_parts(events)[0].text == begun.text + "".join(deltas(events))
    assert places(finished_parts(events)[0].annotations) == [("Prices", 1), ("Terms", 3)]


@pytest.mark.parametrize(
    "turn",
    [
        ThreadItemAddedEvent(item=item()),
        part_added(),
        ThreadItemDoneEvent(item=item(content("`a"))),
        ThreadItemRemovedEvent(item_id="msg_1"),
    ],
)
async def test_a_part_that_begins_again_forgets_the_first_attempt(turn: ThreadStreamEvent) -> None:
    events = await rewritten([delta("`a"), turn, delta("b [1].")])
    assert deltas(events) == ["`a", "b", "."]
    assert places(citations(events)) == [("Prices", 1)]


async def test_an_item_goes_on_when_another_one_ends() -> None:
    other = item(content("c"), item_id="msg_2")
    events = await rewritten([delta("`a"), ThreadItemDoneEvent(item=other), delta(" [1]` b")])
    assert deltas(events) == ["`a", " [1]` b"]


async def test_the_sdks_own_objects_are_left_alone() -> None:
    given_events = [*message("a [1", "] b [2]"), delta("c [3] d", "msg_2"), annotated(3)]
    before = [event.model_copy(deep=True) for event in given_events]
    async for _ in cited(iterate(given_events), SOURCES):
        pass
    assert given_events == before


async def test_what_is_sent_shares_no_list_with_what_is_sent_later() -> None:
    # The server adds the annotations of later events to the content of earlier ones.
    text = "a [1] b"
    whole = ThreadItemDoneEvent(item=item(content(text)))
    events: list[ThreadStreamEvent] = [delta(text), part_done(text), whole]
    sent = [event async for event in cited(iterate(events), SOURCES)]
    finished_parts(sent)[0].annotations.clear()
    assert places(finished(sent)[0].annotations) == [("Prices", 1)]


async def test_the_server_follows_the_events_to_the_finished_item() -> None:
    # The SDK keeps what events bring and writes into it, so nothing here is a copy.
    server = ChatServer.__new__(ChatServer)
    followed: dict[str, ThreadItem] = {}
    text = "a [1] b [2"
    written = [part_added("a ["), delta("1] b [2"), annotated(7), part_done(text)]
    async for event in cited(iterate([ThreadItemAddedEvent(item=item()), *written]), SOURCES):
        if isinstance(event, ThreadItemAddedEvent):
            followed[event.item.id] = event.item
        elif isinstance(event, ThreadItemUpdatedEvent):
            server._update_pending_items(followed, event)
    pending = followed["msg_1"]
    assert isinstance(pending, AssistantMessageItem)
    assert pending.content[0].text == "a b [2"
    assert places(pending.content[0].annotations) == [("Prices", 1), ("Web", 3)]


async def test_the_events_are_valid_for_the_sdk() -> None:
    for event in await rewritten([*message("a [1", ", 2] b 【3】"), annotated(3, 3)]):
        assert _EVENT.validate_json(_EVENT.dump_json(event)) == event


@given(text=texts, data=st.data())
async def test_streaming_shows_the_same_as_reading_the_whole(
    text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    streamed = await rewritten(message(*pieces))
    whole = await rewritten([ThreadItemDoneEvent(item=item(content(text)))])
    assert finished(streamed) == finished(whole)
    # What was shown is never taken back, so no piece of a citation was shown.
    assert content("".join(deltas(streamed)), *citations(streamed)) == finished(whole)[0]
