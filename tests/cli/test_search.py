"""`search`: what a question finds in a collection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.models.embedding_server import EmbeddingServer, Entries, Reply

pytestmark = pytest.mark.slow


@pytest.fixture
def collection(run: Run, tmp_path: Path) -> None:
    """Two documents, one with an address."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "prices.md").write_text(
        "---\nurl: https://example.com/prices\n---\n# Prices\n\n## Refunds\n\n"
        "Refunds take [three] days.\n",
        encoding="utf-8",
    )
    (folder / "team.md").write_text("# Team\n\nWe are five people.\n", encoding="utf-8")
    assert run("ingest", "docs", "--collection", "docs").returncode == 0


@pytest.mark.usefixtures("collection")
def test_the_best_passage_comes_first_with_its_place_and_text(run: Run) -> None:
    done = run("search", "how long does a refund take", "-c", "docs")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "1. Prices"
    assert "https://example.com/prices" in done.stdout
    assert "Refunds take [three] days." in done.stdout


def test_what_looks_like_a_command_to_a_terminal_or_like_markup_is_text(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "pages" / "[red]" / "x[" / "a]"
    folder.mkdir(parents=True)
    text = "# Zebras \x1b[2J\n\nZebras \x1b]0;mine\x07 eat."
    (folder / "page.md").write_text(text, encoding="utf-8")
    assert run("ingest", "pages", "-c", "docs").returncode == 0
    done = run("search", "zebras", "-c", "docs")
    assert done.returncode == 0
    assert "[red]/x[/a]/page.md" in done.stdout
    assert "Zebras ]0;mine eat." in done.stdout
    assert all(c.isprintable() or c == "\n" for c in done.stdout)


@pytest.mark.usefixtures("collection")
def test_it_can_be_read_by_programs(run: Run) -> None:
    (found,) = json.loads(run("search", "people", "-c", "docs", "--json").stdout)
    assert found["source"] == "team.md"
    assert 0 < found["score"] <= 1
    assert json.loads(run("search", "zebras", "-c", "docs", "--json").stdout) == []
    assert run("search", "zebras", "-c", "docs").stdout == "Nothing was found.\n"


def test_a_collection_that_is_not_there_is_told(run: Run) -> None:
    done = run("search", "people", "-c", "nothing")
    assert done.returncode == 1
    assert "collections list" in done.stderr


@pytest.mark.parametrize("option", [("--threshold", "2"), ("--limit", "0")])
def test_an_option_out_of_bounds_is_told(run: Run, option: tuple[str, str]) -> None:
    done = run("search", "people", "-c", "docs", *option)
    assert done.returncode == 2
    assert option[0] in done.stderr
    assert "Traceback" not in done.stderr


# By meaning

# What the words of the tests are about; a text is about the sum of its words.
ABOUT = {
    "refunds": (1, 0, 0),
    "reimbursement": (1, 0, 0),
    "people": (0, 1, 0),
    "staff": (0, 1, 0),
    "weather": (0, 0, 1),
}


class Meanings(EmbeddingServer):
    """The provider of an embedding model that understands a few words."""

    def understanding(self, entries: Entries) -> Entries:
        """The answer's vectors with the meaning of the texts that were asked about."""
        return [
            entry | {"embedding": self._vector(text)}
            for entry, text in zip(entries, self.inputs[-1], strict=True)
        ]

    def _vector(self, text: str) -> list[float]:
        words = "".join(c if c.isalpha() else " " for c in text.lower()).split()
        known = [ABOUT[word] for word in words if word in ABOUT]
        return [float(sum(axis)) for axis in zip((0.001,) * 3, *known, strict=True)]


@pytest.fixture
def provider_of_meanings() -> Iterator[Meanings]:
    server = Meanings()
    server.always = Reply(change=server.understanding)
    with server.served():
        yield server


@pytest.fixture
def embedded(
    environment: dict[str, str], provider_of_meanings: Meanings, request: pytest.FixtureRequest
) -> None:
    """The collection, with vectors."""
    environment["CHATKIT_EMBEDDING_MODEL"] = "openai-compatible/small"
    environment["OPENAI_COMPATIBLE_BASE_URL"] = provider_of_meanings.url
    request.getfixturevalue("collection")


@pytest.fixture(params=["sqlite", "postgres"])
def database(environment: dict[str, str], request: pytest.FixtureRequest) -> None:
    """Both databases that keep vectors on disk."""
    if request.param == "postgres":
        environment["CHATKIT_DATABASE_URL"] = request.getfixturevalue("postgres_url")


@pytest.mark.usefixtures("database", "embedded")
def test_a_passage_is_found_by_its_meaning_alone(run: Run) -> None:
    done = run("search", "reimbursement", "-c", "docs", "--json", "--threshold", "0.5")
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)
    assert found.pop("id") > 0
    assert found.pop("similarity") == pytest.approx(1, abs=0.01)
    assert found.pop("score") == pytest.approx(1, abs=0.01)
    assert found == {
        "collection": "docs",
        "source": "prices.md",
        "title": "Prices",
        "url": "https://example.com/prices",
        "heading_path": ["Prices"],
        "position": 0,
        "text": found["text"],
    }
    assert "Refunds take [three] days." in found["text"]


@pytest.mark.usefixtures("embedded")
def test_the_threshold_holds_for_meanings_too(run: Run) -> None:
    # Half about refunds and half about people: a cosine of 0.71, which is a score of 0.76.
    asked = ("search", "reimbursement of staff", "-c", "docs", "--json", "--threshold")
    near = json.loads(run(*asked, "0.75").stdout)
    assert {chunk["source"] for chunk in near} == {"prices.md", "team.md"}
    assert [round(chunk["score"], 2) for chunk in near] == [0.76, 0.76]
    assert json.loads(run(*asked, "0.77").stdout) == []
    far = run(*asked, "0.75", CHATKIT_EMBEDDING_MIDPOINT="0.8")
    assert json.loads(far.stdout) == []


@pytest.mark.usefixtures("embedded")
def test_a_question_about_something_else_finds_nothing(run: Run) -> None:
    done = run("search", "weather", "-c", "docs", "--threshold", "0.5")
    assert done.stdout == "Nothing was found.\n"


@pytest.mark.usefixtures("embedded")
def test_words_alone_are_searched_while_the_provider_is_down(
    run: Run, provider_of_meanings: Meanings
) -> None:
    key = "sk-a-key-that-stays-secret"
    refusal = json.dumps({"error": {"message": f"Wrong key {key}, sorry"}})
    provider_of_meanings.always = Reply(401, refusal)
    done = run("search", "people", "-c", "docs", "--json")
    assert done.returncode == 0
    (found,) = json.loads(done.stdout)
    assert (found["source"], found["similarity"]) == ("team.md", None)
    assert "searching by words alone" in done.stderr
    assert "status 401" in done.stderr
    assert key not in done.stderr


@pytest.mark.usefixtures("embedded")
def test_vectors_of_another_model_are_not_compared_and_that_is_told(run: Run) -> None:
    done = run(
        "search", "people", "-c", "docs", "--json", CHATKIT_EMBEDDING_MODEL="openai-compatible/new"
    )
    (found,) = json.loads(done.stdout)
    assert found["similarity"] is None
    assert "ingest it again" in done.stderr
