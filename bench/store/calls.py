"""What is measured: single calls by one user, and many users at once."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from chatkit.store import Store

from bench.store.filling import Size, assistant_message, owner, thread_id, user_message
from chatkit_backend.context import RequestContext

AnyStore = Store[RequestContext]
Call = Callable[[AnyStore, int, Size], Awaitable[Any]]

USERS_AT_ONCE = 20


def _id() -> str:
    return f"msg_{secrets.token_hex(16)}"


def _add(store: AnyStore, thread: int, size: Size) -> Awaitable[Any]:
    item = user_message(_id(), thread_id(thread), datetime.now(UTC))
    return store.add_thread_item(thread_id(thread), item, owner(thread, size))


def _newest(count: int) -> Call:
    def load(store: AnyStore, thread: int, size: Size) -> Awaitable[Any]:
        context = owner(thread, size)
        return store.load_thread_items(thread_id(thread), None, count, "desc", context)

    return load


def _threads(store: AnyStore, thread: int, size: Size) -> Awaitable[Any]:
    return store.load_threads(20, None, "desc", owner(thread, size))


CALLS: dict[str, Call] = {
    "add an item": _add,
    "load the 20 newest items": _newest(20),
    "load a history of 100": _newest(100),
    "list 20 threads": _threads,
}


async def _turn(store: AnyStore, thread: int, size: Size) -> int:
    """What one message and its answer do to a store. How many calls that is."""
    context, own = owner(thread, size), thread_id(thread)
    await store.load_thread(own, context)
    await store.add_thread_item(own, user_message(_id(), own, datetime.now(UTC)), context)
    await store.load_thread_items(own, None, 50, "desc", context)
    await store.add_thread_item(own, assistant_message(_id(), own, datetime.now(UTC)), context)
    return 4


async def _one_item(store: AnyStore, thread: int, size: Size) -> int:
    await _add(store, thread, size)
    return 1


LOADS = {"items added": _one_item, "calls of whole turns": _turn}


async def latency(store: AnyStore, size: Size, call: Call, times: int, seed: int) -> list[float]:
    """Milliseconds of each of so many calls, one after the other, on threads by chance."""
    chance = random.Random(seed)  # noqa: S311 - the same threads for every store
    measured = []
    for number in range(times + times // 10):
        thread = chance.randrange(size.threads)
        started = time.perf_counter()
        await call(store, thread, size)
        if number >= times // 10:  # what came before warmed it up
            measured.append((time.perf_counter() - started) * 1000)
    return measured


async def throughput(
    store: AnyStore,
    size: Size,
    load: Callable[[AnyStore, int, Size], Awaitable[int]],
    times: int,
    seed: int,
) -> float:
    """Calls a second of 20 users at once, each in threads of their own.

    Args:
        store: What is measured.
        size: What is in it.
        load: What each user does; gives the number of calls that it made.
        times: How many calls all of them make together.
        seed: Of the choice of threads.
    """
    chance = random.Random(seed)  # noqa: S311 - the same threads for every store

    async def use(user: int) -> int:
        own = range(user % size.threads, size.threads, USERS_AT_ONCE)
        made = 0
        while made < times // USERS_AT_ONCE:
            made += await load(store, chance.choice(own), size)
        return made

    started = time.perf_counter()
    calls = sum(await asyncio.gather(*(use(user) for user in range(USERS_AT_ONCE))))
    return calls / (time.perf_counter() - started)
