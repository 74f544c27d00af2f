"""Settings: named once, read from the environment and `.env`, refused with a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatkit_backend.auth import keys
from chatkit_backend.errors import SettingsError
from chatkit_backend.retrieval.access import CollectionAccess, Rule
from chatkit_backend.settings import (
    GROUPS,
    PLATFORM_NAMES,
    PUBLIC_KEY_ALGORITHMS,
    SHARED_SECRET_ALGORITHMS,
    Settings,
    load_settings,
    setting_name,
    unknown_settings,
)

Env = pytest.MonkeyPatch


def problems(**overrides: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load_settings(**overrides)
    return raised.value.problems


def test_every_setting_says_what_it_means() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert setting_name(name).isupper()


def test_every_group_begins_with_a_setting_that_exists() -> None:
    assert set(GROUPS.values()) <= set(Settings.model_fields)
    assert next(iter(GROUPS.values())) == next(iter(Settings.model_fields))


def test_without_any_variable_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "sqlite:///chatkit.db"
    assert settings.model == ()
    assert settings.host == "127.0.0.1"


def test_the_environment_wins_over_the_file(monkeypatch: Env, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CHATKIT_PORT=1111\nCHATKIT_MODEL=demo\n")
    monkeypatch.setenv("CHATKIT_PORT", "2222")
    settings = load_settings()
    assert (settings.port, settings.model) == (2222, ("demo",))


def test_an_empty_value_counts_as_not_set(monkeypatch: Env) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("CHATKIT_PORT", "")
    settings = load_settings()
    assert settings.openai_api_key is None
    assert settings.port == 8000


def test_lists_are_separated_by_commas(monkeypatch: Env) -> None:
    monkeypatch.setenv("CHATKIT_MODEL", "openai/a, gemini/b ,")
    assert load_settings().model == ("openai/a", "gemini/b")


def test_hosting_platforms_may_set_the_port(monkeypatch: Env) -> None:
    monkeypatch.setenv("PORT", "5000")
    assert load_settings().port == 5000
    monkeypatch.setenv("CHATKIT_PORT", "6000")
    assert load_settings().port == 6000


@pytest.mark.parametrize(("field", "platform"), PLATFORM_NAMES.items())
def test_our_own_name_wins_over_that_of_the_platform_wherever_it_is_written(
    monkeypatch: Env, tmp_path: Path, field: str, platform: str
) -> None:
    values = {"database_url": ("sqlite:///a.db", "sqlite:///b.db")}.get(field, ("3", "4"))

    def found() -> str:
        value = getattr(load_settings(), field)
        return str(value.get_secret_value() if field == "database_url" else value)

    (tmp_path / ".env").write_text(f"{platform}={values[0]}\n")
    assert found() == values[0]
    monkeypatch.setenv(platform, values[1])
    assert found() == values[1]
    (tmp_path / ".env").write_text(f"{setting_name(field)}={values[0]}\n")
    assert found() == values[0]
    monkeypatch.setenv(setting_name(field), values[1])
    assert found() == values[1]


def test_the_database_and_its_password_are_not_shown_by_accident() -> None:
    settings = load_settings(database_url="postgresql://ada:pass-word@host/db")
    assert "pass-word" not in f"{settings!r} {settings.model_dump()}"


def test_a_database_that_cannot_be_used_is_refused_without_its_password() -> None:
    (problem,) = problems(database_url="mysql://ada:pass-word@host/db")
    assert problem.startswith("CHATKIT_DATABASE_URL: must be")
    assert "pass-word" not in problem


def test_several_workers_need_a_database_that_they_share() -> None:
    (problem,) = problems(workers=2, database_url="memory://")
    assert problem.startswith("CHATKIT_WORKERS: ")
    assert load_settings(workers=1, database_url="memory://").workers == 1
    assert load_settings(workers=2, database_url="sqlite:///chat.db").workers == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHATKIT_DATABASE_POOL_SIZE", "0"),
        ("CHATKIT_DATABASE_TIMEOUT", "0"),
        ("CHATKIT_RETENTION_DAYS", "0"),
        ("CHATKIT_WORKERS", "0"),
        ("CHATKIT_PORT", "eighty"),
        ("CHATKIT_PORT", "70000"),
        ("CHATKIT_AUTH", "none"),
        ("CHATKIT_AUTH", "dev,dev"),
        ("CHATKIT_AUTH", ","),
        ("CHATKIT_AUTH_COOKIE", "auth token"),
        ("CHATKIT_JWKS_URL", "id.example.com/jwks.json"),
        ("CHATKIT_JWT_ALGORITHMS", "none"),
        ("CHATKIT_JWT_ALGORITHMS", "RS256,HS256"),
        ("CHATKIT_WORKFLOWS", "wf_abc"),
        ("CHATKIT_WORKFLOWS", "wf_abc=my_app.agents"),
        ("CHATKIT_WORKFLOWS", "wf_abc=a:b,wf_abc=a:c"),
        ("CHATKIT_SESSION_TTL", "0"),
        ("CHATKIT_SESSION_REFRESH_GRACE", "1000000000000"),
        ("CHATKIT_SESSION_MAX_AGE", "1000000000000"),
        ("CHATKIT_TURNS_PER_MINUTE", "0"),
        ("CHATKIT_REDIS_URL", "localhost:6379"),
        ("CHATKIT_HISTORY_ITEMS", "0"),
        ("CHATKIT_DATABASE_URL", "mysql://localhost/chat"),
        ("CHATKIT_CORS_ORIGINS", "app.example.com"),
        ("CHATKIT_CORS_ORIGINS", "https://app.example.com/chat"),
        # Browsers never send these, so the page would be refused without a reason to be seen.
        ("CHATKIT_CORS_ORIGINS", "https://app.example.com:443"),
        ("CHATKIT_CORS_ORIGINS", "http://app.example.com:80"),
        ("CHATKIT_CORS_ORIGINS", "https://App.Example.com"),
        ("CHATKIT_CORS_ORIGINS", "https://*.example.com"),
        ("CHATKIT_CORS_ORIGINS", "https://ada@app.example.com"),
        ("CHATKIT_CORS_ORIGINS", "https://bücher.example"),
        ("CHATKIT_CORS_ORIGINS", "https://"),
        ("CHATKIT_CORS_ORIGINS", "https://app.example.com:port"),
        ("OLLAMA_BASE_URL", "localhost:11434"),
        ("CHATKIT_RETRIEVAL", "yes"),
        ("CHATKIT_RETRIEVAL_LIMIT", "0"),
        ("CHATKIT_RETRIEVAL_LIMIT", "51"),
        ("CHATKIT_RETRIEVAL_THRESHOLD", "2"),
        ("CHATKIT_RETRIEVAL_THRESHOLD", "-0.1"),
        ("CHATKIT_RETRIEVAL_THRESHOLD", "nan"),
        ("CHATKIT_COLLECTION_ACCESS", "hr"),
        ("CHATKIT_COLLECTION_ACCESS", "hr=department"),
        ("CHATKIT_COLLECTION_ACCESS", "department:hr"),
        ("CHATKIT_COLLECTION_ACCESS", "=department:hr"),
        ("CHATKIT_COLLECTION_ACCESS", "hr=:hr"),
        ("CHATKIT_COLLECTION_ACCESS", "hr=department:"),
        ("CHATKIT_COLLECTION_ACCESS", "hr=department: "),
        # One wrong entry must not leave its collection open to all.
        ("CHATKIT_COLLECTION_ACCESS", "hr=department:hr,pay=role"),
        ("CHATKIT_EMBEDDING_DIMENSIONS", "0"),
        ("CHATKIT_EMBEDDING_DIMENSIONS", "4001"),
        ("CHATKIT_EMBEDDING_MIDPOINT", "0"),
        ("CHATKIT_EMBEDDING_MIDPOINT", "1"),
        ("CHATKIT_EMBEDDING_MIDPOINT", "nan"),
        ("CHATKIT_INGEST_MAX_BYTES", "999"),
        ("CHATKIT_INGEST_MAX_BYTES", "50 MB"),
        ("CHATKIT_DEBUG", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_its_name(
    monkeypatch: Env, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = problems()
    assert problem.startswith(f"{name}: ")


def test_a_claim_that_opens_a_collection_may_be_named_by_an_address(monkeypatch: Env) -> None:
    value = "hr=department:hr, pay = https://example.com/groups:pay team ,hr=role:admin"
    monkeypatch.setenv("CHATKIT_COLLECTION_ACCESS", value)
    opened = CollectionAccess.parsed(load_settings().collection_access).rules
    assert opened == {
        "hr": (Rule("department", "hr"), Rule("role", "admin")),
        "pay": (Rule("https://example.com/groups", "pay team"),),
    }


def test_answers_use_documents_where_the_settings_say_so(monkeypatch: Env) -> None:
    assert load_settings().retrieval is None
    monkeypatch.setenv("CHATKIT_RETRIEVAL", "tool")
    monkeypatch.setenv("CHATKIT_RETRIEVAL_COLLECTIONS", "docs, help")
    monkeypatch.setenv("CHATKIT_RETRIEVAL_THRESHOLD", "0")
    settings = load_settings()
    assert settings.retrieval == "tool"
    assert settings.retrieval_collections == ("docs", "help")
    assert settings.retrieval_threshold == 0


def test_modes_are_tried_in_the_order_in_which_they_are_named(monkeypatch: Env) -> None:
    monkeypatch.setenv("CHATKIT_AUTH", "bearer, session")
    monkeypatch.setenv("CHATKIT_JWKS_URL", "https://id.example.com/jwks.json")
    assert load_settings().auth == ("bearer", "session")


JWKS_URL = "https://id.example.com/jwks.json"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"auth": "cookie"}, "CHATKIT_AUTH: cookie needs one key to verify JWTs with, and 0"),
        (
            {"auth": "bearer", "jwks_url": JWKS_URL, "jwt_public_key": "key.pem"},
            "CHATKIT_AUTH: bearer needs one key to verify JWTs with, and 2",
        ),
        # An HMAC must be asked for by name.
        (
            {"auth": "cookie", "jwt_secret": "x" * 32},
            "CHATKIT_JWT_ALGORITHMS: RS256, ES256, EdDSA cannot be used with a shared secret",
        ),
        (
            {"auth": "cookie", "jwks_url": JWKS_URL, "jwt_algorithms": "HS256"},
            "CHATKIT_JWT_ALGORITHMS: HS256 cannot be used with a public key",
        ),
        ({"sessions": "openai"}, "CHATKIT_SESSIONS: 'openai' needs OPENAI_API_KEY"),
        (
            {"sessions": "openai", "openai_api_key": "sk-test"},
            "CHATKIT_SESSIONS: 'openai' needs OPENAI_API_KEY and CHATKIT_WORKFLOW_ID",
        ),
        (
            {
                "sessions": "openai",
                "openai_api_key": "sk-test",
                "workflow_id": "wf_1",
                "auth": "session",
            },
            "CHATKIT_SESSIONS: 'openai' hands sessions to users who are signed in",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_told(values: dict[str, str], problem: str) -> None:
    (told,) = problems(**values)
    assert told.startswith(problem)


def test_a_secret_that_no_mode_uses_stops_nothing() -> None:
    assert load_settings(auth="session", jwt_secret="x").jwt_secret is not None


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://xn--bcher-kva.example"])
def test_an_origin_that_browsers_send_is_taken(origin: str) -> None:
    assert load_settings(cors_origins=origin).cors_origins == (origin,)


def test_a_shared_secret_works_when_its_algorithm_is_stated() -> None:
    settings = load_settings(auth="cookie", jwt_secret="x" * 32, jwt_algorithms="HS256")
    assert settings.jwt_algorithms == ("HS256",)


def test_secrets_of_the_sign_in_are_not_shown_by_accident() -> None:
    settings = load_settings(
        auth="cookie",
        jwt_secret="shared-secret-shared-secret-shared",
        jwt_algorithms="HS256",
        redis_url="redis://:pass-word@host/0",
    )
    shown = f"{settings!r} {settings.model_dump()}"
    assert "shared-secret" not in shown
    assert "pass-word" not in shown


def test_all_problems_are_told_at_once(monkeypatch: Env) -> None:
    monkeypatch.setenv("CHATKIT_PORT", "eighty")
    monkeypatch.setenv("CHATKIT_LOG_LEVEL", "loud")
    assert len(problems()) == 2


def test_a_problem_with_an_option_is_told_with_the_settings_name() -> None:
    (problem,) = problems(port=-1)
    assert problem.startswith("CHATKIT_PORT: ")


def test_an_address_that_may_hold_a_password_is_not_repeated(monkeypatch: Env) -> None:
    monkeypatch.setenv("CHATKIT_DATABASE_URL", "mysql://ada:hunter2@localhost/chat")
    monkeypatch.setenv("OPENAI_BASE_URL", "ftp://ada:hunter2@localhost")
    assert "hunter2" not in "".join(problems())


def test_a_secret_shows_neither_in_repr_nor_in_errors(monkeypatch: Env) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    assert "very-secret" not in repr(load_settings())
    monkeypatch.setenv("CHATKIT_PORT", "eighty")
    assert "very-secret" not in "".join(problems())


def test_every_origin_with_cookies_is_refused(monkeypatch: Env) -> None:
    monkeypatch.setenv("CHATKIT_CORS_ORIGINS", "*")
    (problem,) = problems()
    assert "CHATKIT_CORS_CREDENTIALS=false" in problem
    monkeypatch.setenv("CHATKIT_CORS_CREDENTIALS", "false")
    assert load_settings().cors_origins == ("*",)


def test_tracing_needs_the_key_it_sends_with(monkeypatch: Env) -> None:
    monkeypatch.setenv("CHATKIT_TRACING", "openai")
    (problem,) = problems()
    assert "OPENAI_API_KEY" in problem


def test_a_mistyped_name_is_noticed(monkeypatch: Env) -> None:
    monkeypatch.setenv("CHATKIT_DATABSE_URL", "sqlite:///x.db")
    monkeypatch.setenv("CHATKIT_PORT", "1")
    assert unknown_settings() == ["CHATKIT_DATABSE_URL"]


def test_the_settings_and_the_keys_know_the_same_algorithms() -> None:
    # Two lists, because neither room may read the other.
    assert set(keys.PUBLIC_KEY_ALGORITHMS) == PUBLIC_KEY_ALGORITHMS
    secret = keys.VerificationKey(b"x" * 64)
    known = PUBLIC_KEY_ALGORITHMS | SHARED_SECRET_ALGORITHMS
    fitting = {name for name in known if secret.fits(name)}
    assert fitting == SHARED_SECRET_ALGORITHMS
