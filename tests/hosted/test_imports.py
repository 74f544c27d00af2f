"""What comes from the hosted API, as this server keeps it; and there and back again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    ClosedStatus,
    CustomSummary,
    CustomTask,
    FileAttachment,
    FileSource,
    ImageAttachment,
    InferenceOptions,
    LockedStatus,
    Task,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    ToolChoice,
    URLSource,
    UserMessageItem,
    UserMessageTextContent,
    WidgetItem,
    Workflow,
    WorkflowItem,
)
from hypothesis import given
from hypothesis import strategies as st
from openai.types.beta.chatkit import (
    ChatKitAttachment,
    ChatKitResponseOutputText,
    ChatKitThread,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadItemList,
    ChatKitThreadUserMessageItem,
    chatkit_response_output_text,
    chatkit_thread_user_message_item,
)
from openai.types.beta.chatkit.chatkit_thread_item_list import (
    Data,
    DataChatKitClientToolCall,
    DataChatKitTask,
    DataChatKitTaskGroup,
    DataChatKitTaskGroupTask,
)
from pydantic import AnyUrl

from chatkit_backend.context import RequestContext, User
from chatkit_backend.hosted.imports import Unmappable, item_of, thread_of
from chatkit_backend.hosted.items import hosted_item, hosted_thread
from chatkit_backend.store.all_threads import OwnedThread
from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import STRICT_WIDGET, TEMPLATE_WIDGET, one_of_each
from tests.store.examples import thread as example_thread

WHEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = int(WHEN.timestamp())
HEAD: dict[str, Any] = {"id": "cthi_1", "thread_id": "cthr_1", "created_at": WHEN}


def received(kind: str, **fields: Any) -> Data:
    """An item as the package hands it out: made from JSON without a look at it."""
    head = {**HEAD, "created_at": SECONDS, "object": "chatkit.thread_item"}
    body = {**head, "type": f"chatkit.{kind}", **fields}
    page = ChatKitThreadItemList.construct(data=[body], has_more=False, object="list")
    return page.data[0]


def received_thread(**fields: Any) -> ChatKitThread:
    body: dict[str, Any] = {
        "id": "cthr_1",
        "created_at": SECONDS,
        "object": "chatkit.thread",
        "status": {"type": "active"},
        "title": None,
        "user": "ada",
    }
    return ChatKitThread.construct(**(body | fields))


# Threads


def test_a_thread_keeps_its_id_time_and_title() -> None:
    expected = ThreadMetadata(id="cthr_1", created_at=WHEN, title="Hi")
    assert thread_of(received_thread(title="Hi")) == expected
    assert thread_of(received_thread()).title is None
    assert thread_of(received_thread()).created_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"type": "locked", "reason": "why"}, LockedStatus(reason="why")),
        ({"type": "closed", "reason": None}, ClosedStatus()),
        ({"type": "closed"}, ClosedStatus()),
    ],
)
def test_a_thread_keeps_its_status(
    status: dict[str, Any], expected: LockedStatus | ClosedStatus
) -> None:
    assert thread_of(received_thread(status=status)).status == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": {"type": "archived"}}, "status"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": 10**15}, "created_at"),
        ({"created_at": 10**30}, "created_at"),
        ({"title": {"text": "my words"}}, "title"),
        ({"id": None}, "id"),
    ],
)
def test_a_thread_of_another_shape_is_refused_with_the_field(
    fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unmappable, match=reason) as raised:
        thread_of(received_thread(**fields))
    assert raised.value.reason == str(raised.value)
    assert "my words" not in raised.value.reason


@pytest.mark.parametrize("kept", [example_thread(title="T"), example_thread("x")])
def test_a_thread_goes_there_and_back(kept: ThreadMetadata) -> None:
    back = thread_of(hosted_thread(OwnedThread(kept, "ada")))
    assert (back.id, back.title, back.status) == (kept.id, kept.title, kept.status)
    assert back.created_at == kept.created_at.replace(microsecond=0)


# Items


def test_a_message_of_the_user_keeps_texts_quote_attachments_and_options() -> None:
    item = received(
        "user_message",
        content=[
            {"type": "input_text", "text": "one"},
            {"type": "quoted_text", "text": "first"},
            {"type": "input_text", "text": "two"},
            {"type": "quoted_text", "text": "second"},
        ],
        attachments=[
            {"id": "f", "mime_type": "text/plain", "name": "f.txt", "type": "file"},
            {
                "id": "i",
                "mime_type": "image/png",
                "name": "i.png",
                "preview_url": "https://files.example/i.png?sig=1",
                "type": "image",
            },
        ],
        inference_options={"model": "m", "tool_choice": {"id": "t"}},
    )
    assert item_of(item) == UserMessageItem(
        **HEAD,
        content=[UserMessageTextContent(text="one"), UserMessageTextContent(text="two")],
        quoted_text="first\n\nsecond",
        attachments=[
            FileAttachment(id="f", mime_type="text/plain", name="f.txt", thread_id="cthr_1"),
            ImageAttachment(
                id="i",
                mime_type="image/png",
                name="i.png",
                preview_url=AnyUrl("https://files.example/i.png?sig=1"),
                thread_id="cthr_1",
            ),
        ],
        inference_options=InferenceOptions(model="m", tool_choice=ToolChoice(id="t")),
    )


@pytest.mark.parametrize("preview", [None, "", "not a url"])
def test_an_image_without_a_preview_is_a_file(preview: str | None) -> None:
    image = {"id": "i", "mime_type": "image/png", "name": "i", "type": "image"}
    item = received("user_message", content=[], attachments=[{**image, "preview_url": preview}])
    kept = item_of(item)
    assert isinstance(kept, UserMessageItem)
    assert kept.attachments == [
        FileAttachment(id="i", mime_type="image/png", name="i", thread_id="cthr_1")
    ]
    assert kept.inference_options == InferenceOptions()
    assert kept.quoted_text is None


def test_an_answer_keeps_its_texts_and_annotations() -> None:
    item = received(
        "assistant_message",
        content=[
            {
                "type": "output_text",
                "text": "See",
                "annotations": [
                    {"type": "file", "source": {"type": "file", "filename": "a.pdf"}},
                    {"type": "url", "source": {"type": "url", "url": "https://a.example"}},
                ],
            },
            {"type": "output_text", "text": "there", "annotations": []},
        ],
    )
    file = FileSource(title="a.pdf", filename="a.pdf")
    page = URLSource(title="https://a.example", url="https://a.example")
    assert item_of(item) == AssistantMessageItem(
        **HEAD,
        content=[
            AssistantMessageContent(
                text="See", annotations=[Annotation(source=file), Annotation(source=page)]
            ),
            AssistantMessageContent(text="there"),
        ],
    )


@pytest.mark.parametrize("widget", [STRICT_WIDGET, TEMPLATE_WIDGET])
def test_a_widget_is_read_as_the_store_reads_it(widget: Any) -> None:
    item = received("widget", widget=widget.model_dump_json(exclude_none=True))
    kept = item_of(item)
    assert isinstance(kept, WidgetItem)
    assert type(kept.widget) is type(widget)
    assert kept == WidgetItem(**HEAD, widget=widget)


@pytest.mark.parametrize(
    "widget",
    ["", "my words", "[]", "null", '"Card"', "{}", '{"type": "Hologram"}', '{"type": "Card", NaN}'],
)
def test_a_widget_that_no_class_can_read_is_refused(widget: str) -> None:
    with pytest.raises(Unmappable, match="widget") as raised:
        item_of(received("widget", widget=widget))
    assert "my words" not in raised.value.reason


CALL = {"call_id": "call_1", "name": "get", "arguments": '{"a": [1]}', "status": "completed"}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"b": null}', {"b": None}),
        ('"text"', "text"),
        ("null", None),
        (None, None),
        ("not JSON", "not JSON"),
        ("", ""),
        ("NaN", "NaN"),
    ],
)
def test_a_client_tool_call_keeps_its_arguments_and_output(
    output: str | None, expected: object
) -> None:
    assert item_of(received("client_tool_call", **CALL, output=output)) == ClientToolCallItem(
        **HEAD,
        status="completed",
        call_id="call_1",
        name="get",
        arguments={"a": [1]},
        output=expected,
    )


def test_a_client_tool_call_in_progress_is_completed_with_null() -> None:
    kept = item_of(received("client_tool_call", **{**CALL, "status": "in_progress"}))
    assert isinstance(kept, ClientToolCallItem)
    assert (kept.status, kept.output) == ("completed", None)


async def test_no_imported_call_waits_for_an_output() -> None:
    database = await Database.open("memory://")
    await database.migrate()
    store, ada = ThreadStore(database), RequestContext(user=User("ada"))
    await store.save_thread(thread_of(received_thread()), ada)
    call = item_of(received("client_tool_call", **{**CALL, "status": "in_progress"}))
    await store.add_thread_item("cthr_1", call, ada)
    assert not await store.answer_item("cthr_1", call, ada)
    assert await store.load_item("cthr_1", "cthi_1", ada) == call
    await database.close()


def test_a_client_tool_call_without_arguments_has_none() -> None:
    kept = item_of(received("client_tool_call", **{**CALL, "arguments": ""}))
    assert isinstance(kept, ClientToolCallItem)
    assert kept.arguments == {}


@pytest.mark.parametrize("arguments", ["[1]", "null", "my words", '{"a": NaN}'])
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    with pytest.raises(Unmappable, match="arguments") as raised:
        item_of(received("client_tool_call", **{**CALL, "arguments": arguments}))
    assert "my words" not in raised.value.reason


TASKS: list[tuple[str, str | None, str | None, Task]] = [
    ("custom", "h", "s", CustomTask(title="h", content="s")),
    ("custom", None, None, CustomTask()),
    ("thought", "h", "s", ThoughtTask(title="h", content="s")),
    ("thought", None, None, ThoughtTask(content="")),
]


@pytest.mark.parametrize(("kind", "heading", "summary", "task"), TASKS)
def test_a_task_keeps_its_texts(
    kind: str, heading: str | None, summary: str | None, task: Task
) -> None:
    item = received("task", task_type=kind, heading=heading, summary=summary)
    assert item_of(item) == TaskItem(**HEAD, task=task)


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (
            [("thought", None, "s1"), ("thought", "h2", "s2")],
            Workflow(
                type="reasoning",
                tasks=[ThoughtTask(content="s1"), ThoughtTask(title="h2", content="s2")],
                summary=CustomSummary(title="h2"),
            ),
        ),
        (
            [("thought", None, "s1"), ("custom", None, "long " * 50)],
            Workflow(
                type="custom",
                tasks=[ThoughtTask(content="s1"), CustomTask(content="long " * 50)],
                summary=CustomSummary(title=("long " * 20).strip()),
            ),
        ),
        (
            [("custom", None, None)],
            Workflow(type="custom", tasks=[CustomTask()]),
        ),
        ([], Workflow(type="custom", tasks=[])),
    ],
)
def test_a_group_of_tasks_is_a_finished_workflow_named_after_the_last(
    tasks: list[tuple[str, str | None, str | None]], expected: Workflow
) -> None:
    item = received(
        "task_group",
        tasks=[
            {"type": kind, "heading": heading, "summary": summary}
            for kind, heading, summary in tasks
        ],
    )
    assert item_of(item) == WorkflowItem(**HEAD, workflow=expected)


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        # The package makes a message of the user of what it does not know.
        ("hologram", {"secret": "my words"}, "hologram"),
        ("user_message", {"content": [], "attachments": None}, "attachments"),
        ("user_message", {"attachments": [], "content": [{"type": "audio"}]}, "content.0"),
        ("assistant_message", {"content": [{"type": "output_text", "text": 7}]}, "content.0"),
        ("task", {"task_type": "image"}, "task_type"),
        ("task_group", {"tasks": [{"type": "image"}]}, r"tasks\.0\.type"),
        ("widget", {}, "widget"),
        ("task", {"task_type": "custom", "created_at": 10**15}, "created_at"),
        ("task", {"task_type": "custom", "thread_id": None}, "thread_id"),
    ],
)
def test_an_item_of_another_shape_is_refused_with_the_field(
    kind: str, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Unmappable, match=reason) as raised:
        item_of(received(kind, **fields))
    assert "my words" not in raised.value.reason


def test_half_a_character_becomes_a_question_mark_and_can_be_stored() -> None:
    kept = item_of(received("task", task_type="custom", heading="cut \ud83d"))
    assert kept == TaskItem(**HEAD, task=CustomTask(title="cut ?"))
    assert kept.model_dump_json()


def test_fields_that_a_later_version_adds_are_no_hindrance() -> None:
    kept = item_of(received("task", task_type="custom", heading="h", colour="red"))
    assert kept == TaskItem(**HEAD, task=CustomTask(title="h"))


# There and back


def words(item: ThreadItem | Data) -> list[str]:
    """Every text that a person reads in an item which both sides have a form for."""
    match item:
        case UserMessageItem():
            return [*filter(None, [item.quoted_text]), *(part.text for part in item.content)]
        case AssistantMessageItem():
            return [part.text for part in item.content]
        case WidgetItem():
            return [item.widget.model_dump_json(exclude_none=True)]
        case ClientToolCallItem():
            return [item.call_id, item.name, json.dumps([item.arguments, item.output])]
        case _:
            return []


@pytest.mark.parametrize("item", one_of_each(), ids=lambda item: item.id)
def test_an_item_of_ours_goes_there_and_back_with_its_id_time_and_texts(item: ThreadItem) -> None:
    shape = hosted_item(item)
    if shape is None:
        return
    back = item_of(shape)
    assert (back.id, back.thread_id) == (item.id, item.thread_id)
    assert back.created_at == item.created_at.replace(microsecond=0)
    if words(item):
        assert words(back) == words(item)


@pytest.mark.parametrize("kind", [CustomTask, ThoughtTask])
def test_tasks_that_both_have_come_back_as_they_were(kind: type[CustomTask | ThoughtTask]) -> None:
    item = TaskItem(**HEAD, task=kind(title="t", content="c"))
    shape = hosted_item(item)
    assert shape is not None
    assert item_of(shape) == item


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SOME_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
HEADS = {
    "id": SOME_TEXT,
    "thread_id": SOME_TEXT,
    "created_at": st.integers(0, 4_000_000_000),
    "object": st.just("chatkit.thread_item"),
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def json_text(values: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return values.map(lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def shapes() -> st.SearchStrategy[Data]:
    """What the hosted API may hand out, in the one way in which we would say it."""
    kinds = st.sampled_from(["custom", "thought"])
    optional = st.none() | SOME_TEXT
    annotations = st.one_of(
        st.builds(
            chatkit_response_output_text.AnnotationFile,
            type=st.just("file"),
            source=st.builds(
                chatkit_response_output_text.AnnotationFileSource,
                type=st.just("file"),
                filename=TEXT,
            ),
        ),
        st.builds(
            chatkit_response_output_text.AnnotationURL,
            type=st.just("url"),
            source=st.builds(
                chatkit_response_output_text.AnnotationURLSource, type=st.just("url"), url=TEXT
            ),
        ),
    )
    quoted = st.builds(
        chatkit_thread_user_message_item.ContentQuotedText,
        type=st.just("quoted_text"),
        text=SOME_TEXT,
    )
    typed = st.builds(
        chatkit_thread_user_message_item.ContentInputText, type=st.just("input_text"), text=TEXT
    )
    attachments = st.builds(
        ChatKitAttachment,
        id=TEXT,
        mime_type=TEXT,
        name=TEXT,
        type=st.just("file"),
        preview_url=st.none(),
    ) | st.builds(
        ChatKitAttachment,
        id=TEXT,
        mime_type=TEXT,
        name=TEXT,
        type=st.just("image"),
        preview_url=st.just("https://files.example/a.png"),
    )
    options = st.builds(
        chatkit_thread_user_message_item.InferenceOptions,
        model=SOME_TEXT,
        tool_choice=st.none()
        | st.builds(chatkit_thread_user_message_item.InferenceOptionsToolChoice, id=TEXT),
    )
    return st.one_of(
        st.builds(
            ChatKitThreadUserMessageItem,
            **HEADS,
            type=st.just("chatkit.user_message"),
            attachments=st.lists(attachments, max_size=2),
            content=st.tuples(st.lists(quoted, max_size=1), st.lists(typed, max_size=2)).map(
                lambda both: [*both[0], *both[1]]
            ),
            inference_options=st.none() | options,
        ),
        st.builds(
            ChatKitThreadAssistantMessageItem,
            **HEADS,
            type=st.just("chatkit.assistant_message"),
            content=st.lists(
                st.builds(
                    ChatKitResponseOutputText,
                    type=st.just("output_text"),
                    text=TEXT,
                    annotations=st.lists(annotations, max_size=2),
                ),
                max_size=2,
            ),
        ),
        st.builds(
            DataChatKitClientToolCall,
            **HEADS,
            type=st.just("chatkit.client_tool_call"),
            arguments=json_text(st.dictionaries(TEXT, JSON, max_size=3)),
            call_id=TEXT,
            name=TEXT,
            output=json_text(JSON),
            status=st.just("completed"),
        ),
        st.builds(
            DataChatKitTask,
            **HEADS,
            type=st.just("chatkit.task"),
            heading=optional,
            summary=optional,
            task_type=kinds,
        ),
        st.builds(
            DataChatKitTaskGroup,
            **HEADS,
            type=st.just("chatkit.task_group"),
            tasks=st.lists(
                st.builds(DataChatKitTaskGroupTask, heading=optional, summary=optional, type=kinds),
                max_size=3,
            ),
        ),
    )


@given(shapes())
def test_an_item_of_the_hosted_api_comes_and_goes_again_unchanged(shape: Data) -> None:
    again = hosted_item(item_of(shape))
    assert again is not None
    ours, theirs = again.model_dump(), shape.model_dump()
    for name in ("arguments", "output"):  # JSON text, which may be spaced and escaped differently
        if name in theirs:
            ours[name], theirs[name] = json.loads(ours[name]), json.loads(theirs[name])
    assert ours == theirs
