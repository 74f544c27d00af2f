"""What a page is told, for each of the settings behind it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_backend.chat.files.uploads import UploadLimits
from chatkit_backend.offers import DEMO_NOTICE, page_config
from chatkit_backend.settings import Settings


def told(**values: Any) -> dict[str, Any]:
    """The document of a server with these settings and no others."""
    own_models = bool(values.pop("own_models", False))
    settings = Settings(_env_file=None, **({"openai_api_key": "sk-secret"} | values))
    config = page_config(
        settings,
        takes_dictation=settings.transcription_model is not None,
        runs_its_own_models=own_models,
    )
    document: dict[str, Any] = json.loads(config.json_text())
    return document


def test_a_server_with_default_settings() -> None:
    document = told()
    options = document["options"]
    assert set(options) == {"composer", "history", "threadItemActions"}
    assert set(options["composer"]) == {"attachments", "dictation"}
    assert options["composer"]["dictation"] == {"enabled": False}
    assert options["history"] == {"enabled": True}
    assert options["threadItemActions"] == {"feedback": True, "retry": True}
    server = document["server"]
    assert set(server) == {"version", "auth", "development", "maxBodyBytes", "uploads"}
    assert server["auth"] == ["session", "dev"]
    assert server["development"] is True
    assert server["maxBodyBytes"] == 1_048_576


def test_the_start_screen() -> None:
    prompts = ("Prices=What does it cost?", "How do I begin?")
    assert told(greeting="Welcome", starter_prompts=prompts)["options"]["startScreen"] == {
        "greeting": "Welcome",
        "prompts": [
            {"label": "Prices", "prompt": "What does it cost?"},
            {"label": "How do I begin?", "prompt": "How do I begin?"},
        ],
    }
    assert told(greeting="Welcome")["options"]["startScreen"] == {"greeting": "Welcome"}


@pytest.mark.parametrize("entry", ["Prices=", "=Prices", " Prices = Prices "])
def test_half_a_starter_prompt_is_both_label_and_message(entry: str) -> None:
    options = told(starter_prompts=(entry,))["options"]
    assert options["startScreen"]["prompts"] == [{"label": "Prices", "prompt": "Prices"}]


def test_the_locale() -> None:
    assert told(locale="pt-BR")["options"]["locale"] == "pt-BR"


def test_models_and_which_of_them_answers_anyway() -> None:
    models = ("openai/a=Quick", "openai/b = Thorough")
    composer = told(model=("openai/b",), models=models)["options"]["composer"]
    assert composer["models"] == [
        {"id": "openai/a", "label": "Quick"},
        {"id": "openai/b", "label": "Thorough", "default": True},
    ]


def test_tools() -> None:
    composer = told(composer_tools=("search=Search the web",))["options"]["composer"]
    assert composer["tools"] == [{"id": "search", "label": "Search the web", "icon": "sparkle"}]


def test_attachments() -> None:
    document = told(
        upload_max_bytes=1000,
        upload_max_files=3,
        upload_types=("image/png", "text/*", "application/x-unheard-of"),
    )
    attachments = document["options"]["composer"]["attachments"]
    accept = attachments.pop("accept")
    assert attachments == {"enabled": True, "maxSize": 1000, "maxCount": 3}
    assert accept["image/png"] == [".png"]
    assert {".txt", ".md", ".csv"} <= set(accept["text/*"])
    assert ".png" not in accept["text/*"]
    assert accept["application/x-unheard-of"] == []
    assert document["server"]["uploads"] == {
        "strategy": "two_phase",
        "maxBytes": 1000,
        "maxFiles": 3,
        "types": ["image/png", "text/*", "application/x-unheard-of"],
    }


def test_every_type_that_is_taken_by_default_has_extensions() -> None:
    assert all(told()["options"]["composer"]["attachments"]["accept"].values())


def test_the_extensions_are_those_by_which_a_file_is_known() -> None:
    kinds = ("application/*", "image/*", "text/*", "application/yaml")
    accepted = told(upload_types=kinds)["options"]["composer"]["attachments"]["accept"]
    assert accepted["application/yaml"] == [".yaml", ".yml"]
    assert {".docx", ".toml"} <= set(accepted["application/*"])
    for kind in ("application", "image", "text"):
        for extension in accepted[f"{kind}/*"]:
            limits = UploadLimits((f"{kind}/*",), 1, 1)
            assert limits.type_of("", f"a{extension}", "mime_type").startswith(kind)


def test_a_server_that_takes_no_files() -> None:
    document = told(upload_max_files=0)
    assert document["options"]["composer"]["attachments"] == {"enabled": False}
    assert "uploads" not in document["server"]


def test_dictation() -> None:
    document = told(
        transcription_model="openai/whisper-1",
        transcription_max_bytes=5_000,
        transcription_max_seconds=60,
    )
    assert document["options"]["composer"]["dictation"] == {"enabled": True}
    assert document["server"]["dictation"] == {"maxBytes": 5_000, "maxSeconds": 60}


def test_the_demo_model_is_named_as_such() -> None:
    assert told(openai_api_key=None)["server"]["notice"] == DEMO_NOTICE
    assert "notice" not in told(model=("openai/a", "demo"))["server"]
    assert "notice" not in told(openai_api_key=None, own_models=True)["server"]


def test_production_is_no_development() -> None:
    secret: dict[str, Any] = {"jwt_secret": "x" * 32, "jwt_algorithms": ("HS256",)}
    server = told(auth=("session", "cookie"), **secret)["server"]
    assert (server["auth"], server["development"]) == (["session", "cookie"], False)


def test_nothing_secret_is_in_it() -> None:
    secrets: dict[str, Any] = {
        "openai_api_key": "sk-secret-1",
        "gemini_api_key": "secret-2",
        "secret_key": "secret-3" * 8,
        "redis_url": "redis://:secret-4@host/0",
        "database_url": "postgresql://u:secret-5@host/db",
        "openai_compatible_base_url": "https://u:secret-6@host/v1",
        "instructions": "secret-7",
        "files_url": "s3://secret-8/",
    }
    assert "secret" not in json.dumps(told(**secrets))
