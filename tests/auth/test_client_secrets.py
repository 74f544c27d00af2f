"""The `session` mode: a client secret opens its session, for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from chatkit_backend.auth.client_secrets import ClientSecrets, Issued, Lifetimes
from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.context import User, Workflow
from chatkit_backend.errors import NotFound, NotSignedIn
from chatkit_backend.store.engine import Database
from chatkit_backend.store.sessions import SessionStore
from chatkit_backend.store.tokens import API_KEY, CLIENT_SECRET
from tests.conftest import memory_database

ALICE = User("alice")
LIFETIMES = Lifetimes(secret=600, grace=3_600, session=86_400)


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 25, 12, tzinfo=UTC)
    passed: float = 0.0

    def __call__(self) -> datetime:
        return self.now

    def timer(self) -> float:
        return self.passed

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.passed += seconds


@pytest.fixture
async def database(tables: str) -> AsyncIterator[Database]:
    database = await memory_database(tables)
    yield database
    await database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets(database: Database, clock: Clock) -> ClientSecrets:
    return ClientSecrets(SessionStore(database), LIFETIMES, clock, clock.timer)


@pytest.fixture
def replica(database: Database, clock: Clock) -> ClientSecrets:
    """Another process on the same database."""
    return ClientSecrets(SessionStore(database), LIFETIMES, clock, clock.timer)


async def shown(secrets: ClientSecrets, secret: str) -> Identity | None:
    return await secrets(Credentials(headers={"authorization": f"Bearer {secret}"}))


async def refused(secrets: ClientSecrets, secret: str) -> str:
    """The code of the refusal."""
    with pytest.raises(NotSignedIn) as refusal:
        await shown(secrets, secret)
    assert secret not in str(refusal.value)
    return refusal.value.code


async def not_refreshed(secrets: ClientSecrets, secret: str) -> str:
    with pytest.raises(NotSignedIn) as refusal:
        await secrets.refresh(secret)
    return refusal.value.code


async def test_a_client_secret_opens_the_session_it_was_made_for(secrets: ClientSecrets) -> None:
    issued = await secrets.create(ALICE, workflow=Workflow("wf_1"), turns_per_minute=3)
    assert issued.client_secret.startswith("ck_sess_")
    identity = await shown(secrets, issued.client_secret)
    assert identity == Identity(ALICE, issued.stored.session)
    assert issued.stored.session.workflow.id == "wf_1"


async def test_it_works_on_every_replica_at_once(
    secrets: ClientSecrets, replica: ClientSecrets
) -> None:
    issued = await secrets.create(ALICE)
    assert await shown(replica, issued.client_secret)


@pytest.mark.parametrize(
    "header", [None, "Basic abc", "Bearer", "Bearer ", f"Bearer {API_KEY}x", "Bearer eyJ.a.b"]
)
async def test_other_credentials_are_left_to_other_modes(
    secrets: ClientSecrets, header: str | None
) -> None:
    headers = {} if header is None else {"authorization": header}
    assert await secrets(Credentials(headers=headers)) is None


async def test_the_scheme_may_be_written_in_any_case(secrets: ClientSecrets) -> None:
    issued = await secrets.create(ALICE)
    headers = {"authorization": f"bearer  {issued.client_secret}"}
    assert await secrets(Credentials(headers=headers))


@pytest.mark.parametrize(
    "secret", [CLIENT_SECRET + "x" * 43, CLIENT_SECRET, CLIENT_SECRET + "x" * 10_000]
)
async def test_an_unknown_client_secret_is_refused(secrets: ClientSecrets, secret: str) -> None:
    assert await refused(secrets, secret) == "client_secret_unknown"


async def test_it_ends_after_its_time_even_when_it_was_just_used(
    secrets: ClientSecrets, clock: Clock
) -> None:
    issued = await secrets.create(ALICE, ttl_seconds=60)
    clock.wait(59)
    assert await shown(secrets, issued.client_secret)
    clock.wait(1)
    assert await refused(secrets, issued.client_secret) == "client_secret_expired"


async def test_a_cancelled_session_is_over_at_once_here(secrets: ClientSecrets) -> None:
    issued = await secrets.create(ALICE)
    await shown(secrets, issued.client_secret)
    await secrets.cancel(issued.stored.session.id)
    assert await refused(secrets, issued.client_secret) == "client_secret_cancelled"


async def test_a_cancellation_elsewhere_counts_within_five_seconds(
    secrets: ClientSecrets, replica: ClientSecrets, clock: Clock
) -> None:
    issued = await secrets.create(ALICE)
    await shown(replica, issued.client_secret)
    await secrets.cancel(issued.stored.session.id)
    clock.wait(5)
    assert await refused(replica, issued.client_secret) == "client_secret_cancelled"


async def test_checking_costs_one_query_and_none_for_a_while_after(
    database: Database, secrets: ClientSecrets, replica: ClientSecrets, clock: Clock
) -> None:
    issued = await secrets.create(ALICE)
    sent: list[Any] = []
    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    for _ in range(5):
        await shown(replica, issued.client_secret)
    assert len(sent) == 1
    clock.wait(5)
    await shown(replica, issued.client_secret)
    assert len(sent) == 2


async def test_a_clock_that_is_set_back_keeps_no_cancelled_session_alive(
    secrets: ClientSecrets, replica: ClientSecrets, clock: Clock
) -> None:
    issued = await secrets.create(ALICE)
    await shown(replica, issued.client_secret)
    clock.now -= timedelta(seconds=300)
    await secrets.cancel(issued.stored.session.id)
    clock.wait(5)
    assert await refused(replica, issued.client_secret) == "client_secret_cancelled"


async def test_nothing_is_cancelled_under_an_unknown_id(secrets: ClientSecrets) -> None:
    with pytest.raises(NotFound):
        await secrets.cancel("cksess_none")


async def test_refreshing_gives_another_secret_of_the_same_session(
    secrets: ClientSecrets, clock: Clock
) -> None:
    old = await secrets.create(ALICE, turns_per_minute=3, ttl_seconds=60)
    clock.wait(50)
    new = await secrets.refresh(old.client_secret)
    assert new.client_secret != old.client_secret
    assert new.stored.session == old.stored.session
    assert new.stored.expires_at == clock.now + timedelta(seconds=60)
    assert await shown(secrets, new.client_secret) == Identity(ALICE, old.stored.session)


async def test_the_old_secret_lives_half_a_minute_longer_for_requests_under_way(
    secrets: ClientSecrets, replica: ClientSecrets, clock: Clock
) -> None:
    old = await secrets.create(ALICE)
    await shown(secrets, old.client_secret)
    await secrets.refresh(old.client_secret)
    clock.wait(29)
    assert await shown(secrets, old.client_secret)
    clock.wait(2)
    for process in (secrets, replica):
        assert await refused(process, old.client_secret) == "client_secret_expired"


async def test_refreshing_late_does_not_revive_the_old_secret(
    secrets: ClientSecrets, clock: Clock
) -> None:
    old = await secrets.create(ALICE)
    clock.wait(700)
    await secrets.refresh(old.client_secret)
    assert await refused(secrets, old.client_secret) == "client_secret_expired"


async def test_two_tabs_may_refresh_the_same_secret_at_once(secrets: ClientSecrets) -> None:
    old = await secrets.create(ALICE)
    new = [await secrets.refresh(old.client_secret) for _ in range(2)]
    for issued in new:
        assert await shown(secrets, issued.client_secret)


async def test_two_tabs_may_refresh_an_expired_secret_one_after_the_other(
    secrets: ClientSecrets, clock: Clock
) -> None:
    old = await secrets.create(ALICE)
    clock.wait(700)
    for seconds in (0, 29):
        clock.wait(seconds)
        assert await shown(secrets, (await secrets.refresh(old.client_secret)).client_secret)
    clock.wait(1)
    assert await not_refreshed(secrets, old.client_secret) == "client_secret_expired"


async def test_a_secret_that_was_refreshed_before_is_worthless_to_whoever_found_it(
    secrets: ClientSecrets, clock: Clock
) -> None:
    old = await secrets.create(ALICE)
    await secrets.refresh(old.client_secret)
    clock.wait(31)
    assert await not_refreshed(secrets, old.client_secret) == "client_secret_expired"


async def test_an_expired_secret_can_be_refreshed_until_the_grace_period_ends(
    secrets: ClientSecrets, clock: Clock
) -> None:
    late, too_late = await secrets.create(ALICE), await secrets.create(ALICE)
    clock.wait(600 + 3_599)
    assert await shown(secrets, (await secrets.refresh(late.client_secret)).client_secret)
    clock.wait(1)
    assert await not_refreshed(secrets, too_late.client_secret) == "client_secret_expired"


async def test_a_cancelled_session_is_never_refreshed(
    secrets: ClientSecrets, replica: ClientSecrets
) -> None:
    issued = await secrets.create(ALICE)
    await shown(replica, issued.client_secret)
    await secrets.cancel(issued.stored.session.id)
    # Not even where the cancellation has not been heard of yet.
    for process in (secrets, replica):
        assert await not_refreshed(process, issued.client_secret) == "client_secret_cancelled"


async def test_no_session_outlives_its_longest_age_however_often_it_is_refreshed(
    secrets: ClientSecrets, clock: Clock
) -> None:
    first = await secrets.create(ALICE)
    end = clock.now + timedelta(seconds=86_400)
    issued: Issued = first
    for _ in range(144):
        clock.wait(599)
        issued = await secrets.refresh(issued.client_secret)
        assert issued.stored.expires_at <= end
    clock.now = end
    assert await refused(secrets, issued.client_secret) == "client_secret_expired"
    assert await not_refreshed(secrets, issued.client_secret) == "client_secret_expired"


async def test_no_client_secret_outlives_the_longest_age_of_a_session(
    secrets: ClientSecrets, clock: Clock
) -> None:
    issued = await secrets.create(ALICE, ttl_seconds=1_000_000)
    assert issued.stored.expires_at == clock.now + timedelta(seconds=86_400)


@pytest.mark.parametrize("secret", ["", "eyJ.a.b", API_KEY + "x", CLIENT_SECRET + "x" * 43])
async def test_what_is_no_client_secret_cannot_be_refreshed(
    secrets: ClientSecrets, secret: str
) -> None:
    assert await not_refreshed(secrets, secret) == "client_secret_unknown"


async def test_a_secret_does_not_show_in_what_is_printed(secrets: ClientSecrets) -> None:
    issued = await secrets.create(ALICE)
    assert issued.client_secret not in f"{issued!r} {issued} {[issued]}"
