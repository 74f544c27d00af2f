"""Threads and items of OpenAI-hosted ChatKit as this server keeps them.

Ids, times and texts stay as they are. What the `openai` package hands out it has not checked: a
kind of item that it does not know comes as one that it does, with fields missing. So everything is
checked here first, and what cannot be kept as it is meant is refused, with a reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypedDict, TypeVar, assert_never

from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    CustomSummary,
    CustomTask,
    FileAttachment,
    FileSource,
    ImageAttachment,
    InferenceOptions,
    Task,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    ToolChoice,
    URLSource,
    UserMessageItem,
    UserMessageTextContent,
    Workflow,
    WorkflowItem,
)
from openai.types.beta.chatkit import (
    ChatKitAttachment,
    ChatKitResponseOutputText,
    ChatKitThread,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadUserMessageItem,
    ChatKitWidgetItem,
    chatkit_response_output_text,
)
from openai.types.beta.chatkit.chatkit_thread_item_list import (
    Data,
    DataChatKitClientToolCall,
    DataChatKitTask,
    DataChatKitTaskGroup,
)
from pydantic import AnyUrl, BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from chatkit_backend.context import clean_text
from chatkit_backend.errors import ChatKitBackendError
from chatkit_backend.store import documents

_Shape = TypeVar("_Shape")

_ITEM: Final[TypeAdapter[Data]] = TypeAdapter(Annotated[Data, Field(discriminator="type")])
_THREAD: Final = TypeAdapter(ChatKitThread)

# One line above the folded tasks.
_MAX_SUMMARY: Final = 100


class Unmappable(ChatKitBackendError):
    """This server has no way to keep it.

    Args:
        reason: A sentence for whoever imports; it holds nothing of what users wrote.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Head(TypedDict):
    """What every item begins with."""

    id: str
    thread_id: str
    created_at: datetime


def thread_of(hosted: ChatKitThread) -> ThreadMetadata:
    """The thread, without its items.

    Raises:
        Unmappable: It has an unknown status, or a field of the wrong type.
    """
    thread = _checked(_THREAD, hosted)
    return ThreadMetadata.model_validate(
        {
            "id": thread.id,
            "created_at": _moment(thread.created_at),
            "status": thread.status.model_dump(include={"type", "reason"}),
            "title": thread.title,
        }
    )


def item_of(hosted: Data) -> ThreadItem:
    """The item.

    Raises:
        Unmappable: It is of an unknown type, has a field of the wrong type, or holds JSON that
            cannot be read.
    """
    item = _checked(_ITEM, hosted)
    head = _Head(id=item.id, thread_id=item.thread_id, created_at=_moment(item.created_at))
    match item:
        case ChatKitThreadUserMessageItem():
            return _user_message(item, head)
        case ChatKitThreadAssistantMessageItem():
            return AssistantMessageItem(**head, content=[_text(part) for part in item.content])
        case ChatKitWidgetItem():
            return _widget(item, head)
        case DataChatKitClientToolCall():
            return _client_tool_call(item, head)
        case DataChatKitTask():
            return TaskItem(**head, task=_task(item.task_type, item.heading, item.summary))
        case DataChatKitTaskGroup():
            return WorkflowItem(**head, workflow=_workflow(item))
        case _:
            assert_never(item)


def _checked(shape: TypeAdapter[_Shape], hosted: BaseModel) -> _Shape:
    as_json = json.dumps(hosted.model_dump(warnings=False), ensure_ascii=False)
    try:
        # Half of a surrogate pair, in which a cut text may end, cannot be stored: it becomes "?".
        return shape.validate_json(as_json.encode(errors="replace"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "union_tag_invalid":
            # pydantic would name every type that there is.
            where = f"{field}.type" if field else "type"
            raise Unmappable(f"{where}: {first['ctx']['tag']!r} is unknown here.") from None
        raise Unmappable(f"{field}: {first['msg']}." if field else f"{first['msg']}.") from None


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Unmappable(f"created_at: {seconds} is no time of this calendar.") from None


# Messages


def _user_message(item: ChatKitThreadUserMessageItem, head: _Head) -> UserMessageItem:
    quoted = [part.text for part in item.content if part.type == "quoted_text"]
    chosen = item.inference_options
    tool = chosen and chosen.tool_choice
    return UserMessageItem(
        **head,
        content=[
            UserMessageTextContent(text=part.text)
            for part in item.content
            if part.type == "input_text"
        ],
        attachments=[_attachment(attachment, item.thread_id) for attachment in item.attachments],
        quoted_text="\n\n".join(quoted) or None,
        inference_options=InferenceOptions(
            model=chosen.model if chosen else None, tool_choice=tool and ToolChoice(id=tool.id)
        ),
    )


def _attachment(attachment: ChatKitAttachment, thread_id: str) -> Attachment:
    preview = _url(attachment.preview_url) if attachment.type == "image" else None
    if preview is None:
        # An image that cannot be shown: the protocol has no image without a preview.
        return FileAttachment(
            id=attachment.id,
            name=attachment.name,
            mime_type=attachment.mime_type,
            thread_id=thread_id,
        )
    return ImageAttachment(
        id=attachment.id,
        name=attachment.name,
        mime_type=attachment.mime_type,
        thread_id=thread_id,
        preview_url=preview,
    )


def _url(text: str | None) -> AnyUrl | None:
    """The URL; None for what is none."""
    try:
        return AnyUrl(text) if text else None
    except ValidationError:
        return None


def _text(part: ChatKitResponseOutputText) -> AssistantMessageContent:
    return AssistantMessageContent(
        text=part.text, annotations=[_annotation(annotation) for annotation in part.annotations]
    )


def _annotation(annotation: chatkit_response_output_text.Annotation) -> Annotation:
    # A source needs a title, and the hosted API tells none.
    match annotation:
        case chatkit_response_output_text.AnnotationFile(source=source):
            file = FileSource(title=source.filename, filename=source.filename)
            return Annotation(source=file)
        case chatkit_response_output_text.AnnotationURL(source=source):
            return Annotation(source=URLSource(title=source.url, url=source.url))
        case _:
            assert_never(annotation)


# What is shown beside messages


def _widget(item: ChatKitWidgetItem, head: _Head) -> ThreadItem:
    try:
        shown = _json(item.widget)
    except ValueError:
        raise Unmappable("widget: it is not JSON.") from None
    # The store's own reading: what it could not give back must not be stored.
    document = to_json({**head, "type": "widget", "widget": shown}).decode()
    widget = documents.read_item(document, head["created_at"])
    if widget is None:
        raise Unmappable("widget: its JSON is of no kind of widget that this server knows.")
    return widget


def _client_tool_call(item: DataChatKitClientToolCall, head: _Head) -> ClientToolCallItem:
    """The call, completed in any case.

    The page that would have answered one in progress belongs to the hosted server, so no answer
    will come. Kept as pending, the call would take whatever output comes twice for another one, the
    SDK would delete it with the next output, and the model would never read of it. Completed with
    null it is a call that has a result, as providers demand.
    """
    try:
        arguments = _json(item.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise Unmappable("arguments: they are no JSON object.")
    return ClientToolCallItem(
        **head,
        status="completed",
        call_id=item.call_id,
        name=item.name,
        arguments=arguments,
        output=_output(item.output),
    )


def _output(output: str | None) -> Any:
    """What the tool gave; text that is not JSON, as servers of old may have kept it, stays text."""
    try:
        return None if output is None else _json(output)
    except ValueError:
        return output


def _workflow(group: DataChatKitTaskGroup) -> Workflow:
    tasks = [_task(task.type, task.heading, task.summary) for task in group.tasks]
    thinking = tasks and all(isinstance(task, ThoughtTask) for task in tasks)
    return Workflow(
        type="reasoning" if thinking else "custom", tasks=tasks, summary=_summary(tasks)
    )


def _summary(tasks: Sequence[Task]) -> CustomSummary | None:
    """The last thing that was done: a workflow without a summary is shown as still going on."""
    last = tasks[-1] if tasks else None
    if not isinstance(last, CustomTask | ThoughtTask):
        return None
    title = clean_text(last.title or last.content or "", _MAX_SUMMARY)
    return CustomSummary(title=title) if title else None


def _task(kind: Literal["custom", "thought"], heading: str | None, summary: str | None) -> Task:
    if kind == "thought":
        return ThoughtTask(title=heading, content=summary or "")
    return CustomTask(title=heading, content=summary)


def _json(text: str) -> Any:
    return from_json(text, allow_inf_nan=False)
