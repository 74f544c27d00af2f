"""Rate limits: one suite over both places where requests are counted; what is special of each."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chatkit_backend.auth import redis_counter
from chatkit_backend.auth.counters import Memory
from chatkit_backend.auth.rate_limits import RateLimits
from chatkit_backend.context import Session
from chatkit_backend.errors import SettingsError, TooManyRequests
from tests.redis_server import OwnRedis, running_redis

LimitsFor = Callable[..., RateLimits]

# Long enough for a slow machine, short enough to wait for.
PAUSE = 0.3


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis, for one test after the other: each has users of its own."""
    with running_redis() as url:
        yield url


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    with OwnRedis.running() as server:
        yield server


# Redis is given up after half a second. On a busy machine, one that is there takes longer.
LONG = 20.0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_counter, "_REDIS_SECONDS", LONG)


@pytest.fixture
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_counter, "_PAUSE_SECONDS", PAUSE)


@pytest.fixture
def user() -> str:
    """Somebody nobody has counted yet."""
    return f"user-{secrets.token_hex(8)}"


@pytest.fixture
async def make() -> AsyncIterator[LimitsFor]:
    """Makes rate limits that are closed when the test ends."""
    made: list[RateLimits] = []

    def make(**values: Any) -> RateLimits:
        defaults = {"turns_per_minute": 100, "requests_per_minute": 100}
        limits = RateLimits(**(defaults | {"api_requests_per_minute": 100} | values))
        made.append(limits)
        return limits

    yield make
    for limits in made:
        await limits.close()


@pytest.fixture(params=["memory", "redis"])
def limits_for(request: pytest.FixtureRequest, make: LimitsFor) -> LimitsFor:
    """Makes rate limits that count in each of the places there are."""
    if request.param == "memory":
        return make
    url = request.getfixturevalue("redis_url")
    return lambda **values: make(redis_url=url, **values)


def session(turns_per_minute: int | None, name: str = "") -> Session:
    return Session(
        id=name or f"cksess_{secrets.token_hex(8)}",
        created_at=datetime.now(UTC),
        turns_per_minute=turns_per_minute,
    )


async def refusal(counting: Awaitable[None]) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as raised:
        await counting
    return raised.value


async def how_many(count: Callable[[], Awaitable[None]], attempts: int) -> int:
    """How many of so many attempts, all at the same time, are let in."""
    results = await asyncio.gather(*(count() for _ in range(attempts)), return_exceptions=True)
    kinds = Counter(type(result) for result in results)
    assert set(kinds) <= {type(None), TooManyRequests}, results
    return kinds[type(None)]


# What is limited


@pytest.mark.parametrize(
    ("setting", "counted"),
    [
        ("turns_per_minute", "count_turn"),
        ("requests_per_minute", "count_request"),
        ("api_requests_per_minute", "count_api_request"),
    ],
)
async def test_as_many_are_let_in_as_the_setting_says(
    limits_for: LimitsFor, user: str, setting: str, counted: str
) -> None:
    count = getattr(limits_for(**{setting: 3}), counted)
    started = time.monotonic()
    for _ in range(3):
        await count(user)
    refused = await refusal(count(user))
    elapsed = time.monotonic() - started
    assert f"CHATKIT_{setting.upper()}" in refused.message
    assert " 3 " in refused.message
    assert 60 - elapsed <= refused.retry_after_seconds <= 60


async def test_one_user_does_not_use_up_the_places_of_another(
    limits_for: LimitsFor, user: str
) -> None:
    limits = limits_for(turns_per_minute=1, requests_per_minute=1, api_requests_per_minute=1)
    for whose in (user, f"{user}2"):
        await limits.count_request(whose)
        await limits.count_turn(whose)
        await limits.count_api_request(whose)
        await refusal(limits.count_request(whose))
        await refusal(limits.count_turn(whose))
        await refusal(limits.count_api_request(whose))


async def test_at_the_same_moment_no_more_are_let_in(limits_for: LimitsFor, user: str) -> None:
    limits = limits_for(requests_per_minute=40)
    assert await how_many(lambda: limits.count_request(user), 100) == 40


async def test_no_id_is_taken_for_another(limits_for: LimitsFor, user: str) -> None:
    limits = limits_for(requests_per_minute=1, turns_per_minute=1)
    endings = (
        *(
            "",
            " ",
            "/",
            "/1",
            "/1/60/second",
            "\x00",
            "\n",
            ":",
            "*",
            "?",
            "{",
            "{a}",
            "é",
            "e\u0301",
        ),
        *("\ud800", "\udfff", "😀", "\r\nFLUSHALL\r\n", "' OR 1=1", "A", "a", "x" * 100_000),
    )
    hostile = [user + ending for ending in endings]
    for whose in hostile:
        await limits.count_request(whose)
        await limits.count_turn(whose, session(1, whose))
    for whose in hostile:
        await refusal(limits.count_request(whose))
        await refusal(limits.count_turn(whose))


# Sessions


async def test_a_session_may_have_a_limit_of_its_own(limits_for: LimitsFor, user: str) -> None:
    limits, limited = limits_for(), session(2)
    await limits.count_turn(user, limited)
    await limits.count_turn(user, limited)
    refused = await refusal(limits.count_turn(user, limited))
    assert "session" in refused.message
    assert " 2 " in refused.message
    await limits.count_turn(user, session(2))
    await limits.count_turn(user, session(None))
    await limits.count_turn(user)


async def test_the_sessions_of_a_user_share_the_users_limit(
    limits_for: LimitsFor, user: str
) -> None:
    limits = limits_for(turns_per_minute=3)
    for limited in (session(2), session(None), None):
        await limits.count_turn(user, limited)
    for limited in (session(2), session(None), None):
        refused = await refusal(limits.count_turn(user, limited))
        assert "CHATKIT_TURNS_PER_MINUTE" in refused.message


async def test_what_a_session_refuses_is_not_counted_for_the_user(
    limits_for: LimitsFor, user: str
) -> None:
    limits, limited = limits_for(turns_per_minute=3), session(1)
    await limits.count_turn(user, limited)
    for _ in range(5):
        await refusal(limits.count_turn(user, limited))
    await limits.count_turn(user)
    await limits.count_turn(user)
    await refusal(limits.count_turn(user))


@pytest.mark.slow
async def test_what_is_refused_for_the_user_is_not_counted_for_the_session(
    limits_for: LimitsFor, user: str
) -> None:
    limits, limited = limits_for(turns_per_minute=1, window_seconds=2), session(1)
    await limits.count_turn(user)
    await asyncio.sleep(1)
    for _ in range(5):
        await refusal(limits.count_turn(user, limited))
    await asyncio.sleep(1.1)
    await limits.count_turn(user, limited)


@pytest.mark.slow
async def test_of_two_limits_that_are_reached_the_longer_wait_counts(
    limits_for: LimitsFor, user: str
) -> None:
    limits, limited = limits_for(turns_per_minute=2, window_seconds=3), session(1)
    await limits.count_turn(user)
    await asyncio.sleep(1.1)
    await limits.count_turn(user, limited)
    assert (await refusal(limits.count_turn(user))).retry_after_seconds == 2
    refused = await refusal(limits.count_turn(user, limited))
    assert "session" in refused.message
    assert refused.retry_after_seconds == 3


# When to come again


@pytest.mark.slow
async def test_a_refused_request_succeeds_after_the_time_that_it_was_told(
    limits_for: LimitsFor, user: str
) -> None:
    limits = limits_for(requests_per_minute=2, window_seconds=2)
    await limits.count_request(user)
    await asyncio.sleep(1.1)
    await limits.count_request(user)
    refused = await refusal(limits.count_request(user))
    assert refused.retry_after_seconds == 1  # 0.9, in fact
    await asyncio.sleep(refused.retry_after_seconds)
    await limits.count_request(user)
    # The second place has a time of its own, which having asked too early does not change.
    refused = await refusal(limits.count_request(user))
    await asyncio.sleep(refused.retry_after_seconds)
    await limits.count_request(user)


@given(
    st.integers(1, 4),
    # Pauses in quarters of a second: they add up without rounding, so a moment can be the very one.
    st.lists(st.tuples(st.integers(0, 160), st.sampled_from("ab"))),
)
def test_in_memory_the_limit_holds_in_every_minute_and_the_wait_is_true(
    limit: int, requests: list[tuple[int, str]]
) -> None:
    clock = Clock()
    limits = in_memory(clock, requests_per_minute=limit)
    let_in: dict[str, list[float]] = {"a": [], "b": []}

    async def run() -> None:
        for pause, whose in requests:
            clock.now += pause / 4
            latest = [at for at in let_in[whose] if at > clock.now - 60]
            if len(latest) < limit:
                await limits.count_request(whose)
                let_in[whose].append(clock.now)
                continue
            wait = (await refusal(limits.count_request(whose))).retry_after_seconds
            exact = latest[0] + 60 - clock.now
            assert max(1, exact) <= wait <= max(1, exact + 1.01)

    asyncio.run(run())


# In memory


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def in_memory(clock: Clock, requests_per_minute: int = 100) -> RateLimits:
    limits = RateLimits(
        turns_per_minute=100,
        requests_per_minute=requests_per_minute,
        api_requests_per_minute=100,
    )
    limits._memory._now = clock
    memory_of(limits)._now = clock
    return limits


def memory_of(limits: RateLimits) -> Memory:
    memory = limits._memory._limiter.storage
    assert isinstance(memory, Memory)
    return memory


def kept(limits: RateLimits) -> dict[str, list[float]]:
    memory = memory_of(limits)
    # Where `limits` would keep the same, or more.
    assert not memory.events
    assert not memory.storage
    assert not memory.locks
    return dict(memory._hits)


async def test_memory_forgets_users_after_a_minute() -> None:
    clock = Clock()
    limits = in_memory(clock)
    for number in range(1_000):
        await limits.count_request(f"early-{number}")
        await limits.count_turn(f"early-{number}", session(5))
    clock.now += 30
    await limits.count_request("early-7")
    clock.now += 30
    await limits.count_request("late")
    assert sorted(map(len, kept(limits).values())) == [1, 2]
    clock.now += 60
    await limits.count_request("latest")
    assert len(kept(limits)) == 1


async def test_memory_keeps_no_more_of_a_user_than_their_limit() -> None:
    clock = Clock()
    limits = in_memory(clock, requests_per_minute=10)
    for _ in range(300):
        await asyncio.gather(limits.count_request("eager"), return_exceptions=True)
        clock.now += 1
    ((hits),) = kept(limits).values()
    assert len(hits) <= 10


async def test_without_redis_each_instance_counts_its_own(make: LimitsFor, user: str) -> None:
    for limits in (make(requests_per_minute=1), make(requests_per_minute=1)):
        await limits.count_request(user)
        await refusal(limits.count_request(user))


async def test_a_session_that_may_not_ask_at_all_is_refused(
    limits_for: LimitsFor, user: str
) -> None:
    limits, silent = limits_for(), session(0)
    for _ in range(2):
        assert (await refusal(limits.count_turn(user, silent))).retry_after_seconds >= 1
    await limits.count_turn(user)


# In Redis


async def test_instances_share_their_counts_through_redis(
    make: LimitsFor, redis_url: str, user: str
) -> None:
    one, other = (make(turns_per_minute=30, redis_url=redis_url) for _ in range(2))
    limited = session(20)
    counts = await asyncio.gather(
        how_many(lambda: one.count_turn(user, limited), 40),
        how_many(lambda: other.count_turn(user, limited), 40),
    )
    assert sum(counts) == 20
    await one.count_turn(user)


PROCESS = """
import asyncio, sys
from chatkit_backend.auth import redis_counter
from chatkit_backend.auth.rate_limits import RateLimits
from chatkit_backend.errors import TooManyRequests

async def main(url, user):
    redis_counter._REDIS_SECONDS = 20
    limits = RateLimits(
        turns_per_minute=100, requests_per_minute=50, api_requests_per_minute=100, redis_url=url
    )
    results = await asyncio.gather(
        *(limits.count_request(user) for _ in range(40)), return_exceptions=True
    )
    await limits.close()
    assert {type(result) for result in results} <= {type(None), TooManyRequests}, results
    print(results.count(None))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_processes_share_their_counts_through_redis(redis_url: str, user: str) -> None:
    async def let_in() -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROCESS, redis_url, user), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return int(output)

    assert sum(await asyncio.gather(let_in(), let_in())) == 50


async def test_redis_learns_no_id_and_forgets_within_a_minute(
    make: LimitsFor, own_redis: OwnRedis
) -> None:
    limits = make(redis_url=own_redis.url)
    await limits.count_request("ada@example.com")
    await limits.count_turn("ada@example.com", session(5, "of-ada"))
    await limits.count_api_request("key-of-ada")
    with redis.Redis.from_url(own_redis.url, decode_responses=True) as client:
        keys = client.keys()
        assert isinstance(keys, list)
        assert len(keys) == 4
        for key in keys:
            assert key.startswith("chatkit:")
            assert "ada" not in key
            assert "ada" not in "".join(client.lrange(key, 0, -1))
            assert 55 <= client.ttl(key) <= 60


@pytest.mark.parametrize(("option", "most"), [("", 16), ("?max_connections=3", 3)])
async def test_a_crowd_shares_few_connections(
    make: LimitsFor, own_redis: OwnRedis, option: str, most: int
) -> None:
    limits = make(requests_per_minute=250, redis_url=own_redis.url + option)
    with capture_logs() as logs:
        assert await how_many(lambda: limits.count_request("crowd"), 400) == 250
    assert not logs
    with redis.Redis.from_url(own_redis.url) as client:
        assert len(client.client_list()) <= most + 1


async def test_a_request_that_is_given_up_disturbs_no_other(
    make: LimitsFor, redis_url: str, user: str
) -> None:
    limits = make(requests_per_minute=1_000, redis_url=redis_url)
    for rounds in range(60):
        given_up = [asyncio.create_task(limits.count_request(user)) for _ in range(5)]
        for _ in range(rounds % 12):
            await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
    late = f"{user}-late"
    with capture_logs() as logs:
        other = make(requests_per_minute=30, redis_url=redis_url)
        limits._requests = other._requests
        counts = await asyncio.gather(
            how_many(lambda: limits.count_request(late), 40),
            how_many(lambda: other.count_request(late), 40),
        )
    assert sum(counts) == 30
    assert not logs


async def test_a_clock_that_is_ahead_elsewhere_keeps_nobody_out_for_longer(
    make: LimitsFor, own_redis: OwnRedis
) -> None:
    limits = make(requests_per_minute=1, redis_url=own_redis.url)
    await limits.count_request("ada")
    with redis.Redis.from_url(own_redis.url) as client:
        (key,) = client.keys()
        client.lset(key, 0, str(time.time() + 3_600))
        # Redis drops all of it a minute after the last that was let in.
        assert client.ttl(key) <= 60
    assert (await refusal(limits.count_request("ada"))).retry_after_seconds == 60


async def test_a_restart_of_redis_between_two_requests_is_not_noticed(
    make: LimitsFor, own_redis: OwnRedis
) -> None:
    limits = make(redis_url=own_redis.url)
    with capture_logs() as logs:
        await how_many(lambda: limits.count_request("ada"), 20)
        own_redis.crash()
        own_redis.start()
        assert await how_many(lambda: limits.count_request("ada"), 20) == 20
    assert not logs


# Redis is away


async def test_while_redis_is_away_each_process_counts_for_itself(
    make: LimitsFor, own_redis: OwnRedis
) -> None:
    limits = make(requests_per_minute=3, turns_per_minute=3, redis_url=own_redis.url)
    other = make(requests_per_minute=3, redis_url=own_redis.url)
    for _ in range(3):
        await limits.count_request("ada")
    await refusal(limits.count_request("ada"))
    own_redis.crash()
    for counting in (limits, other):
        assert await how_many(lambda counting=counting: counting.count_request("ada"), 10) == 3  # type: ignore[misc]
    assert await how_many(lambda: limits.count_turn("ada", session(2, "s")), 10) == 2


@pytest.mark.usefixtures("short_pause")
async def test_when_redis_is_back_processes_count_together_again(
    make: LimitsFor, own_redis: OwnRedis
) -> None:
    limits, other = (make(requests_per_minute=3, redis_url=own_redis.url) for _ in range(2))
    await limits.count_request("ada")
    await other.count_request("ada")
    own_redis.crash()
    with capture_logs() as logs:
        await limits.count_request("ada")
        await other.count_request("ada")
        own_redis.start()
        await asyncio.sleep(PAUSE)
        for counting in (limits, other):
            await counting.count_request("first")  # of several, only one would try Redis
        counts = [await how_many(lambda: limits.count_request("bob"), 2)]
        counts.append(await how_many(lambda: other.count_request("bob"), 2))
    assert counts == [2, 1]
    assert [log["log_level"] for log in logs] == ["warning", "warning", "info", "info"]


async def test_redis_that_was_never_there_stops_nobody(make: LimitsFor, user: str) -> None:
    limits = make(requests_per_minute=2, redis_url="redis://127.0.0.1:1")
    with capture_logs() as logs:
        assert await how_many(lambda: limits.count_request(user), 20) == 2
    assert [log["redis"] for log in logs] == ["127.0.0.1:1"]


@pytest.mark.slow
async def test_nobody_waits_long_for_a_redis_that_stands_still(
    make: LimitsFor, own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for, pause = 1.5, 3.0
    monkeypatch.setattr(redis_counter, "_PAUSE_SECONDS", pause)
    limits = make(requests_per_minute=1_000, redis_url=own_redis.url)
    await limits.count_request("ada")

    async def waits(of: int) -> list[float]:
        async def wait() -> float:
            start = time.monotonic()
            await limits.count_request("ada")
            return time.monotonic() - start

        return await asyncio.gather(*(wait() for _ in range(of)))

    monkeypatch.setattr(redis_counter, "_REDIS_SECONDS", wait_for)
    with own_redis.frozen():
        # More at once than there are connections: those in line do not wait another time.
        assert wait_for <= max(await waits(100)) < 2 * wait_for
        assert max(await waits(100)) < wait_for
        await asyncio.sleep(pause)
        # One tries, the others do not wait for it.
        assert sum(seconds >= wait_for for seconds in await waits(10)) == 1
        assert max(await waits(100)) < wait_for


@pytest.mark.slow
@pytest.mark.usefixtures("short_pause")
async def test_after_standing_still_redis_counts_right(
    make: LimitsFor, own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, other = (make(requests_per_minute=20, redis_url=own_redis.url) for _ in range(2))
    assert await how_many(lambda: other.count_request("ada"), 21) == 20
    with own_redis.frozen(), monkeypatch.context() as patched:
        patched.setattr(redis_counter, "_REDIS_SECONDS", 0.5)
        assert await how_many(lambda: limits.count_request("ada"), 10) == 10
    await asyncio.sleep(PAUSE)
    await refusal(limits.count_request("ada"))  # a refusal is an answer, too: Redis is back
    # A late answer to a question that was given up would be taken for that to another.
    counts = [await how_many(lambda: limits.count_request("bob"), 15)]
    counts.append(await how_many(lambda: other.count_request("bob"), 15))
    assert counts == [15, 5]


@pytest.mark.usefixtures("short_pause")
async def test_a_redis_that_comes_and_goes_is_told_once_a_minute(
    make: LimitsFor, own_redis: OwnRedis
) -> None:
    limits = make(redis_url=own_redis.url)
    with capture_logs() as logs:
        for _ in range(3):
            own_redis.crash()
            await limits.count_request("ada")
            own_redis.start()
            await asyncio.sleep(PAUSE)
            await limits.count_request("ada")
    assert [log["log_level"] for log in logs] == ["warning", "info"]


@pytest.mark.usefixtures("short_pause")
async def test_it_is_told_again_after_the_minute(
    make: LimitsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_counter, "_WARNING_SECONDS", PAUSE)
    limits = make(redis_url="redis://127.0.0.1:1")
    with capture_logs() as logs:
        for _ in range(2):
            await limits.count_request("ada")
            await asyncio.sleep(PAUSE)
    assert [log["log_level"] for log in logs] == ["warning", "warning"]


@pytest.mark.parametrize(
    "options",
    [
        # The password is wrong.
        ("--requirepass", "right"),
        # None is known; Redis then repeats the one that it was given.
        ("--rename-command", "AUTH", ""),
        # It does not run our script.
        ("--user", "default", "on", "nopass", "~*", "+@all", "-evalsha"),
    ],
    ids=["wrong password", "no passwords", "forbidden"],
)
async def test_a_redis_that_refuses_us_stops_nobody_and_its_password_is_not_told(
    make: LimitsFor, own_redis: OwnRedis, options: tuple[str, ...]
) -> None:
    own_redis.crash()
    own_redis.start(*options)
    address = own_redis.url.removeprefix("redis://")
    limits = make(requests_per_minute=2, redis_url=f"redis://:hunter2@{address}")
    with capture_logs() as logs:
        assert await how_many(lambda: limits.count_request("ada"), 5) == 2
    assert [log["log_level"] for log in logs] == ["warning"]
    assert "hunter2" not in repr(logs)


async def test_a_redis_with_a_password_is_used(make: LimitsFor, own_redis: OwnRedis) -> None:
    own_redis.crash()
    own_redis.start("--requirepass", "p@ss/word")
    address = own_redis.url.removeprefix("redis://")
    url = f"redis://:p%40ss%2Fword@{address}"
    one, other = (make(requests_per_minute=1, redis_url=url) for _ in range(2))
    await one.count_request("ada")
    await refusal(other.count_request("ada"))


# Setting it up


async def test_an_address_needs_no_port(make: LimitsFor) -> None:
    limits = make(redis_url="redis://localhost/3")
    assert limits._redis is not None
    assert limits._redis._address == "localhost:6379"


@pytest.mark.parametrize(
    "url",
    [
        "http://:hunter2@localhost:6379",
        "redis://:hunter2@localhost:port",
        "redis://:hunter2@localhost:6379/0?colour=red",
        "redis://:hunter2@localhost:6379/0?socket_timeout=soon",
        "redis://:hunter2@localhost:6379/0?max_connections=-1",
        "redis://:hun/ter2@localhost:6379/0",
        "redis://:12/hunter2@localhost:6379/0",
        "redis://:12#hunter2@localhost:6379/0",
        "redis://:12?hunter2@localhost:6379/0",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="CHATKIT_REDIS_URL") as raised:
        RateLimits(
            turns_per_minute=1, requests_per_minute=1, api_requests_per_minute=1, redis_url=url
        )
    assert "ter2" not in str(raised.value)
    assert raised.value.__suppress_context__


async def test_redis_without_its_package_says_what_to_install(
    make: LimitsFor, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError, match="CHATKIT_REDIS_URL") as raised:
        make(redis_url="redis://localhost:6379/0")
    assert "pip install 'chatkit-backend[redis]'" in str(raised.value)
    await make().count_request(user)


async def test_closing_twice_does_nothing(limits_for: LimitsFor, user: str) -> None:
    limits = limits_for()
    await limits.count_request(user)
    await limits.close()
    await limits.close()


async def test_a_redis_that_does_not_hang_up_does_not_keep_the_server_from_stopping(
    make: LimitsFor, redis_url: str, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = make(redis_url=redis_url)
    await limits.count_request(user)
    assert limits._redis is not None
    pool = limits._redis._pool

    async def aclose() -> None:
        raise redis.TimeoutError("Timed out closing connection after 0.5")

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(pool, "aclose", aclose)
        await limits.close()
    assert [log["error"] for log in logs] == ["TimeoutError"]
