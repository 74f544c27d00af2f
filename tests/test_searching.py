"""The search for anybody's own code: outside of a turn, from the settings of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatkit_backend import search_chunks
from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.retrieval.questions import Question
from chatkit_backend.searching import open_document_search
from chatkit_backend.settings import Settings
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.engine import Database

# A shop's help pages, as short as such pages are.
PAGES = {
    "returns.md": (
        "Returns",
        (
            "You may send goods back within 30 days after they arrived. Put them into their "
            "original "
            "packaging and use the label that came with them. We pay the postage. You get "
            "your money "
            "back within five days after the parcel reached our warehouse."
        ),
    ),
    "shipping.md": (
        "Shipping",
        (
            "We deliver to all countries of the European Union and to Switzerland. Orders that are "
            "placed before noon leave our warehouse on the same day. Delivery takes two to "
            "four days "
            "and costs 4.90 euros; it is free for orders above 50 euros."
        ),
    ),
    "payment.md": (
        "Payment",
        (
            "You can pay with a credit card, PayPal or by invoice. We charge your card when "
            "the order "
            "leaves our warehouse. Invoices are due within 14 days."
        ),
    ),
    "warranty.md": (
        "Warranty",
        (
            "Every lamp has a warranty of two years. It covers faults of the material and of the "
            "wiring, and no bulbs. Send us a photo of the fault and the number of your order."
        ),
    ),
    "account.md": (
        "Your account",
        (
            "To change your password, open your account and choose Security. If you forgot "
            "it, choose "
            "Forgot password on the page where you sign in: we send you an e-mail with a link."
        ),
    ),
    "gift-cards.md": (
        "Gift cards",
        (
            "Gift cards are worth 10 to 500 euros and do not expire. They cannot be exchanged for "
            "cash. Enter the code of the card at the checkout."
        ),
    ),
    "care.md": (
        "Cleaning your lamp",
        (
            "Switch the lamp off and let it cool down. Wipe the shade with a soft, dry cloth. "
            "Do not "
            "use water or any cleaning agent on the wiring."
        ),
    ),
    "bulbs.md": (
        "Bulbs",
        (
            "Our table lamps take LED bulbs with an E27 socket of at most 60 watts. Bulbs are not "
            "included. Never use a stronger bulb: the shade could catch fire."
        ),
    ),
    "contact.md": (
        "Contact",
        (
            "Write to help@lamps.example or call us from Monday to Friday between nine and "
            "five. We "
            "answer e-mails within one working day."
        ),
    ),
    "business.md": (
        "Business customers",
        (
            "Companies get a discount of ten percent on orders of 20 lamps or more. Send us "
            "your VAT "
            "number, and we make you an offer."
        ),
    ),
}

ANSWERED = {
    "Can I return a lamp?": "returns.md",
    "How can I change my password?": "account.md",
    "Which bulbs fit the table lamps?": "bulbs.md",
    "Is shipping free?": "shipping.md",
    # What is not in the page says nothing of what is asked.
    "How long does delivery take?": "shipping.md",
    "How much does delivery cost?": "shipping.md",
    "How long do I have to send something back?": "returns.md",
    "How many lamps do I need for a discount?": "business.md",
    "Is there anything free?": "shipping.md",
}

NOT_ANSWERED = [
    "Who founded the company, and in which year?",
    "Do you sell garden furniture?",
    "What is the weather in Paris tomorrow?",
]


@pytest.fixture
async def pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a database with those pages, which the environment names."""
    url = f"sqlite:///{tmp_path / 'pages.db'}"
    database = await Database.open(url)
    await database.make_ready()
    store = ChunkStore(database)
    for source, (title, text) in PAGES.items():
        chunk = NewChunk(text, (title,), 0)
        await store.put_document("help", NewDocument(source, "hash", title, None, [chunk]))
    await database.close()
    monkeypatch.setenv("CHATKIT_DATABASE_URL", url)
    return url


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize(("question", "source"), ANSWERED.items())
async def test_what_answers_comes_first(question: str, source: str) -> None:
    best, *_ = await search_chunks("help", question)
    assert best.source == source
    assert best.collection == "help"
    assert 0.5 <= best.score <= 1
    assert best.similarity is None


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("question", NOT_ANSWERED)
async def test_where_there_is_no_answer_nothing_is_found(question: str) -> None:
    assert await search_chunks("help", question) == []


@pytest.mark.usefixtures("pages")
async def test_the_limit_and_the_threshold_are_kept() -> None:
    found = await search_chunks("help", "order warehouse lamp", 3, 0)
    assert len(found) == 3
    assert [chunk.score for chunk in found] == sorted((c.score for c in found), reverse=True)
    above = found[1].score
    assert len(await search_chunks("help", "order warehouse lamp", 3, above)) == 2


@pytest.mark.usefixtures("pages")
async def test_an_unknown_collection_has_nothing() -> None:
    assert await search_chunks("nothing", "password", score_threshold=0) == []


@pytest.mark.usefixtures("pages")
async def test_outside_of_a_turn_it_searches_in_collections_that_are_closed_to_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHATKIT_COLLECTION_ACCESS", "help=department:help")
    assert await search_chunks("help", "password")


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("question", ["", "  ", "?!", "\x00", "a" * 100_000, "NEAR(\"*' OR 1=1 --"])
async def test_a_question_has_no_syntax(question: str) -> None:
    assert await search_chunks("help", question) == []


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"limit: {limit} is below 1"):
        await search_chunks("help", "password", limit)


@pytest.mark.parametrize("threshold", [2, -0.1, float("nan")])
async def test_a_threshold_out_of_bounds_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"score_threshold: .* is not from 0 to 1"):
        await search_chunks("help", "password", score_threshold=threshold)


async def test_settings_that_cannot_be_used_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATKIT_DATABASE_URL", "mysql://localhost/chat")
    with pytest.raises(SettingsError, match="CHATKIT_DATABASE_URL"):
        await search_chunks("help", "password")


async def test_an_embedding_model_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHATKIT_EMBEDDING_MODEL", "anthropic/any")
    with pytest.raises(SettingsError, match="CHATKIT_EMBEDDING_MODEL"):
        await search_chunks("help", "password")


async def test_a_database_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATKIT_DATABASE_URL", "postgresql://ada:pass-word@127.0.0.1:1/db")
    with pytest.raises(DatabaseUnavailable) as raised:
        await search_chunks("help", "password")
    assert "pass-word" not in str(raised.value)


async def test_many_searches_can_use_one_database_and_other_settings(
    monkeypatch: pytest.MonkeyPatch, pages: str
) -> None:
    monkeypatch.setenv("CHATKIT_DATABASE_URL", "memory://")
    settings = Settings(_env_file=None, database_url=pages)
    async with open_document_search(settings) as search:
        assert await search.collections(None) == ["help"]
        for question, source in ANSWERED.items():
            best, *_ = await search.find(Question(question), ["help"], None)
            assert best.source == source
