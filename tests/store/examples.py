"""Threads, attachments, and an item of every type, filled in as far as the protocol allows."""

from __future__ import annotations

from datetime import UTC, datetime

from chatkit.types import (
    ActiveStatus,
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    CustomSummary,
    CustomTask,
    DurationSummary,
    EndOfTurnItem,
    EntitySource,
    FileAttachment,
    FileSource,
    FileTask,
    GeneratedImage,
    GeneratedImageItem,
    HiddenContextItem,
    ImageAttachment,
    ImageTask,
    InferenceOptions,
    LockedStatus,
    SDKHiddenContextItem,
    SearchTask,
    StructuredInputAnswer,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    Task,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    ToolChoice,
    URLSource,
    UserMessageItem,
    UserMessageTagContent,
    UserMessageTextContent,
    WidgetItem,
    Workflow,
    WorkflowItem,
)
from chatkit.widgets import DynamicWidgetRoot, WidgetRoot
from pydantic import TypeAdapter

from chatkit_backend.store.moments import Moment

NOON = Moment.of(datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC))
UNICODE = 'Grüße, 世界 👩🏽\u200d🚀 \u202eabc "\\ \n\t \x00 end'

_widget: TypeAdapter[WidgetRoot] = TypeAdapter(WidgetRoot)


def thread(thread_id: str = "thr_1", **fields: object) -> ThreadMetadata:
    return ThreadMetadata.model_validate({"id": thread_id, "created_at": NOON} | fields)


def message(item_id: str, text: str = "Hello", thread_id: str = "thr_1") -> AssistantMessageItem:
    return AssistantMessageItem(
        id=item_id,
        thread_id=thread_id,
        created_at=NOON,
        content=[AssistantMessageContent(text=text)],
    )


def user_message(item_id: str, *attachment_ids: str, thread_id: str = "thr_1") -> UserMessageItem:
    return UserMessageItem(
        id=item_id,
        thread_id=thread_id,
        created_at=NOON,
        content=[UserMessageTextContent(text="Hello")],
        attachments=[file_attachment(attachment_id, thread_id) for attachment_id in attachment_ids],
        inference_options=InferenceOptions(),
    )


def call(
    item_id: str, *, completed: bool = False, thread_id: str = "thr_1", output: object = None
) -> ClientToolCallItem:
    return ClientToolCallItem(
        id=item_id,
        thread_id=thread_id,
        created_at=NOON,
        status="completed" if completed else "pending",
        call_id=f"call_{item_id}",
        name="get_selection",
        arguments={"deep": {"list": [1, 2.5, None, True, {"ü": UNICODE}]}, "none": None},
        output=output,
    )


def workflow(item_id: str = "wf_1", *, done: bool = False) -> WorkflowItem:
    return WorkflowItem(
        id=item_id,
        thread_id="thr_1",
        created_at=NOON,
        workflow=Workflow(
            type="reasoning",
            tasks=[ThoughtTask(content="Hm.")],
            summary=DurationSummary(duration=3) if done else None,
        ),
    )


def file_attachment(attachment_id: str = "atc_1", thread_id: str | None = None) -> FileAttachment:
    return FileAttachment.model_validate(
        {
            "id": attachment_id,
            "name": UNICODE,
            "mime_type": "text/plain",
            "thread_id": thread_id,
            "metadata": {"sha256": "00ff", "pages": [1, None]},
        }
    )


def image_attachment(attachment_id: str = "atc_2") -> ImageAttachment:
    return ImageAttachment.model_validate(
        {
            "id": attachment_id,
            "name": "a.png",
            "mime_type": "image/png",
            "preview_url": "https://files.example.com/a.png",
        }
    )


SOURCES = [
    URLSource(title="T", url="https://example.com/?q=ü", attribution="A", timestamp="yesterday"),
    FileSource(title="F", filename="a.pdf", description="d", group="g"),
    EntitySource(
        title="E", id="e1", icon="user", label="L", interactive=True, data={"a": [None, {"b": 1}]}
    ),
]

TASKS: list[Task] = [
    CustomTask(title="c", icon="search", content="# md", status_indicator="loading"),
    SearchTask(title="s", title_query="q", queries=["a", "b"], sources=[SOURCES[0]]),
    ThoughtTask(title="t", content=UNICODE),
    FileTask(title="f", sources=[SOURCES[1]]),
    ImageTask(title="i", status_indicator="complete"),
]

STRICT_WIDGET = _widget.validate_python(
    {
        "type": "Card",
        "padding": 4,
        "status": {"text": "Sent", "icon": "check"},
        "confirm": {"label": "OK", "action": {"type": "ok", "payload": {"a": [1, {"b": 2}]}}},
        "children": [
            {"type": "Text", "value": UNICODE, "color": None, "streaming": False},
            {"type": "Row", "children": [{"type": "Badge", "label": "new", "color": "info"}]},
            {"type": "Input", "name": "n", "defaultValue": "x", "required": True},
        ],
    }
)

# What WidgetTemplate builds: the strict classes know neither `accent`, `glow` nor `Sparkline`.
TEMPLATE_WIDGET = DynamicWidgetRoot.model_validate(
    {
        "type": "Card",
        "accent": "red",
        "children": [
            {"type": "Text", "value": "a", "glow": {"radius": 3, "steps": [1, 2]}},
            {"type": "Sparkline", "points": [1, 2, 3], "children": [{"type": "Dot"}]},
        ],
    }
)


def one_of_each() -> list[ThreadItem]:
    """Items of every type, some types more than once."""

    def head(item_id: str) -> dict[str, object]:
        return {"id": item_id, "thread_id": "thr_1", "created_at": NOON}

    return [
        UserMessageItem(
            **head("user"),
            content=[
                UserMessageTextContent(text=UNICODE),
                UserMessageTagContent(
                    id="tag", text="@Ann", data={"n": None, "l": [[]]}, group="g", interactive=True
                ),
            ],
            attachments=[file_attachment(thread_id="thr_1"), image_attachment()],
            quoted_text="quoted",
            inference_options=InferenceOptions(tool_choice=ToolChoice(id="search"), model="m"),
        ),
        UserMessageItem(**head("bare"), content=[], inference_options=InferenceOptions()),
        AssistantMessageItem(
            **head("assistant"),
            content=[
                AssistantMessageContent(
                    text=UNICODE,
                    annotations=[Annotation(source=source, index=3) for source in SOURCES],
                )
            ],
        ),
        call("pending"),
        call("completed", completed=True, output={"rows": [None, {"x": 1e-9}], "big": 2**70}),
        WidgetItem(**head("strict"), widget=STRICT_WIDGET, copy_text="copy"),
        WidgetItem(**head("template"), widget=TEMPLATE_WIDGET),
        GeneratedImageItem(**head("image"), image=GeneratedImage(id="i", url="data:,x")),
        GeneratedImageItem(**head("no_image")),
        StructuredInputItem(
            **head("input"),
            status="answered",
            inputs=[
                StructuredInputMultipleChoice(
                    id="q1",
                    question="Which?",
                    options=[StructuredInputMultipleChoiceOption(value="a")],
                    multiple=True,
                    answer=StructuredInputAnswer(values=["a"]),
                ),
                StructuredInputFreeform(id="q2", question="Why?", description="d"),
            ],
        ),
        WorkflowItem(
            **head("workflow"),
            workflow=Workflow(
                type="custom",
                tasks=TASKS,
                summary=CustomSummary(title="s", icon="bolt"),
                expanded=True,
            ),
        ),
        *(TaskItem(**head(type(task).__name__), task=task) for task in TASKS),
        HiddenContextItem(**head("hidden"), content={"any": [1, None, UNICODE]}),
        SDKHiddenContextItem(**head("sdk_hidden"), content=UNICODE),
        EndOfTurnItem(**head("end")),
    ]


THREADS = [
    thread(),
    thread("thr_2", title=UNICODE, metadata={"a": {"b": [None, 1.5, UNICODE]}}),
    thread("thr_3", status=LockedStatus(reason="why"), allowed_image_domains=["example.com"]),
    thread("thr_4", status=ActiveStatus(), metadata={"previous_response_id": "resp_1"}),
]
