"""How the items of a thread become what a model reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from agents import TResponseInputItem
from chatkit.agents import ThreadItemConverter
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    GeneratedImageItem,
    HiddenContextItem,
    ThreadItem,
    UserMessageItem,
    UserMessageTagContent,
    WidgetItem,
)
from openai.types.responses import (
    EasyInputMessageParam,
    ResponseInputContentParam,
)
from openai.types.responses.response_input_item_param import Message

from chatkit_backend.chat.agents import TOOL_RESULT_PREFIX
from chatkit_backend.chat.events.widgets import widget_in_words
from chatkit_backend.chat.files import file_words
from chatkit_backend.chat.files.attached_files import FilesOfTurn
from chatkit_backend.chat.own.tags import TagsOfTurn


class HistoryConverter(ThreadItemConverter):
    """The SDK's conversion of thread items, without its gaps, in one turn.

    Args:
        attachments: The files of the turn; None where models are told their names only.
        tags: What tags stand for; None tells the model what the page says of them.
    """

    def __init__(
        self, *, attachments: FilesOfTurn | None = None, tags: TagsOfTurn | None = None
    ) -> None:
        self._attachments = attachments
        self._tags = tags

    async def to_agent_input(
        self, thread_items: Sequence[ThreadItem] | ThreadItem
    ) -> list[TResponseInputItem]:
        """The items for the model, in their order, which is from the oldest to the newest.

        They are converted the other way round, because the newest files win. Where it is called
        several times in a turn, each time is for items that are older than those before.
        """
        items = thread_items if isinstance(thread_items, Sequence) else [thread_items]
        newest_first = [
            await super(HistoryConverter, self).to_agent_input([i]) for i in items[::-1]
        ]
        return [part for converted in newest_first[::-1] for part in converted]

    async def user_message_to_input(
        self,
        item: UserMessageItem,
        is_last_message: bool = True,
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The message with its quote and every tag.

        The SDK shows a quote for the thread's last item only, and of tags with the same text the
        first one.
        """
        if self._attachments is not None:
            self._attachments.begin(item)
        parts = await super().user_message_to_input(item, is_last_message=True)
        if isinstance(parts, list) and (more := _namesakes(item)):
            # What tags stand for is told last.
            told = cast("Message", parts[-1])["content"]
            told += [await self.tag_to_message_content(tag) for tag in more]
        return parts

    async def assistant_message_to_input(
        self, item: AssistantMessageItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The answer as plain text: both APIs take it.

        The SDK's list of `output_text` parts is refused for every chat-completions model
        ("Unknown content"), so no second message could be answered there.
        """
        text = "\n\n".join(part.text for part in item.content)
        return EasyInputMessageParam(type="message", role="assistant", content=text)

    async def hidden_context_to_input(
        self, item: HiddenContextItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The tool call and result that a hidden item of ours holds, or its content as text."""
        if item.id.startswith(f"{TOOL_RESULT_PREFIX}_"):
            return cast("list[TResponseInputItem]", json.loads(item.content))
        if isinstance(item.content, str):
            return await super().hidden_context_to_input(item)
        as_text = json.dumps(item.content, ensure_ascii=False, default=str)
        return await super().hidden_context_to_input(item.model_copy(update={"content": as_text}))

    async def widget_to_input(
        self, item: WidgetItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The widget in words. The SDK shows its JSON, however long that is."""
        return Message(type="message", role="user", content=[_text(widget_in_words(item))])

    async def attachment_to_message_content(
        self, attachment: Attachment
    ) -> ResponseInputContentParam:
        """The attachment as the models of the turn take it."""
        if self._attachments is None:
            return file_words.not_shown(attachment)
        return await self._attachments.part(attachment)

    async def generated_image_to_input(
        self, item: GeneratedImageItem
    ) -> TResponseInputItem | list[TResponseInputItem] | None:
        """The picture from its file, for models that see; the SDK would send its address.

        That leads to this server, where no provider can go.
        """
        if item.image is None:
            return None
        image = self._attachments and await self._attachments.generated(item.image.id)
        told = file_words.GENERATED if image else file_words.GENERATED_UNSEEN
        content = [_text(told), *([image] if image else [])]
        return Message(type="message", role="user", content=content)

    async def tag_to_message_content(self, tag: UserMessageTagContent) -> ResponseInputContentParam:
        """What the tag stands for; without a resolver, its text and data as the page sent them."""
        if self._tags is not None:
            return await self._tags.content(tag)
        data: dict[str, Any] = tag.data
        return _text(f"@{tag.text}: {json.dumps(data, ensure_ascii=False)}")


def _namesakes(message: UserMessageItem) -> list[UserMessageTagContent]:
    """The tags that have the text of an earlier one and stand for something else, each once."""
    tags = [part for part in message.content if isinstance(part, UserMessageTagContent)]
    each = {(tag.text, tag.id): tag for tag in reversed(tags)}
    first = {tag.text: tag.id for tag in reversed(tags)}
    return [tag for tag in reversed(each.values()) if first[tag.text] != tag.id]


def _text(text: str) -> ResponseInputContentParam:
    return file_words.in_words(text)
