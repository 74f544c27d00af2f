"""`ingest` and `collections`: files go in, and people and programs are told what became of them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.models.embedding_server import EmbeddingServer, Reply
from tests.retrieval.papers import docx, pdf

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[2] / "docs" / "retrieval.md"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with two documents."""
    folder = tmp_path / "docs"
    (folder / "guide").mkdir(parents=True)
    (folder / "moon.md").write_text("# The moon\n\nRock.", encoding="utf-8")
    (folder / "guide" / "dust.txt").write_text("Dust.", encoding="utf-8")
    return folder


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    told = json.loads(done.stdout)
    return {name: told[name] for name in ("added", "replaced", "unchanged", "removed", "failed")}


def chunks_of_documents(run: Run) -> dict[str, int]:
    lines = run("collections", "show", "moon", "--json").stdout.splitlines()
    return {told["source"]: told["chunks"] for told in map(json.loads, lines)}


def test_a_folder_is_taken_in_and_the_summary_tells_how_much(run: Run, docs: Path) -> None:
    done = run("ingest", "docs", "--collection", "moon")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Collection moon, ")
    assert re.search(r"added +2", done.stdout)
    assert re.search(r"new chunks +2", done.stdout)


def test_the_same_again_changes_nothing(run: Run, docs: Path) -> None:
    run("ingest", "docs", "-c", "moon")
    again = run("ingest", "docs", "-c", "moon", "--json")
    assert again.returncode == 0
    assert counts(again) == {"added": 0, "replaced": 0, "unchanged": 2, "removed": 0, "failed": 0}


def test_what_is_gone_is_removed_with_prune_only(run: Run, docs: Path) -> None:
    run("ingest", "docs", "-c", "moon")
    (docs / "guide" / "dust.txt").unlink()
    assert counts(run("ingest", "docs", "-c", "moon", "--json"))["removed"] == 0
    assert counts(run("ingest", "docs", "-c", "moon", "--json", "--prune"))["removed"] == 1


def test_files_that_fail_are_told_and_the_status_says_so(run: Run, docs: Path) -> None:
    (docs / "image.md").write_bytes(b"\x89PNG\0")
    (docs / "latin.md").write_bytes(b"caf\xe9")
    with (docs / "huge.pdf").open("wb") as file:
        file.truncate(200_000_000)
    done = run("ingest", "docs", "-c", "moon")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "huge.pdf has 200.0 MB, over the 50.0 MB of CHATKIT_INGEST_MAX_BYTES.",
        "image.md is no text but a binary file, whatever its name says.",
        "latin.md is not UTF-8 text (byte 0xe9 in line 1); save it as UTF-8.",
    ]
    assert re.search(r"added +2", done.stdout)
    told = json.loads(run("ingest", "docs", "-c", "moon", "--json").stdout)
    assert [failure["source"] for failure in told["failures"]] == [
        "huge.pdf",
        "image.md",
        "latin.md",
    ]


def test_the_size_of_a_file_has_a_limit_that_can_be_set(run: Run, docs: Path) -> None:
    (docs / "moon.md").write_text("rock " * 1_000, encoding="utf-8")
    done = run("ingest", "docs", "-c", "moon", CHATKIT_INGEST_MAX_BYTES="1000")
    assert done.returncode == 1
    assert "moon.md has 5,000 bytes, over the 1,000 bytes" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["empty"], "PATH: there is nothing to ingest."),
        (["pictures"], "there is nothing to ingest (1 files of other types passed by)"),
        (["nowhere", "docs"], "PATH: there is no 'nowhere'."),
        (["docs", "--base-url", "example.com"], "--base-url: write an address"),
        (["docs", "-c", "../moon"], "--collection: '../moon' is no name"),
        (["docs", "--include", "*.pdf"], "PATH: there is nothing to ingest."),
    ],
)
def test_what_cannot_be_used_is_told_and_changes_nothing(
    run: Run, docs: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"x")
    done = run("ingest", "-c", "moon", *arguments)
    assert done.returncode == 2
    assert "Nothing was ingested:" in done.stderr
    assert told in done.stderr
    assert done.stdout == ""
    assert json.loads(run("collections", "list", "--json").stdout) == []


def test_a_link_out_of_the_folder_is_not_followed(run: Run, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("password", encoding="utf-8")
    (docs / "link.md").symlink_to(tmp_path / "secret.md")
    done = run("ingest", "docs", "-c", "moon")
    assert done.returncode == 0
    assert re.search(r"links not followed +1", done.stdout)
    named = run("ingest", "docs/link.md", "-c", "moon")
    assert named.returncode == 2
    assert "docs/link.md is a symbolic link; name what it leads to." in named.stderr


def test_names_cannot_command_the_terminal(run: Run, docs: Path) -> None:
    (docs / "\x1b[31mred\n.md").write_bytes(b"\0")
    done = run("ingest", "docs", "-c", "moon")
    assert done.stderr.startswith("\\x1b[31mred\\n.md is no text")
    (docs / "\x1b[31mred\n.md").write_bytes(b"fine")
    run("ingest", "docs", "-c", "moon")
    assert "\\x1b[31mred\\n.md" in run("collections", "show", "moon").stdout


def test_a_terminal_shows_files_chunks_and_the_time_that_is_left(
    program: list[str], environment: dict[str, str], docs: Path, tmp_path: Path
) -> None:
    terminal, end = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "ingest", "docs", "-c", "moon"],
        cwd=tmp_path,
        env=environment | {"TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=end,
    )
    os.close(end)
    shown = b""
    try:
        while part := os.read(terminal, 4_096):
            shown += part
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    assert process.wait(60) == 0
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"2 of 2 files .* 2 chunks, .*\d left", words)


def test_ctrl_c_says_how_to_go_on(
    program: list[str], environment: dict[str, str], docs: Path, run: Run, tmp_path: Path
) -> None:
    for number in range(400):
        (docs / f"{number}.md").write_text("rock", encoding="utf-8")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "ingest", "docs", "-c", "moon"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _until_taken_in(tmp_path / "chatkit.db", 10)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    stopped = re.fullmatch(
        r"Stopped\. (\d+) files are done; run it again to go on\. No document is left .*\n",
        told,
    )
    assert stopped, told
    again = run("ingest", "docs", "-c", "moon", "--json")
    assert again.returncode == 0
    assert counts(again)["unchanged"] in {int(stopped[1]), int(stopped[1]) + 1}


def test_killing_it_leaves_whole_documents(
    program: list[str], environment: dict[str, str], docs: Path, run: Run, tmp_path: Path
) -> None:
    for number in range(500):
        (docs / f"{number}.md").write_text("The moon is rock. " * 500, encoding="utf-8")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "ingest", "docs", "-c", "moon"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until_taken_in(tmp_path / "chatkit.db", 10)
    process.kill()
    process.wait()
    kept = chunks_of_documents(run)
    assert 0 < len(kept) < 502
    assert counts(run("ingest", "docs", "-c", "moon", "--json"))["unchanged"] == len(kept)
    whole = chunks_of_documents(run)
    assert len(whole) == 502
    assert kept.items() <= whole.items()


def test_a_watch_tells_every_change_and_ends_with_ctrl_c(
    program: list[str], environment: dict[str, str], docs: Path, run: Run, tmp_path: Path
) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "ingest", "docs", "-c", "moon", "--watch", "--prune", "--json"],
        cwd=tmp_path,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout

    def told() -> tuple[str, str]:
        assert process.stdout
        change = json.loads(process.stdout.readline())
        return change["outcome"], change["source"]

    assert told() == ("added", "guide/dust.txt")
    assert told() == ("added", "moon.md")
    (docs / "moon.md").write_text("Cheese.", encoding="utf-8")
    assert told() == ("replaced", "moon.md")
    (docs / "new").mkdir()
    (docs / "new" / "tide.md").write_text("Tide.", encoding="utf-8")
    assert told() == ("added", "new/tide.md")
    (docs / "new" / "tide.md").write_bytes(b"\0")
    assert told() == ("failed", "new/tide.md")
    (docs / "moon.md").unlink()
    assert told() == ("removed", "moon.md")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0
    assert error == "Watching; Ctrl-C stops it.\nStopped. No document is left half done.\n"


def test_collections_are_listed_shown_and_deleted(run: Run, docs: Path) -> None:
    assert "There are no collections." in run("collections", "list").stdout
    run("ingest", "docs", "-c", "moon", "--base-url", "https://example.com/docs")
    run("ingest", "docs/moon.md", "-c", "other")

    assert re.search(r"moon +2 +2 ", run("collections", "list").stdout)
    told = json.loads(run("collections", "list", "--json").stdout)
    assert [(one["name"], one["documents"], one["chunks"]) for one in told] == [
        ("moon", 2, 2),
        ("other", 1, 1),
    ]
    shown = run("collections", "show", "moon").stdout
    assert "https://example.com/docs/guide/dust.txt" in shown
    lines = run("collections", "show", "moon", "--json").stdout.splitlines()
    assert [(json.loads(line)["source"], json.loads(line)["title"]) for line in lines] == [
        ("guide/dust.txt", None),
        ("moon.md", "The moon"),
    ]

    assert run("collections", "delete", "moon", stdin="n\n").returncode == 1
    assert run("collections", "delete", "moon", stdin="y\n").stdout.endswith(
        "Deleted collection 'moon'.\n"
    )
    for command in (["show", "moon"], ["delete", "moon", "--yes"]):
        gone = run("collections", *command)
        assert gone.returncode == 1
        assert gone.stderr.startswith("There is no collection 'moon'.")
    assert run("collections", "show", "other").returncode == 0


def test_the_commands_of_the_guide_do_what_it_says(
    program_folder: Path, environment: dict[str, str], docs: Path, tmp_path: Path
) -> None:
    (docs / "orbit.pdf").write_bytes(pdf("Orbit."))
    (docs / "tide.docx").write_bytes(docx(("Heading1", "Tide")))
    (docs / "drafts").mkdir()
    (docs / "drafts" / "cheese.md").write_text("Cheese?", encoding="utf-8")
    section = GUIDE.read_text(encoding="utf-8").split("\n## Ingest documents\n")[1]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block
    path = os.pathsep.join([str(program_folder), os.environ["PATH"]])
    done = subprocess.run(  # noqa: S603 - our own guide
        ["bash", "-euo", "pipefail", "-c", block[1]],  # noqa: S607 - wherever it is
        cwd=tmp_path,
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "orbit.pdf" in done.stdout
    assert "Cheese" not in done.stdout
    assert "Deleted collection 'docs'." in done.stdout


# Vectors

KEY = "sk-a-key-that-stays-secret"  # of the environment
REFUSAL = Reply(401, json.dumps({"error": {"message": f"Wrong key {KEY}, sorry"}}))


@pytest.fixture
def embeddings() -> Iterator[EmbeddingServer]:
    """The provider of an embedding model."""
    server = EmbeddingServer()
    with server.served():
        yield server


@pytest.fixture
def by_meaning(embeddings: EmbeddingServer) -> dict[str, str]:
    """Settings with which that provider is used."""
    return {
        "CHATKIT_EMBEDDING_MODEL": "openai-compatible/small",
        "OPENAI_COMPATIBLE_BASE_URL": embeddings.url,
    }


def vectors(done: subprocess.CompletedProcess[str]) -> tuple[int, int, str | None]:
    """How many chunks got theirs, how many did not, and why."""
    told: dict[str, Any] = json.loads(done.stdout)
    return told["embedded"], told["not_embedded"], told["embedding_problem"]


def asked_for(embeddings: EmbeddingServer) -> list[str]:
    """The texts that the provider was sent."""
    return [text for texts in embeddings.inputs for text in texts]


def test_without_an_embedding_model_nothing_is_said_of_vectors(run: Run, docs: Path) -> None:
    done = run("ingest", "docs", "-c", "moon")
    assert "vectors" not in done.stdout + done.stderr
    assert vectors(run("ingest", "docs", "-c", "moon", "--json")) == (0, 0, None)


def test_every_chunk_gets_a_vector_and_none_a_second_time(
    run: Run, docs: Path, embeddings: EmbeddingServer, by_meaning: dict[str, str]
) -> None:
    done = run("ingest", "docs", "-c", "moon", **by_meaning)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"new vectors +2", done.stdout)
    assert "without vectors" not in done.stdout
    assert sorted(asked_for(embeddings)) == ["Dust.", "The moon\n# The moon\n\nRock."]
    again = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert vectors(again) == (0, 0, None)
    assert len(embeddings.requests) == 1


def test_of_a_changed_document_only_what_changed_is_embedded(
    run: Run, docs: Path, embeddings: EmbeddingServer, by_meaning: dict[str, str]
) -> None:
    sections = [f"## Crater {name}\n\n{f'Crater {name} is deep. ' * 30}" for name in "ABC"]
    (docs / "craters.md").write_text("\n\n".join(sections), encoding="utf-8")
    first = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert vectors(first) == (5, 0, None)
    embeddings.reset()
    sections[1] = sections[1].replace("deep", "flat")
    (docs / "craters.md").write_text("\n\n".join(sections), encoding="utf-8")
    changed = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert counts(changed)["replaced"] == 1
    # The others of the document are new chunks with texts that have vectors.
    assert vectors(changed) == (3, 0, None)
    (text,) = asked_for(embeddings)
    assert "Crater B is flat." in text


def test_documents_are_taken_in_while_the_provider_is_down_and_the_next_run_goes_on(
    run: Run, docs: Path, embeddings: EmbeddingServer, by_meaning: dict[str, str]
) -> None:
    embeddings.always = REFUSAL
    done = run("ingest", "docs", "-c", "moon", **by_meaning)
    assert done.returncode == 1
    assert re.search(r"added +2", done.stdout)
    assert re.search(r"without vectors +2", done.stdout)
    assert "new vectors" not in done.stdout
    assert done.stderr.startswith(
        "Vectors are missing: The embedding model openai-compatible/small refused with status 401"
    )
    assert done.stderr.endswith("run it again to go on.\n")
    down = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert down.returncode == 1
    embedded, without, problem = vectors(down)
    assert (embedded, without) == (0, 2)
    assert problem
    assert "status 401" in problem
    assert KEY not in done.stdout + done.stderr + down.stdout + down.stderr
    assert run("search", "rock", "-c", "moon", "--json").stdout != "[]\n"
    embeddings.reset()
    up = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert up.returncode == 0
    assert counts(up)["unchanged"] == 2
    assert vectors(up) == (2, 0, None)


def test_what_was_embedded_before_the_provider_failed_is_not_asked_for_again(
    run: Run, docs: Path, embeddings: EmbeddingServer, by_meaning: dict[str, str]
) -> None:
    for number in range(298):
        (docs / f"{number}.md").write_text(f"Rock {number}.", encoding="utf-8")
    embeddings.replies.extend([Reply()] * 26)  # of 10 texts each: a batch of 256
    embeddings.always = REFUSAL
    down = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert down.returncode == 1
    assert vectors(down)[:2] == (256, 44)
    embeddings.reset()
    assert vectors(run("ingest", "docs", "-c", "moon", "--json", **by_meaning)) == (44, 0, None)
    assert len(asked_for(embeddings)) == 44


def test_a_text_that_the_provider_refuses_is_left_out_and_its_document_is_named(
    run: Run, docs: Path, embeddings: EmbeddingServer, by_meaning: dict[str, str]
) -> None:
    for number in range(30):
        (docs / f"{number}.md").write_text(f"Rock {number}.", encoding="utf-8")
    embeddings.refused = "Rock 3."
    done = run("ingest", "docs", "-c", "moon", **by_meaning)
    assert done.returncode == 1
    assert "Text of 3.md was refused: The embedding model openai-compatible/small" in done.stderr
    assert "The input is too long" in done.stderr
    again = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert vectors(again)[:2] == (0, 1)
    embeddings.reset()
    assert vectors(run("ingest", "docs", "-c", "moon", "--json", **by_meaning)) == (1, 0, None)


def test_a_provider_that_refuses_everything_is_not_asked_for_every_text(
    run: Run, docs: Path, embeddings: EmbeddingServer, by_meaning: dict[str, str]
) -> None:
    for number in range(30):
        (docs / f"{number}.md").write_text(f"Rock {number}.", encoding="utf-8")
    embeddings.refused = ""
    done = run("ingest", "docs", "-c", "moon", "--json", **by_meaning)
    assert vectors(done)[:2] == (0, 32)
    assert "refused with status 400" in str(vectors(done)[2])
    assert len(embeddings.requests) < 10


def test_vectors_that_are_not_used_go_with_an_ingest_that_makes_none(
    run: Run, docs: Path, tmp_path: Path, by_meaning: dict[str, str]
) -> None:
    address = {"CHATKIT_DATABASE_URL": f"sqlite:///{tmp_path / 'vectors.db'}"}
    run("ingest", "docs", "-c", "moon", **by_meaning, **address)
    for file in docs.rglob("*.*"):
        file.write_text("New.", encoding="utf-8")
    assert run("ingest", "docs", "-c", "moon", **address).returncode == 0
    with closing(sqlite3.connect(tmp_path / "vectors.db")) as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (0,)


def test_another_model_makes_every_vector_anew(
    run: Run, docs: Path, embeddings: EmbeddingServer, by_meaning: dict[str, str]
) -> None:
    run("ingest", "docs", "-c", "moon", **by_meaning)
    other = by_meaning | {"CHATKIT_EMBEDDING_MODEL": "openai-compatible/large"}
    assert vectors(run("ingest", "docs", "-c", "moon", "--json", **other)) == (2, 0, None)
    assert [request.body["model"] for request in embeddings.requests] == ["small", "large"]


def test_an_embedding_model_that_cannot_be_used_changes_nothing(run: Run, docs: Path) -> None:
    done = run("ingest", "docs", "-c", "moon", CHATKIT_EMBEDDING_MODEL="anthropic/any")
    assert done.returncode == 2
    assert done.stderr.startswith("Nothing was ingested:")
    assert "Anthropic has no embeddings" in done.stderr
    assert json.loads(run("collections", "list", "--json").stdout) == []


def test_postgresql_keeps_vectors_too(
    run: Run,
    docs: Path,
    embeddings: EmbeddingServer,
    by_meaning: dict[str, str],
    postgres_url: str,
) -> None:
    settings = by_meaning | {"CHATKIT_DATABASE_URL": postgres_url}
    first = run("ingest", "docs", "-c", "moon", "--json", **settings)
    assert (first.returncode, first.stderr) == (0, "")
    assert vectors(first) == (2, 0, None)
    (docs / "moon.md").write_text("# The moon\n\nCheese.", encoding="utf-8")
    assert vectors(run("ingest", "docs", "-c", "moon", "--json", **settings)) == (1, 0, None)
    assert asked_for(embeddings)[2:] == ["The moon\n# The moon\n\nCheese."]


def test_a_watch_embeds_changes_and_tries_again_with_the_next_one(
    program: list[str],
    environment: dict[str, str],
    docs: Path,
    embeddings: EmbeddingServer,
    by_meaning: dict[str, str],
) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "ingest", "docs", "-c", "moon", "--watch"],
        cwd=docs.parent,
        env=environment | by_meaning,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    _until(lambda: len(asked_for(embeddings)) == 2)
    embeddings.reset()
    embeddings.always = REFUSAL
    (docs / "moon.md").write_text("Cheese.", encoding="utf-8")
    _until(lambda: asked_for(embeddings) == ["Cheese."])
    embeddings.reset()
    (docs / "tide.md").write_text("Tide.", encoding="utf-8")
    _until(lambda: sorted(asked_for(embeddings)) == ["Cheese.", "Tide."])
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Vectors are missing: The embedding model" in error
    assert KEY not in error


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


def _until_taken_in(path: Path, documents: int) -> None:
    def are_there() -> bool:
        if not path.exists():
            return False
        try:
            with closing(sqlite3.connect(path)) as connection:
                (count,) = connection.execute("SELECT count(*) FROM documents").fetchone()
        except sqlite3.OperationalError:  # the table is being made
            return False
        return bool(count >= documents)

    _until(are_there)
