"""Threads and items in the shapes of OpenAI-hosted ChatKit.

The shapes are the classes of the `openai` package (`openai.types.beta.chatkit`), so that one with a
missing or wrong field is a type error here, and no surprise in somebody's server. Their times are
whole seconds since 1970.

The hosted API knows fewer kinds of items, and less of each: what has no place there is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal, TypedDict, assert_never
from urllib.parse import quote

from chatkit.types import (
    ActiveStatus,
    Annotation,
    AssistantMessageItem,
    Attachment,
    ClientToolCallItem,
    ClosedStatus,
    CustomTask,
    EndOfTurnItem,
    EntitySource,
    FileSource,
    FileTask,
    GeneratedImageItem,
    HiddenContextItem,
    ImageAttachment,
    ImageTask,
    InferenceOptions,
    LockedStatus,
    SDKHiddenContextItem,
    SearchTask,
    StructuredInput,
    StructuredInputItem,
    Task,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadStatus,
    URLSource,
    UserMessageItem,
    WidgetItem,
    WorkflowItem,
)
from openai.types.beta.chatkit import (
    ChatKitAttachment,
    ChatKitResponseOutputText,
    ChatKitThread,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadItemList,
    ChatKitThreadUserMessageItem,
    ChatKitWidgetItem,
    ThreadDeleteResponse,
    chatkit_response_output_text,
    chatkit_thread,
    chatkit_thread_user_message_item,
)
from openai.types.beta.chatkit.chatkit_thread_item_list import (
    Data,
    DataChatKitClientToolCall,
    DataChatKitTask,
    DataChatKitTaskGroup,
    DataChatKitTaskGroupTask,
)
from pydantic import BaseModel
from pydantic_core import to_json

from chatkit_backend.store.addresses import is_placeholder
from chatkit_backend.store.all_threads import ListingPage, OwnedThread

# All that RFC 3986 allows in a URL, but the parentheses that would end it in markdown.
_KEPT_IN_URL: Final = "%/:?#[]@!$&'*+,;=~"


class HostedThreadList(BaseModel):
    """A page of threads; the `openai` package has no class for it, only for its parts."""

    data: list[ChatKitThread]
    first_id: str | None
    has_more: bool
    last_id: str | None
    object: Literal["list"] = "list"


class _Head(TypedDict):
    """What every item begins with."""

    id: str
    thread_id: str
    created_at: int
    object: Literal["chatkit.thread_item"]


def thread_list(page: ListingPage[OwnedThread]) -> HostedThreadList:
    """A page of threads."""
    return HostedThreadList(
        data=[hosted_thread(owned) for owned in page.data],
        first_id=page.first_id,
        has_more=page.has_more,
        last_id=page.last_id,
    )


def item_list(page: ListingPage[ThreadItem]) -> ChatKitThreadItemList:
    """A page of items, without those that no client gets to see."""
    shown = (hosted_item(item) for item in page.data)
    return ChatKitThreadItemList(
        data=[item for item in shown if item is not None],
        first_id=page.first_id,
        has_more=page.has_more,
        last_id=page.last_id,
        object="list",
    )


def deleted_thread(thread_id: str) -> ThreadDeleteResponse:
    """What confirms that a thread was deleted."""
    return ThreadDeleteResponse(id=thread_id, deleted=True, object="chatkit.thread.deleted")


def hosted_thread(owned: OwnedThread) -> ChatKitThread:
    """A thread, without its items. Its metadata has no place there."""
    return ChatKitThread(
        id=owned.thread.id,
        created_at=_seconds(owned.thread.created_at),
        object="chatkit.thread",
        status=_status(owned.thread.status),
        title=owned.thread.title,
        user=owned.owner_id,
    )


def _status(status: ThreadStatus) -> chatkit_thread.Status:
    match status:
        case ActiveStatus():
            return chatkit_thread.StatusActive(type="active")
        case LockedStatus():
            return chatkit_thread.StatusLocked(type="locked", reason=status.reason)
        case ClosedStatus():
            return chatkit_thread.StatusClosed(type="closed", reason=status.reason)
        case _:
            assert_never(status)


def hosted_item(item: ThreadItem) -> Data | None:
    """An item; None for one that no client gets to see."""
    match item:
        case UserMessageItem():
            return _user_message(item)
        case AssistantMessageItem() | GeneratedImageItem():
            return _assistant_message(item)
        case WidgetItem():
            return _widget(item)
        case ClientToolCallItem():
            return _client_tool_call(item)
        case TaskItem() | WorkflowItem() | StructuredInputItem():
            return _progress(item)
        case HiddenContextItem() | SDKHiddenContextItem() | EndOfTurnItem():
            return None
        case _:
            assert_never(item)


def _head(item: ThreadItem) -> _Head:
    return _Head(
        id=item.id,
        thread_id=item.thread_id,
        created_at=_seconds(item.created_at),
        object="chatkit.thread_item",
    )


# Messages


def _user_message(item: UserMessageItem) -> ChatKitThreadUserMessageItem:
    quoted = [item.quoted_text] if item.quoted_text else []
    return ChatKitThreadUserMessageItem(
        **_head(item),
        type="chatkit.user_message",
        attachments=[_attachment(attachment) for attachment in item.attachments],
        content=[
            *(
                chatkit_thread_user_message_item.ContentQuotedText(type="quoted_text", text=text)
                for text in quoted
            ),
            # A tag is shown as its text.
            *(
                chatkit_thread_user_message_item.ContentInputText(type="input_text", text=part.text)
                for part in item.content
            ),
        ],
        inference_options=_inference_options(item.inference_options),
    )


def _attachment(attachment: Attachment) -> ChatKitAttachment:
    preview = str(attachment.preview_url) if isinstance(attachment, ImageAttachment) else None
    return ChatKitAttachment(
        id=attachment.id,
        mime_type=attachment.mime_type,
        name=attachment.name,
        preview_url=None if preview is None or is_placeholder(preview) else preview,
        type=attachment.type,
    )


def _inference_options(
    options: InferenceOptions,
) -> chatkit_thread_user_message_item.InferenceOptions | None:
    chosen = options.tool_choice
    if chosen is None and options.model is None:
        return None
    return chatkit_thread_user_message_item.InferenceOptions(
        model=options.model,
        tool_choice=chosen
        and chatkit_thread_user_message_item.InferenceOptionsToolChoice(id=chosen.id),
    )


def _assistant_message(
    item: AssistantMessageItem | GeneratedImageItem,
) -> ChatKitThreadAssistantMessageItem:
    content = (
        _image(item)
        if isinstance(item, GeneratedImageItem)
        else [_text(part.text, part.annotations) for part in item.content]
    )
    return ChatKitThreadAssistantMessageItem(
        **_head(item), type="chatkit.assistant_message", content=content
    )


def _image(item: GeneratedImageItem) -> list[ChatKitResponseOutputText]:
    """The image as markdown; nothing where it is not there yet.

    A data URL holds the image itself: megabytes that nobody expects in a text. A placeholder leads
    nowhere.
    """
    if item.image is None:
        return []
    if item.image.url.lstrip()[:5].lower() == "data:" or is_placeholder(item.image.url):
        return [_text("An image was generated.")]
    return [_text(f"![Generated image]({quote(item.image.url, safe=_KEPT_IN_URL)})")]


def _text(text: str, annotations: Iterable[Annotation] = ()) -> ChatKitResponseOutputText:
    shown = (_annotation(annotation) for annotation in annotations)
    return ChatKitResponseOutputText(
        type="output_text",
        text=text,
        annotations=[annotation for annotation in shown if annotation is not None],
    )


def _annotation(annotation: Annotation) -> chatkit_response_output_text.Annotation | None:
    match annotation.source:
        case FileSource(filename=name):
            file = chatkit_response_output_text.AnnotationFileSource(type="file", filename=name)
            return chatkit_response_output_text.AnnotationFile(type="file", source=file)
        case URLSource(url=url):
            page = chatkit_response_output_text.AnnotationURLSource(type="url", url=url)
            return chatkit_response_output_text.AnnotationURL(type="url", source=page)
        case EntitySource():
            return None
        case _:
            assert_never(annotation.source)


# What is shown beside messages


def _widget(item: WidgetItem) -> ChatKitWidgetItem:
    # As the SDK's server puts it on the wire.
    shown = item.widget.model_dump_json(by_alias=True, exclude_none=True)
    return ChatKitWidgetItem(**_head(item), type="chatkit.widget", widget=shown)


def _client_tool_call(item: ClientToolCallItem) -> DataChatKitClientToolCall:
    completed = item.status == "completed"
    return DataChatKitClientToolCall(
        **_head(item),
        type="chatkit.client_tool_call",
        arguments=_json(item.arguments),
        call_id=item.call_id,
        name=item.name,
        output=_json(item.output) if completed else None,
        status="completed" if completed else "in_progress",
    )


def _progress(
    item: TaskItem | WorkflowItem | StructuredInputItem,
) -> DataChatKitTask | DataChatKitTaskGroup:
    if isinstance(item, TaskItem):
        task = _task(item.task)
        return DataChatKitTask(
            **_head(item),
            type="chatkit.task",
            heading=task.heading,
            summary=task.summary,
            task_type=task.type,
        )
    tasks = (
        [_task(task) for task in item.workflow.tasks]
        if isinstance(item, WorkflowItem)
        else [_question(question) for question in item.inputs]
    )
    return DataChatKitTaskGroup(**_head(item), type="chatkit.task_group", tasks=tasks)


def _task(task: Task) -> DataChatKitTaskGroupTask:
    match task:
        case CustomTask():
            return _custom(task.title, task.content)
        case ThoughtTask():
            return DataChatKitTaskGroupTask(
                type="thought", heading=task.title, summary=task.content or None
            )
        case SearchTask():
            pages = (_named(source.title, source.url) for source in task.sources)
            return _custom(task.title or task.title_query, "\n".join([*task.queries, *pages]))
        case FileTask():
            files = (_named(source.title, source.filename) for source in task.sources)
            return _custom(task.title, "\n".join(files))
        case ImageTask():
            return _custom(task.title, None)
        case _:
            assert_never(task)


def _question(question: StructuredInput) -> DataChatKitTaskGroupTask:
    answer = question.answer
    return _custom(question.question, ", ".join(answer.values) if answer else None)


def _custom(heading: str | None, summary: str | None) -> DataChatKitTaskGroupTask:
    return DataChatKitTaskGroupTask(type="custom", heading=heading, summary=summary or None)


def _named(title: str, address: str) -> str:
    return f"{title} ({address})" if title and title != address else address


def _json(value: Any) -> str:
    # JSON has no word for what is no number.
    return to_json(value, inf_nan_mode="null").decode()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
