"""A signed address is good for one thing, for one file, for a while, and for nothing else."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_backend.auth.signed_addresses import Purpose, SignedAddresses
from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import Forbidden

ADA = RequestContext(User("ada"), server_url="https://chat.example/behind")
PURPOSES: tuple[Purpose, ...] = ("upload", "preview", "image")
START = 1_800_000_000.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = START

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def addresses(clock: Clock) -> SignedAddresses:
    return SignedAddresses(b"k" * 32, clock)


def signed(
    addresses: SignedAddresses, purpose: str, context: RequestContext = ADA, name: str = "atc_1"
) -> str:
    url: str = getattr(addresses, f"{purpose}_url")(context, name)
    return url


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_it_says_whose_file_it_is_and_what_for(
    addresses: SignedAddresses, purpose: Purpose
) -> None:
    address = addresses.verify(query_of(signed(addresses, purpose)), "atc_1", *PURPOSES)
    assert (address.purpose, address.owner_id) == (purpose, "ada")
    assert address.expires_in > 0


@pytest.mark.parametrize(
    ("purpose", "path"),
    [("upload", ""), ("preview", "/preview"), ("image", "/preview")],
)
def test_it_leads_to_the_route_below_the_servers_own_address(
    addresses: SignedAddresses, purpose: str, path: str
) -> None:
    url = signed(addresses, purpose)
    assert url.startswith(f"https://chat.example/behind/api/chatkit/attachments/atc_1{path}?")
    strange = urlsplit(signed(addresses, purpose, name="../a b?c#d"))
    assert strange.path.endswith(f"/attachments/..%2Fa%20b%3Fc%23d{path}")


def test_the_owner_is_not_to_be_read_in_it(addresses: SignedAddresses) -> None:
    owner = RequestContext(User("ada@example.org"), server_url="https://chat.example")
    assert "ada" not in signed(addresses, "preview", owner)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_without_the_servers_address_it_leads_nowhere(
    addresses: SignedAddresses, purpose: str
) -> None:
    assert signed(addresses, purpose, RequestContext(User("ada"))) == "attachment:atc_1"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_it_is_good_for_nothing_else(addresses: SignedAddresses, purpose: Purpose) -> None:
    others = tuple(other for other in PURPOSES if other != purpose)
    with pytest.raises(Forbidden, match="another purpose"):
        addresses.verify(query_of(signed(addresses, purpose)), "atc_1", *others)


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": "upload"},
        {"owner": "Ym9i"},
        {"owner": ""},
        {"expires": "9999999999"},
        {"signature": ""},
        {"signature": "ä"},
        {"signature": "A" * 43},
        {"attachment": "atc_2"},
    ],
)
def test_whoever_changes_it_has_none(addresses: SignedAddresses, changed: dict[str, str]) -> None:
    query = query_of(signed(addresses, "preview")) | changed
    with pytest.raises(Forbidden):
        addresses.verify(query, changed.get("attachment", "atc_1"), *PURPOSES)


@pytest.mark.parametrize("missing", ["purpose", "owner", "expires", "signature"])
def test_all_of_it_is_needed(addresses: SignedAddresses, missing: str) -> None:
    query = query_of(signed(addresses, "preview"))
    del query[missing]
    with pytest.raises(Forbidden):
        addresses.verify(query, "atc_1", *PURPOSES)


def test_another_key_makes_others(addresses: SignedAddresses, clock: Clock) -> None:
    another = SignedAddresses(b"K" * 32, clock)
    with pytest.raises(Forbidden):
        another.verify(query_of(signed(addresses, "preview")), "atc_1", *PURPOSES)


@pytest.mark.parametrize(
    "lasting",
    [
        ("upload", 600, 600),
        ("preview", 43_200, 86_400),
        ("image", 43_200, 86_400),
    ],
)
@pytest.mark.parametrize("later", [0, 1_000, 20_000, 43_000])
def test_it_ends(
    addresses: SignedAddresses, clock: Clock, lasting: tuple[Purpose, int, int], later: int
) -> None:
    purpose, least, most = lasting
    clock.seconds = began = START + later
    query = query_of(signed(addresses, purpose))
    clock.seconds = began + least - 1
    addresses.verify(query, "atc_1", purpose)
    clock.seconds = began + most
    with pytest.raises(Forbidden, match="has ended"):
        addresses.verify(query, "atc_1", purpose)


def test_that_of_a_picture_stays_the_same_for_a_while(
    addresses: SignedAddresses, clock: Clock
) -> None:
    seen = set()
    for _ in range(24):
        seen.add(signed(addresses, "preview"))
        clock.seconds += 3_600
    assert len(seen) in {2, 3}


@given(owner=st.text(min_size=1), name=st.text(min_size=1))
def test_any_owner_and_any_id_come_back(owner: str, name: str) -> None:
    addresses = SignedAddresses(b"k" * 32)
    context = RequestContext(User(owner), server_url="https://chat.example")
    query = query_of(addresses.preview_url(context, name))
    assert addresses.verify(query, name, "preview").owner_id == owner


@given(st.dictionaries(st.sampled_from(["purpose", "owner", "expires", "signature"]), st.text()))
def test_no_query_breaks_it(query: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        SignedAddresses(b"k" * 32).verify(query, "atc_1", *PURPOSES)
