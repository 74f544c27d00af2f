"""What can be sent to a model, by its name."""

from __future__ import annotations

import pytest

from chatkit_backend.models.abilities import Abilities, abilities
from chatkit_backend.models.credentials import (
    DEFAULT_ANTHROPIC_MODEL,
    DEFAULT_GEMINI_MODEL,
    DEFAULT_OPENAI_MODEL,
)


@pytest.mark.parametrize(
    "name",
    [
        DEFAULT_OPENAI_MODEL,
        "openai/gpt-4o-mini",
        "openai/gpt-4-turbo",
        "openai/gpt-4.1",
        "openai/gpt-5.4-mini",
        "openai/o3",
        "openai/o4-mini",
        "openai/ft:gpt-4o-2024-08-06:team::id",
    ],
)
def test_openai_sees_and_reads_pdfs(name: str) -> None:
    assert abilities([name]) == Abilities(sees=True, reads_pdf=True)


@pytest.mark.parametrize(
    "name",
    [
        DEFAULT_GEMINI_MODEL,
        "gemini/gemma-3-27b-it",
        DEFAULT_ANTHROPIC_MODEL,
        "anthropic/claude-3-haiku-20240307",
        "ollama/llava",
        "ollama/llava:13b",
        "ollama/somebody/llava-phi3",
        "ollama/llama3.2-vision:11b",
        "ollama/gemma3:12b",
        "ollama/gemma3",
        "ollama/qwen2.5vl:7b",
        "ollama/qwen3-vl",
        "ollama/minicpm-v",
        "ollama/llama4:scout",
        "ollama/mistral-small3.2",
        "ollama/moondream",
        "openai-compatible/Qwen/Qwen2.5-VL-7B-Instruct",
        "openai-compatible/meta-llama/Llama-3.2-90B-Vision-Instruct",
        "openai-compatible/mistralai/Pixtral-12B-2409",
        "openai-compatible/OpenGVLab/InternVL3-8B",
        "openai-compatible/zai-org/GLM-4.5V",
        "openai-compatible/microsoft/Phi-4-multimodal-instruct",
        "openai-compatible/openai/gpt-4o",
        "openai-compatible/google/gemini-2.5-flash",
        "openai-compatible/anthropic/claude-sonnet-4.5",
    ],
)
def test_others_that_see_are_given_the_text_of_pdfs(name: str) -> None:
    assert abilities([name]) == Abilities(sees=True, reads_pdf=False)


@pytest.mark.parametrize(
    "name",
    [
        "demo",
        "openai/gpt-3.5-turbo",
        "openai/gpt-4",
        "openai/gpt-4-0613",
        "openai/gpt-4-32k",
        "openai/o1-mini",
        "openai/o3-mini-2025-01-31",
        "openai/gpt-4o-audio-preview",
        "openai/ft:gpt-3.5-turbo:team::id",
        "gemini/gemma-3-1b-it",
        "anthropic/claude-2.1",
        "ollama/qwen3:8b",
        "ollama/llama3.2",
        "ollama/gemma3:1b",
        "ollama/gemma3n:e4b",
        "ollama/gpt-oss:20b",
        "ollama/mistral",
        "openai-compatible/meta-llama/Llama-3.3-70B",
        "openai-compatible/scripted",
        "openai-compatible/openai/gpt-3.5-turbo",
        "openai-compatible/deepseek-v3.1",
        "somebody/knows-what",
    ],
)
def test_nothing_but_text_is_sent_to_models_that_are_blind_or_unknown(name: str) -> None:
    assert abilities([name]) == Abilities(sees=False, reads_pdf=False)


def test_the_least_able_model_of_a_chain_decides() -> None:
    assert abilities(["openai/gpt-6-luna", "gemini/gemini-3.5-flash-lite"]) == Abilities(
        sees=True, reads_pdf=False
    )
    assert abilities(["openai/gpt-6-luna", "demo"]) == Abilities()


def test_where_no_model_is_named_nothing_is_known() -> None:
    assert abilities([]) == Abilities()
