"""Secrets out of text for the log, and little else."""

from __future__ import annotations

import pytest

from chatkit_backend.models.redaction import REDACTED, redact
from chatkit_backend.store.tokens import API_KEY, CLIENT_SECRET, new_token


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcDEF123_456-789",
        "sk-ant-api03-abcDEF123_456",
        "sk-or-v1-0123456789abcdef",
        "sk-abc***********wxyz",
        "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",
        "AQ.Ab8RN6KabcDEF123",
        "gsk_abcDEF123456",
        "hf_abcDEF123456",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature",
        "0123456789abcdef0123456789abcdef",
        "aB3" * 20,
    ],
)
def test_anything_shaped_like_a_key_is_taken_out(secret: str) -> None:
    redacted = redact(f"The key {secret} is wrong; the key '{secret}'.")
    assert secret not in redacted
    assert redacted.count(REDACTED) == 2
    assert redacted.startswith("The key ")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2hunter2",
        "api_key=hunter2hunter2&model=x",
        '{"x-api-key": "hunter2hunter2"}',
        "Incorrect API key provided: hunter2hunter2.",
        "https://user:hunter2hunter2@host/v1",
        "password = 'hunter2hunter2'",
    ],
)
def test_what_is_called_a_secret_is_taken_out(text: str) -> None:
    assert "hunter2" not in redact(text)


def test_the_key_that_was_used_is_taken_out_whatever_its_shape() -> None:
    assert redact("No such key: open sesame!", "open sesame") == f"No such key: {REDACTED}!"


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit reached for gpt-6-luna on requests per min: Limit 3, Used 3.",
        "model 'meta-llama/Llama-3.3-70B-Instruct-fp8-throughput' not found",
        "This model's maximum context length is 128000 tokens, you sent 130000 tokens.",
        "The task-queue is full; ask-me later. request req_scripted",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text) == text
    assert redact(text, "e") == text


def test_secrets_of_our_own_are_taken_out_whatever_they_are_made_of() -> None:
    for prefix in (CLIENT_SECRET, API_KEY):
        for _ in range(200):
            secret = new_token(prefix)
            assert secret[8:] not in redact(f"refused {secret}, again")
