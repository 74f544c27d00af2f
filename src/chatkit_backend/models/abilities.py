"""What a model can be shown besides text: pictures, and PDFs as they are.

No API tells it, so it is known by the name. Where nothing is known, the answer is no: a model that
is sent a picture it does not take answers with an error, and the message gets no answer at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be sent to a model.

    Attributes:
        sees: Pictures, as image input.
        reads_pdf: PDFs, as file input. The others are given the text in them.
    """

    sees: bool = False
    reads_pdf: bool = False


# https://developers.openai.com/api/docs/guides/file-inputs: models that see take PDFs, too. These
# do not see; of `gpt-4` only the first ones, under that very name or with a date.
_BLIND_OPENAI: Final = re.compile(
    r"gpt-3|gpt-4(-\d{4}.*|-32k.*|-0.*)?$|gpt-oss|o1-mini|o1-preview|o3-mini|davinci|babbage"
    r"|.*-audio|.*-realtime|.*-search"
)
_BLIND_ANTHROPIC: Final = re.compile(r"claude-(2|instant)")
_BLIND_GEMINI: Final = re.compile(r"gemma-3-(1b|270m)|gemma-[12]\b")

# Families of open models that see, as Ollama's library and Hugging Face name them.
_SEEING_NAMES: Final = re.compile(
    r"vision|multimodal|(?:^|[-_.\d])vlm?(?:\b|[-_.\d])|llava|moondream|minicpm-?[vo]|pixtral"
    r"|gemma-?[34](?!n|.*\b(?:1b|270m)\b)|llama-?4|mistral-small-?3\.[12]|mistral-medium-?3"
    r"|ministral-3|internvl|molmo|cogvlm|glm-4(?:\.\d)?v|-ocr\b"
)
# Hosted models behind a gateway: OpenRouter calls one `openai/gpt-4o`.
_SEEING_HOSTED: Final = re.compile(r"gpt-4o|gpt-4\.1|gpt-[5-9]|o[34](?:-|$)|gemini-|claude-")


def abilities(names: Sequence[str]) -> Abilities:
    """What can be sent to every one of these models; the least able decides.

    Args:
        names: The models of a turn as `provider/model` or `demo`, fallbacks included. None at all
            can be sent nothing but text.
    """
    each = [_abilities(name.strip()) for name in names] or [Abilities()]
    return Abilities(
        sees=all(one.sees for one in each), reads_pdf=all(one.reads_pdf for one in each)
    )


def _abilities(name: str) -> Abilities:
    provider, _, model = name.lower().partition("/")
    match provider:
        case "openai":
            sees = not _BLIND_OPENAI.match(model.removeprefix("ft:"))
            return Abilities(sees, reads_pdf=sees)
        case "gemini":
            # Its OpenAI-compatible endpoint documents pictures and audio, and no files.
            return Abilities(not _BLIND_GEMINI.match(model))
        case "anthropic":
            # Its OpenAI-compatible endpoint has no PDFs; only its own API does.
            return Abilities(not _BLIND_ANTHROPIC.match(model))
        case "ollama":
            return Abilities(_is_seeing_family(model))
        case "openai-compatible":
            return Abilities(_is_seeing_family(model) or _is_seeing_hosted(model))
        case _:
            return Abilities()


def _is_seeing_family(model: str) -> bool:
    return bool(_SEEING_NAMES.search(model.rpartition("/")[2]))


def _is_seeing_hosted(model: str) -> bool:
    last = model.rpartition("/")[2]
    blind = _BLIND_OPENAI.match(last) or _BLIND_ANTHROPIC.match(last)
    return bool(_SEEING_HOSTED.match(last)) and not blind
