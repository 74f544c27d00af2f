"""What users are told of failures, and what the log is told; over real HTTP, for both APIs."""

from __future__ import annotations

import socket

import httpx2
import pytest
from agents import Model, function_tool
from agents.exceptions import ModelTimeoutError, UserError

from chatkit_backend.errors import ModelError
from chatkit_backend.models import failures
from chatkit_backend.models.credentials import CallLimits, Credentials
from chatkit_backend.models.failures import Kind, detail, translate
from chatkit_backend.models.registry import open_model
from tests.models.asking import OpenModel, ask
from tests.provider import (
    CutAfter,
    EndsWithoutFinish,
    ErrorEvent,
    Failure,
    Hang,
    Refusal,
    ScriptedProvider,
    SlowFirstByte,
    Step,
    Text,
    ToolCalls,
)

KEY = "sk-proj-abcdefghijklmnopqrstuvwx0123456789"
GOOGLE_KEY = "AIzaSyA-abcdefghijklmnopqrstuvwxyz012345"


def gemini(status: int, message: str, state: str, **more: object) -> Failure:
    """An error as Gemini's compatible endpoint words it: in a list, with a number for a code."""
    error = {"code": status, "message": message, "status": state, **more}
    return Failure(status, body=[{"error": error}])


FAILURES: dict[str, tuple[Step, Kind]] = {
    "OpenAI: bad key": (
        Failure(401, "invalid_api_key", f"Incorrect API key provided: {KEY}."),
        failures.BAD_CREDENTIALS,
    ),
    "OpenAI: country": (
        Failure(403, "unsupported_country_region_territory"),
        failures.BAD_CREDENTIALS,
    ),
    "Gemini: bad key": (
        gemini(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"),
        failures.BAD_CREDENTIALS,
    ),
    "Anthropic: bad key": (
        Failure(401, message="invalid x-api-key", type="authentication_error"),
        failures.BAD_CREDENTIALS,
    ),
    "OpenAI: quota": (
        Failure(429, "insufficient_quota", "You exceeded your current quota."),
        failures.QUOTA,
    ),
    "Gemini: quota of the day": (
        gemini(
            429,
            "You exceeded your current quota.",
            "RESOURCE_EXHAUSTED",
            details=[{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
        ),
        failures.QUOTA,
    ),
    "Anthropic: credit": (
        Failure(400, message="Your credit balance is too low to access the Anthropic API."),
        failures.QUOTA,
    ),
    "OpenRouter: credit": (Failure(402, message="Insufficient credits."), failures.QUOTA),
    "OpenAI: rate": (
        Failure(
            429,
            "rate_limit_exceeded",
            "Rate limit reached for gpt-x in organization org-1: Limit 3, Used 3. Add a payment "
            "method at https://platform.openai.com/account/billing.",
        ),
        failures.RATE_LIMIT,
    ),
    "Gemini: rate": (
        gemini(429, "You exceeded your current quota. Retry in 31s.", "RESOURCE_EXHAUSTED"),
        failures.RATE_LIMIT,
    ),
    "OpenAI: unknown model": (
        Failure(404, "model_not_found", "The model `x` does not exist."),
        failures.UNKNOWN_MODEL,
    ),
    "OpenAI: unknown model, as a bad request": (
        Failure(400, "model_not_found", "The requested model 'x' does not exist."),
        failures.UNKNOWN_MODEL,
    ),
    "Anthropic: unknown model": (
        Failure(404, message="model: claude-x", type="not_found_error"),
        failures.UNKNOWN_MODEL,
    ),
    "Gemini: unknown model": (
        gemini(404, "models/x is not found for API version v1main.", "NOT_FOUND"),
        failures.UNKNOWN_MODEL,
    ),
    "Ollama: unknown model": (
        Failure(404, message='model "x" not found, try pulling it first', type="api_error"),
        failures.UNKNOWN_MODEL,
    ),
    "OpenAI: too long": (
        Failure(400, "context_length_exceeded", "Your input exceeds the context window."),
        failures.TOO_LONG,
    ),
    "OpenAI: more than a minute's tokens": (
        Failure(
            429,
            "rate_limit_exceeded",
            "Request too large for gpt-x on tokens per min (TPM): Limit 30000, Requested 40000.",
        ),
        failures.TOO_LONG,
    ),
    "Gemini: too long": (
        gemini(
            400,
            "The input token count (1200000) exceeds the maximum number of tokens allowed.",
            "INVALID_ARGUMENT",
        ),
        failures.TOO_LONG,
    ),
    "Anthropic: too long": (
        Failure(400, message="prompt is too long: 215000 tokens > 200000 maximum"),
        failures.TOO_LONG,
    ),
    "Ollama: too long": (
        Failure(400, message="the input length exceeds the context length", type="api_error"),
        failures.TOO_LONG,
    ),
    "vLLM: too long": (
        Failure(400, message="This model's maximum context length is 4096 tokens."),
        failures.TOO_LONG,
    ),
    "llama.cpp: too long": (
        Failure(500, message="the request exceeds the available context size, try increasing it"),
        failures.TOO_LONG,
    ),
    "body too large": (Failure(413, body="Payload Too Large"), failures.TOO_LONG),
    "content policy": (Failure(400, "content_policy_violation"), failures.WITHHELD),
    "bad request": (Failure(400, message="Unknown parameter: 'x'."), failures.NOT_ACCEPTED),
    "unprocessable": (Failure(422, body={"detail": "no"}), failures.NOT_ACCEPTED),
    "server error": (Failure(500, "server_error"), failures.SERVER_PROBLEM),
    "bad gateway": (Failure(502, body="<html>Bad Gateway</html>"), failures.SERVER_PROBLEM),
    "OpenAI: overloaded": (Failure(503), failures.OVERLOADED),
    "gateway timeout": (Failure(504), failures.TIMEOUT),
    "Anthropic: overloaded": (
        Failure(529, message="Overloaded", type="overloaded_error"),
        failures.OVERLOADED,
    ),
    "cut before the first word": (CutAfter(0), failures.BROKEN_OFF),
    "cut in the middle": (CutAfter(3), failures.BROKEN_OFF),
    "silent from the start": (SlowFirstByte(5), failures.TIMEOUT),
    "silent in the middle": (Hang(2), failures.TIMEOUT),
    "error event": (ErrorEvent(text_before="Some words"), failures.SERVER_PROBLEM),
    "error object": (ErrorEvent(form="object"), failures.SERVER_PROBLEM),
    "failed event": (ErrorEvent(form="failed"), failures.SERVER_PROBLEM),
    "event: rate": (
        ErrorEvent("rate_limit_exceeded", "Slow down.", form="failed"),
        failures.RATE_LIMIT,
    ),
    "event: too long": (
        ErrorEvent("context_length_exceeded", "Too much."),
        failures.TOO_LONG,
    ),
    "event: overloaded": (
        ErrorEvent("overloaded_error", "Overloaded", form="object"),
        failures.OVERLOADED,
    ),
    "event: unknown code": (ErrorEvent("odd", "Something odd."), failures.SERVER_PROBLEM),
    "refusal": (Refusal("I would rather not."), failures.DECLINED),
    "content filter": (Text("", finish="content_filter"), failures.WITHHELD),
    "length limit": (Text("", finish="length"), failures.CUT_SHORT),
}
NEVER_RETRY = {
    failures.BAD_CREDENTIALS,
    failures.QUOTA,
    failures.UNKNOWN_MODEL,
    failures.TOO_LONG,
    failures.WITHHELD,
    failures.DECLINED,
    failures.CUT_SHORT,
    failures.NOT_ACCEPTED,
}
LIMITS = CallLimits(connect_timeout_seconds=2, read_timeout_seconds=1, retries=0)


@pytest.mark.parametrize(("step", "kind"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_becomes_a_sentence_of_ours(
    opened: OpenModel, flavour: str, provider: ScriptedProvider, step: Step, kind: Kind
) -> None:
    provider.script(step)
    asked = await ask(opened(flavour, limits=LIMITS))
    assert asked.error is not None
    error = translate(asked.error)
    assert error.message == kind.message
    assert error.allow_retry == (kind not in NEVER_RETRY)


async def test_a_truncated_response_is_told_as_such(
    opened: OpenModel, provider: ScriptedProvider
) -> None:
    provider.script(Text("Half of the", finish="length"))
    asked = await ask(opened("openai/x"))
    assert asked.text == "Half of the"
    assert translate(_error(asked.error)).message == failures.CUT_SHORT.message


async def test_a_response_that_ends_without_completing_broke_off(
    opened: OpenModel, provider: ScriptedProvider
) -> None:
    provider.script(EndsWithoutFinish("Half of the"))
    asked = await ask(opened("openai/x"))
    assert translate(_error(asked.error)).message == failures.BROKEN_OFF.message


async def test_a_server_that_is_not_there_could_not_be_reached(
    unused_address: str,
) -> None:
    model = open_model(["ollama/x"], Credentials(ollama_base_url=unused_address), LIMITS)
    asked = await ask(model)
    await model.close()
    assert translate(_error(asked.error)).message == failures.UNREACHABLE.message


async def test_too_many_turns_may_be_tried_again(model: Model, provider: ScriptedProvider) -> None:
    @function_tool
    def look() -> str:
        return "nothing"

    provider.script(*[ToolCalls([("look", "{}")])] * 3)
    asked = await ask(model, tools=[look], max_turns=1)
    error = translate(_error(asked.error))
    assert (error.message, error.allow_retry) == (failures.TOO_MANY_STEPS.message, True)


async def test_a_call_of_a_tool_that_does_not_exist_is_an_unusable_answer(
    model: Model, provider: ScriptedProvider
) -> None:
    # The model's own words are in that error; they must not be taken for the provider's.
    provider.script(ToolCalls([("rate_limit", "{}")]))
    asked = await ask(model)
    assert translate(_error(asked.error)).message == failures.UNUSABLE.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ReadTimeout("x"), failures.TIMEOUT),
        (httpx2.ConnectTimeout("x"), failures.UNREACHABLE),
        (httpx2.ReadError("x"), failures.BROKEN_OFF),
        (httpx2.ConnectError("x"), failures.UNREACHABLE),
        (ModelTimeoutError(3), failures.TIMEOUT),
        (TimeoutError(), failures.TIMEOUT),
        (UserError("x"), failures.UNEXPECTED),
        (RuntimeError("x"), failures.UNEXPECTED),
    ],
    ids=repr,
)
def test_errors_that_no_client_wrapped_are_understood_too(error: Exception, kind: Kind) -> None:
    assert translate(error).message == kind.message
    assert detail(error)["error"] == type(error).__name__


def test_an_error_of_ours_stays_what_it_is() -> None:
    error = ModelError("Told.", allow_retry=False)
    assert translate(error) is error


@pytest.mark.parametrize("secret", [KEY, GOOGLE_KEY, "openai-key", "compatible-key"])
@pytest.mark.parametrize("form", ["status", "list", "stream"])
async def test_no_secret_gets_into_a_message_or_a_log(
    model: Model, provider: ScriptedProvider, secret: str, form: str
) -> None:
    words = f"Bad key {secret}, sent as 'Authorization: Bearer {secret}'."
    steps: dict[str, Step] = {
        "status": Failure(401, "invalid_api_key", words),
        "list": gemini(400, words, "INVALID_ARGUMENT"),
        "stream": ErrorEvent("odd", words, text_before="Some", form="object"),
    }
    provider.script(steps[form])
    error = _error((await ask(model)).error)
    sent = provider.requests[0].headers["authorization"].removeprefix("Bearer ")
    assert secret not in translate(error).message
    if secret in {sent, KEY, GOOGLE_KEY}:
        assert secret not in str(detail(error))


async def test_the_log_is_told_what_the_provider_said(
    model: Model, provider: ScriptedProvider
) -> None:
    provider.script(Failure(429, "rate_limit_exceeded", "Limit 3, used 3.", type="requests"))
    assert detail(_error((await ask(model)).error)) == {
        "error": "RateLimitError",
        "status": 429,
        "code": "rate_limit_exceeded",
        "type": "requests",
        "request_id": "req_scripted",
        "error_message": "Limit 3, used 3.",
    }


async def test_the_log_is_told_what_gemini_said(model: Model, provider: ScriptedProvider) -> None:
    provider.script(gemini(404, "models/x is not found.", "NOT_FOUND"))
    told = detail(_error((await ask(model)).error))
    assert told["code"] == 404
    assert told["type"] == "NOT_FOUND"
    assert told["error_message"] == "models/x is not found."


async def test_the_log_is_told_what_broke_a_connection(
    model: Model, provider: ScriptedProvider
) -> None:
    provider.script(CutAfter(1))
    told = detail(_error((await ask(model)).error))
    assert told["error"] == "APIConnectionError"
    assert told["cause"] == "RemoteProtocolError"


async def test_a_page_of_html_is_cut_for_the_log(model: Model, provider: ScriptedProvider) -> None:
    provider.script(Failure(400, message="long " * 10_000))
    assert len(str(detail(_error((await ask(model)).error)))) < 2_000


@pytest.fixture
def unused_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def _error(error: Exception | None) -> Exception:
    assert error is not None, "the run did not fail"
    return error
