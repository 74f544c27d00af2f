"""What our threads and items look like to a server that calls the hosted API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from chatkit.types import (
    AssistantMessageItem,
    ClosedStatus,
    CustomTask,
    FileSource,
    FileTask,
    GeneratedImage,
    GeneratedImageItem,
    ImageTask,
    InferenceOptions,
    LockedStatus,
    SearchTask,
    StructuredInputAnswer,
    StructuredInputFreeform,
    StructuredInputItem,
    Task,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ToolChoice,
    URLSource,
    UserMessageItem,
    WorkflowItem,
)
from openai.types.beta.chatkit import ChatKitThread
from openai.types.beta.chatkit.chatkit_thread_item_list import Data
from pydantic import Field, TypeAdapter

from chatkit_backend.hosted.items import (
    deleted_thread,
    hosted_item,
    hosted_thread,
    item_list,
    thread_list,
)
from chatkit_backend.store.all_threads import ListingPage, OwnedThread
from tests.store.examples import NOON, UNICODE, call, message, one_of_each, thread

SECONDS = 1_795_435_200
SHAPES: TypeAdapter[Data] = TypeAdapter(Annotated[Data, Field(discriminator="type")])
EXAMPLES = {item.id: item for item in one_of_each()}
HIDDEN = {"hidden", "sdk_hidden", "end"}


def shown(item: ThreadItem) -> dict[str, Any]:
    """The item's JSON, without what every item begins with; that must be right."""
    shape = hosted_item(item)
    assert shape is not None
    answer: dict[str, Any] = json.loads(shape.model_dump_json())
    head = {name: answer.pop(name) for name in ("id", "thread_id", "created_at", "object")}
    assert head == {
        "id": item.id,
        "thread_id": "thr_1",
        "created_at": SECONDS,
        "object": "chatkit.thread_item",
    }
    return answer


# Threads


def test_a_thread_tells_its_owner_and_whole_seconds() -> None:
    owned = OwnedThread(thread(title="Hi", metadata={"secret": 1}), "ada")
    assert json.loads(hosted_thread(owned).model_dump_json()) == {
        "id": "thr_1",
        "created_at": SECONDS,
        "object": "chatkit.thread",
        "status": {"type": "active"},
        "title": "Hi",
        "user": "ada",
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (LockedStatus(reason="why"), {"type": "locked", "reason": "why"}),
        (LockedStatus(), {"type": "locked", "reason": None}),
        (ClosedStatus(reason="done"), {"type": "closed", "reason": "done"}),
    ],
)
def test_a_thread_tells_its_status(
    status: LockedStatus | ClosedStatus, expected: dict[str, Any]
) -> None:
    shape = hosted_thread(OwnedThread(thread(status=status), "ada"))
    assert shape.status.model_dump() == expected
    assert shape.title is None


@pytest.mark.parametrize(
    "created_at",
    [
        NOON,
        datetime(2026, 11, 23, 12, 0, 0, 999_999, tzinfo=UTC),
        datetime(2026, 11, 23, 7, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_a_time_is_the_second_that_it_lies_in_whatever_its_zone(created_at: datetime) -> None:
    assert hosted_thread(OwnedThread(thread(created_at=created_at), "a")).created_at == SECONDS


def test_a_page_of_threads_is_a_list_with_its_cursors() -> None:
    page = ListingPage([OwnedThread(thread(), "ada")], has_more=True, first_id="x", last_id="y")
    answer = json.loads(thread_list(page).model_dump_json())
    assert [one["user"] for one in answer.pop("data")] == ["ada"]
    assert answer == {"object": "list", "has_more": True, "first_id": "x", "last_id": "y"}


def test_a_deleted_thread_is_confirmed() -> None:
    confirmed = {"id": "thr_1", "deleted": True, "object": "chatkit.thread.deleted"}
    assert deleted_thread("thr_1").model_dump() == confirmed


# Items


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - HIDDEN))
def test_every_type_of_item_has_a_shape_that_the_package_reads(name: str) -> None:
    shape = hosted_item(EXAMPLES[name])
    assert shape is not None
    read = SHAPES.validate_json(shape.model_dump_json())
    assert read == shape
    assert read.model_extra == {}


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_what_no_client_sees_has_no_shape(name: str) -> None:
    assert hosted_item(EXAMPLES[name]) is None


def test_a_page_of_items_is_a_list_with_its_cursors_and_without_what_no_client_sees() -> None:
    items = [message("a"), EXAMPLES["hidden"], message("b")]
    page: ListingPage[ThreadItem] = ListingPage(items, has_more=False, first_id="x", last_id="y")
    answer = json.loads(item_list(page).model_dump_json())
    assert [item["id"] for item in answer.pop("data")] == ["a", "b"]
    assert answer == {"object": "list", "has_more": False, "first_id": "x", "last_id": "y"}


def test_a_message_of_the_user_has_its_quote_its_tags_as_text_and_its_attachments() -> None:
    assert shown(EXAMPLES["user"]) == {
        "type": "chatkit.user_message",
        "content": [
            {"type": "quoted_text", "text": "quoted"},
            {"type": "input_text", "text": UNICODE},
            {"type": "input_text", "text": "@Ann"},
        ],
        "attachments": [
            {
                "id": "atc_1",
                "type": "file",
                "name": UNICODE,
                "mime_type": "text/plain",
                "preview_url": None,
            },
            {
                "id": "atc_2",
                "type": "image",
                "name": "a.png",
                "mime_type": "image/png",
                "preview_url": "https://files.example.com/a.png",
            },
        ],
        "inference_options": {"model": "m", "tool_choice": {"id": "search"}},
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (InferenceOptions(), None),
        (InferenceOptions(model="m"), {"model": "m", "tool_choice": None}),
        (
            InferenceOptions(tool_choice=ToolChoice(id="t")),
            {"model": None, "tool_choice": {"id": "t"}},
        ),
    ],
)
def test_inference_options_are_null_when_none_is_set(
    options: InferenceOptions, expected: dict[str, Any] | None
) -> None:
    item = UserMessageItem(
        id="u", thread_id="thr_1", created_at=NOON, content=[], inference_options=options
    )
    assert shown(item)["inference_options"] == expected


def test_an_answer_has_its_files_and_pages_but_no_entities() -> None:
    assert shown(EXAMPLES["assistant"]) == {
        "type": "chatkit.assistant_message",
        "content": [
            {
                "type": "output_text",
                "text": UNICODE,
                "annotations": [
                    {"type": "url", "source": {"type": "url", "url": "https://example.com/?q=ü"}},
                    {"type": "file", "source": {"type": "file", "filename": "a.pdf"}},
                ],
            }
        ],
    }


@pytest.mark.parametrize("name", ["strict", "template"])
def test_a_widget_is_json_text_as_clients_get_it(name: str) -> None:
    item = EXAMPLES[name]
    on_the_wire = json.loads(item.model_dump_json(by_alias=True, exclude_none=True))["widget"]
    shape = shown(item)
    assert json.loads(shape.pop("widget")) == on_the_wire
    assert shape == {"type": "chatkit.widget"}


def test_a_completed_client_tool_call_has_its_arguments_and_output_as_json_text() -> None:
    item = call(
        "c", completed=True, output={"rows": [None, 1.5], "ü": "👩🏽\u200d🚀", "big": 2**70}
    )
    shape = shown(item)
    assert json.loads(shape.pop("arguments")) == item.arguments
    assert json.loads(shape.pop("output")) == item.output
    assert shape == {
        "type": "chatkit.client_tool_call",
        "status": "completed",
        "call_id": "call_c",
        "name": "get_selection",
    }


@pytest.mark.parametrize(
    ("item", "status", "output"),
    [
        (call("c"), "in_progress", None),
        (call("c", completed=True, output=None), "completed", "null"),
        (call("c", completed=True, output="text"), "completed", '"text"'),
        (call("c", completed=True, output=float("nan")), "completed", "null"),
    ],
)
def test_a_client_tool_call_in_progress_has_no_output_and_a_completed_one_has(
    item: ThreadItem, status: str, output: str | None
) -> None:
    shape = shown(item)
    assert (shape["status"], shape["output"]) == (status, output)


TASKS: list[tuple[Task, tuple[str, str | None, str | None]]] = [
    (CustomTask(title="t", content="# md"), ("custom", "t", "# md")),
    (CustomTask(), ("custom", None, None)),
    (ThoughtTask(title="t", content="hm"), ("thought", "t", "hm")),
    (ThoughtTask(content=""), ("thought", None, None)),
    (
        SearchTask(
            title_query="q",
            queries=["a", "b"],
            sources=[
                URLSource(title="T", url="https://t.example"),
                URLSource(title="https://u.example", url="https://u.example"),
                URLSource(title="", url="https://v.example"),
            ],
        ),
        (
            "custom",
            "q",
            "a\nb\nT (https://t.example)\nhttps://u.example\nhttps://v.example",
        ),
    ),
    (SearchTask(title="t", title_query="q"), ("custom", "t", None)),
    (
        FileTask(
            title="t",
            sources=[
                FileSource(title="F", filename="f.pdf"),
                FileSource(title="g.pdf", filename="g.pdf"),
            ],
        ),
        ("custom", "t", "F (f.pdf)\ng.pdf"),
    ),
    (ImageTask(title="t"), ("custom", "t", None)),
]


@pytest.mark.parametrize(("task", "expected"), TASKS)
def test_a_task_is_a_custom_one_or_a_thought(
    task: Task, expected: tuple[str, str | None, str | None]
) -> None:
    kind, heading, summary = expected
    assert shown(TaskItem(id="t", thread_id="thr_1", created_at=NOON, task=task)) == {
        "type": "chatkit.task",
        "task_type": kind,
        "heading": heading,
        "summary": summary,
    }


def test_a_workflow_is_a_group_of_its_tasks() -> None:
    item = EXAMPLES["workflow"]
    assert isinstance(item, WorkflowItem)
    item = item.model_copy(deep=True)
    item.workflow.tasks = [task for task, _ in TASKS]
    assert shown(item) == {
        "type": "chatkit.task_group",
        "tasks": [
            {"type": kind, "heading": heading, "summary": summary}
            for _, (kind, heading, summary) in TASKS
        ],
    }


def test_a_structured_input_is_a_group_of_its_questions_with_their_answers() -> None:
    answers = [
        None,
        StructuredInputAnswer(values=["a", "b"]),
        StructuredInputAnswer(values=[], skipped=True),
    ]
    item = StructuredInputItem(
        id="i",
        thread_id="thr_1",
        created_at=NOON,
        inputs=[
            StructuredInputFreeform(id=f"q{number}", question=f"Q{number}?", answer=answer)
            for number, answer in enumerate(answers)
        ],
    )
    assert shown(item) == {
        "type": "chatkit.task_group",
        "tasks": [
            {"type": "custom", "heading": "Q0?", "summary": None},
            {"type": "custom", "heading": "Q1?", "summary": "a, b"},
            {"type": "custom", "heading": "Q2?", "summary": None},
        ],
    }


def texts(item: ThreadItem) -> list[str]:
    shape = shown(item)
    assert shape["type"] == "chatkit.assistant_message"
    return [part["text"] for part in shape["content"]]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://x.example/a.png?b=c&d", "![Generated image](https://x.example/a.png?b=c&d)"),
        ("https://x.example/a (1).png", "![Generated image](https://x.example/a%20%281%29.png)"),
        ("https://x.example/%20ü", "![Generated image](https://x.example/%20%C3%BC)"),
        ("data:image/png;base64,AAAA", "An image was generated."),
        (" DATA:image/png;base64,AAAA", "An image was generated."),
    ],
)
def test_a_generated_image_is_a_markdown_image_but_never_the_image_itself(
    url: str, text: str
) -> None:
    image = GeneratedImage(id="i", url=url)
    item = GeneratedImageItem(id="g", thread_id="thr_1", created_at=NOON, image=image)
    assert texts(item) == [text]


def test_an_image_that_is_not_there_yet_is_an_answer_without_text() -> None:
    assert texts(EXAMPLES["no_image"]) == []


def test_an_answer_of_several_parts_keeps_them_apart() -> None:
    item = message("a", "one")
    assert isinstance(item, AssistantMessageItem)
    item.content.append(item.content[0].model_copy(update={"text": "two"}))
    assert texts(item) == ["one", "two"]


def test_the_shapes_are_those_of_the_package() -> None:
    assert type(hosted_thread(OwnedThread(thread(), "a"))) is ChatKitThread
    modules = {type(hosted_item(EXAMPLES[name])).__module__ for name in EXAMPLES.keys() - HIDDEN}
    assert all(module.startswith("openai.types.beta.chatkit") for module in modules)
