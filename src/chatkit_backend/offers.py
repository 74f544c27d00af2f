"""What the settings let this server offer to a page."""

from __future__ import annotations

import importlib.metadata
from typing import Final

from chatkit_backend.api.page_config import (
    AttachmentOptions,
    ComposerOptions,
    DictationLimits,
    ItemActions,
    ModelOption,
    PageConfig,
    PageOptions,
    ServerFacts,
    StartPrompt,
    StartScreen,
    Switch,
    ToolOption,
    UploadLimits,
)
from chatkit_backend.files.sniffing import extensions
from chatkit_backend.models.credentials import DEMO
from chatkit_backend.providers import labels, model_names
from chatkit_backend.settings import Settings

DEMO_NOTICE: Final = (
    "No language model is connected: the demo model answers. "
    "Set OPENAI_API_KEY, GEMINI_API_KEY or ANTHROPIC_API_KEY, and restart the server."
)

# The web component wants one for each tool, and the settings have none.
_TOOL_ICON: Final = "sparkle"


def page_config(
    settings: Settings, *, takes_dictation: bool, runs_its_own_models: bool
) -> PageConfig:
    """What a page is told of a server with these settings.

    Args:
        settings: The settings.
        takes_dictation: Whether speech is written down, by CHATKIT_TRANSCRIPTION_MODEL or by the
            team's server.
        runs_its_own_models: Whether the team's server answers, so that CHATKIT_MODEL does not.
    """
    shows_the_demo = model_names(settings) == (DEMO,) and not runs_its_own_models
    options = PageOptions(
        composer=ComposerOptions(
            attachments=_attachments(settings),
            dictation=Switch(enabled=takes_dictation),
            models=_models(settings) or None,
            tools=_tools(settings) or None,
        ),
        history=Switch(enabled=True),
        thread_item_actions=ItemActions(feedback=True, retry=True),
        start_screen=_start_screen(settings),
        locale=settings.locale,
    )
    server = ServerFacts(
        version=importlib.metadata.version("chatkit-backend"),
        auth=settings.auth,
        development="dev" in settings.auth,
        max_body_bytes=settings.max_body_bytes,
        uploads=_upload_limits(settings),
        dictation=_dictation_limits(settings) if takes_dictation else None,
        notice=DEMO_NOTICE if shows_the_demo else None,
    )
    return PageConfig(options=options, server=server)


def _models(settings: Settings) -> tuple[ModelOption, ...]:
    usual = model_names(settings)[0]
    return tuple(
        ModelOption(id=name, label=label, default=True if name == usual else None)
        for name, label in labels(settings.models).items()
    )


def _tools(settings: Settings) -> tuple[ToolOption, ...]:
    return tuple(
        ToolOption(id=name, label=label, icon=_TOOL_ICON)
        for name, label in labels(settings.composer_tools).items()
    )


def _start_screen(settings: Settings) -> StartScreen | None:
    prompts = tuple(_start_prompt(entry) for entry in settings.starter_prompts)
    if settings.greeting is None and not prompts:
        return None
    return StartScreen(greeting=settings.greeting, prompts=prompts or None)


def _start_prompt(entry: str) -> StartPrompt:
    label, _, prompt = (part.strip() for part in entry.partition("="))
    return StartPrompt(label=label or prompt, prompt=prompt or label)


def _attachments(settings: Settings) -> AttachmentOptions:
    if settings.upload_max_files == 0:
        return AttachmentOptions(enabled=False)
    return AttachmentOptions(
        enabled=True,
        max_size=settings.upload_max_bytes,
        max_count=settings.upload_max_files,
        accept={media_type: extensions(media_type) for media_type in settings.upload_types},
    )


def _upload_limits(settings: Settings) -> UploadLimits | None:
    if settings.upload_max_files == 0:
        return None
    return UploadLimits(
        strategy="two_phase",
        max_bytes=settings.upload_max_bytes,
        max_files=settings.upload_max_files,
        types=settings.upload_types,
    )


def _dictation_limits(settings: Settings) -> DictationLimits:
    return DictationLimits(
        max_bytes=settings.transcription_max_bytes,
        max_seconds=settings.transcription_max_seconds,
    )
