"""What a page is told of this server, as JSON.

`options` has the names and shapes of the official web component's options, so that a page can
hand it on: https://openai.github.io/chatkit-js/api/openai/chatkit/type-aliases/chatkitoptions/
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    """A part of the document; what is None is left out of it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class StartPrompt(_Part):
    """A message that the start screen offers."""

    label: str
    prompt: str


class StartScreen(_Part):
    """What is shown before the first message."""

    greeting: str | None = None
    prompts: tuple[StartPrompt, ...] | None = None


class ModelOption(_Part):
    """A model that a user may choose."""

    id: str
    label: str
    default: bool | None = None


class ToolOption(_Part):
    """A tool that a user may ask for."""

    id: str
    label: str
    icon: str


class AttachmentOptions(_Part):
    """Which files may be attached.

    Attributes:
        enabled: Whether any may.
        max_size: Bytes of a file.
        max_count: Files of a message.
        accept: Extensions of each media type, such as `{"image/png": [".png"]}`; an empty list
            where none are known.
    """

    enabled: bool
    max_size: int | None = None
    max_count: int | None = None
    accept: dict[str, tuple[str, ...]] | None = None


class Switch(_Part):
    """Something that is on or off."""

    enabled: bool


class ComposerOptions(_Part):
    """What can be done where messages are written."""

    attachments: AttachmentOptions
    dictation: Switch
    models: tuple[ModelOption, ...] | None = None
    tools: tuple[ToolOption, ...] | None = None


class ItemActions(_Part):
    """What can be done with an answer."""

    feedback: bool
    retry: bool


class PageOptions(_Part):
    """Options of the web component."""

    composer: ComposerOptions
    history: Switch
    thread_item_actions: ItemActions
    start_screen: StartScreen | None = None
    locale: str | None = None


class UploadLimits(_Part):
    """How files are attached.

    Attributes:
        strategy: Of the option `api.uploadStrategy`.
        max_bytes: Of a file.
        max_files: Of a message.
        types: Media types, such as `image/png` or `text/*`.
    """

    strategy: str
    max_bytes: int
    max_files: int
    types: tuple[str, ...]


class DictationLimits(_Part):
    """How long a recording may be."""

    max_bytes: int
    max_seconds: int


class ServerFacts(_Part):
    """What a page may want to know besides.

    Attributes:
        version: Of this program.
        auth: The modes of `CHATKIT_AUTH`.
        development: Whether `?userId=` names the user, on the server's own machine.
        max_body_bytes: Largest request body, files aside.
        uploads: None where no files may be attached.
        dictation: None where nobody can dictate.
        notice: A sentence for whoever tries the server; None where a real model answers.
    """

    version: str
    auth: tuple[str, ...]
    development: bool
    max_body_bytes: int
    uploads: UploadLimits | None = None
    dictation: DictationLimits | None = None
    notice: str | None = None


class PageConfig(_Part):
    """What this server offers, the same for everybody: nothing of a user, and no secrets."""

    options: PageOptions
    server: ServerFacts

    def json_text(self) -> str:
        """The document, without what is not set."""
        return self.model_dump_json(by_alias=True, exclude_none=True)
