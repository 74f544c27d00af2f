"""Addresses of files are never stored, and made afresh for whoever loads what names them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from chatkit.types import (
    GeneratedImage,
    GeneratedImageItem,
    ImageAttachment,
    InferenceOptions,
    UserMessageItem,
)
from pydantic import AnyUrl
from sqlalchemy import select

from chatkit_backend.auth.signed_addresses import SignedAddresses
from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.addresses import is_placeholder, placeholder
from chatkit_backend.store.all_threads import AllThreads, ListingRequest
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import attachments, items
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import image_attachment, thread

ADA = RequestContext(User("ada"), server_url="https://chat.example")
ELSEWHERE = RequestContext(User("ada"), server_url="http://localhost:8000")
NOWHERE = RequestContext(User("ada"))
FOREIGN = "https://files.example.com/a.png"

STRANGE_IDS = ["atc_1", "ä/../b c", "a%2Fb?c#d", "attachment:x"]


@pytest.fixture
def clock() -> Iterator[float]:
    # Half a day later each time, so that no two addresses are alike.
    return (1_800_000_000.0 + 43_200 * n for n in count())


@pytest.fixture
def addresses(clock: Iterator[float]) -> SignedAddresses:
    return SignedAddresses(b"k" * 32, lambda: next(clock))


@pytest.fixture
async def signing_store(database: Database, addresses: SignedAddresses) -> ThreadStore:
    store = ThreadStore(database, addresses)
    await store.save_thread(thread(), ADA)
    return store


def image(attachment_id: str, url: str) -> ImageAttachment:
    return ImageAttachment(
        id=attachment_id,
        name="a.png",
        mime_type="image/png",
        thread_id="thr_1",
        preview_url=AnyUrl(url),
    )


def message_with(attachment: ImageAttachment) -> UserMessageItem:
    return UserMessageItem(
        id="msg_1",
        thread_id="thr_1",
        created_at=thread().created_at,
        content=[],
        attachments=[attachment],
        inference_options=InferenceOptions(),
    )


def generated(url: str) -> GeneratedImageItem:
    return GeneratedImageItem(
        id="img_1",
        thread_id="thr_1",
        created_at=thread().created_at,
        image=GeneratedImage(id="img_1", url=url),
    )


async def stored(database: Database) -> str:
    async with database.read() as connection:
        rows = [
            *await connection.scalars(select(attachments.c.data)),
            *await connection.scalars(select(items.c.data)),
        ]
    return "\n".join(rows)


@pytest.mark.parametrize("attachment_id", STRANGE_IDS)
async def test_an_attachment_gets_an_address_whenever_it_is_loaded(
    database: Database, signing_store: ThreadStore, addresses: SignedAddresses, attachment_id: str
) -> None:
    first = image(attachment_id, addresses.preview_url(ADA, attachment_id))
    await signing_store.save_attachment(first, ADA)
    assert first.preview_url.host == "chat.example"  # what was saved is left as it is
    assert "signature" not in await stored(database)
    seen = set()
    for context, host in ((ADA, "chat.example"), (ADA, "chat.example"), (ELSEWHERE, "localhost")):
        loaded = await signing_store.load_attachment(attachment_id, context)
        assert isinstance(loaded, ImageAttachment)
        assert loaded.preview_url.host == host
        seen.add(str(loaded.preview_url))
        await signing_store.save_attachment(loaded, context)
    assert len(seen) == 3
    assert placeholder(attachment_id) in await stored(database)
    assert "signature" not in await stored(database)


async def test_so_does_one_in_a_message(
    database: Database, signing_store: ThreadStore, addresses: SignedAddresses
) -> None:
    item = message_with(image("atc_1", addresses.preview_url(ADA, "atc_1")))
    await signing_store.add_thread_item("thr_1", item, ADA)
    assert "signature" not in await stored(database)
    one = await signing_store.load_item("thr_1", "msg_1", ELSEWHERE)
    page = await signing_store.load_thread_items("thr_1", None, 5, "asc", ELSEWHERE)
    for loaded in (one, page.data[0]):
        assert isinstance(loaded, UserMessageItem)
        (attachment,) = loaded.attachments
        assert isinstance(attachment, ImageAttachment)
        assert str(attachment.preview_url).startswith(
            "http://localhost:8000/api/chatkit/attachments/atc_1/preview?purpose=preview&"
        )


async def test_so_does_a_generated_image(
    database: Database, signing_store: ThreadStore, addresses: SignedAddresses
) -> None:
    url = addresses.image_url(ADA, "atc_1")
    for given in (url, placeholder("atc_1")):
        await signing_store.save_item("thr_1", generated(given), ADA)
        assert '"attachment:atc_1"' in await stored(database)
        loaded = await signing_store.load_item("thr_1", "img_1", ELSEWHERE)
        assert isinstance(loaded, GeneratedImageItem)
        assert loaded.image is not None
        assert loaded.image.url.startswith(
            "http://localhost:8000/api/chatkit/attachments/atc_1/preview?purpose=image&"
        )


async def test_the_holder_of_an_api_key_gets_addresses_of_the_owner(
    database: Database, signing_store: ThreadStore, addresses: SignedAddresses
) -> None:
    item = message_with(image("atc_1", placeholder("atc_1")))
    await signing_store.add_thread_item("thr_1", item, ADA)
    everything = AllThreads(database, addresses)
    page = await everything.items("thr_1", ListingRequest(), "https://chat.example")
    (loaded,) = page.data
    assert isinstance(loaded, UserMessageItem)
    query = dict(loaded.attachments[0].preview_url.query_params())  # type: ignore[union-attr] # an image
    assert addresses.verify(query, "atc_1", "preview").owner_id == "ada"


@pytest.mark.parametrize("url", [FOREIGN, "data:image/png;base64,AAAA"])
async def test_addresses_of_others_stay(signing_store: ThreadStore, url: str) -> None:
    await signing_store.save_attachment(image("atc_1", url), ADA)
    assert await signing_store.load_attachment("atc_1", ADA) == image("atc_1", url)
    await signing_store.save_item("thr_1", generated(url), ADA)
    assert await signing_store.load_item("thr_1", "img_1", ADA) == generated(url)


async def test_without_the_servers_address_or_a_key_there_is_a_placeholder(
    database: Database, signing_store: ThreadStore
) -> None:
    await signing_store.save_attachment(image("atc_1", placeholder("atc_1")), ADA)
    for store, context in ((signing_store, NOWHERE), (ThreadStore(database), ADA)):
        loaded = await store.load_attachment("atc_1", context)
        assert isinstance(loaded, ImageAttachment)
        assert is_placeholder(str(loaded.preview_url))


async def test_where_to_upload_is_not_stored(database: Database, store: ThreadStore) -> None:
    descriptor = {"url": "https://chat.example/up?signature=s", "method": "PUT"}
    whole = image_attachment().model_dump() | {"upload_descriptor": descriptor}
    attachment = ImageAttachment.model_validate(whole)
    await store.save_attachment(attachment, ADA)
    assert attachment.upload_descriptor is not None
    assert await store.load_attachment(attachment.id, ADA) == image_attachment()
    assert "signature" not in await stored(database)
