"""Pitfall 1: the SDK's ids keep 32 random bits, and a clash overwrites."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from chatkit.store import StoreItemType, default_generate_id

from chatkit_backend.context import RequestContext
from chatkit_backend.store.ids import new_id
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import thread

KINDS: tuple[StoreItemType, ...] = get_args(StoreItemType)


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_carries_128_random_bits_behind_the_prefix_of_the_sdk(kind: StoreItemType) -> None:
    prefix = default_generate_id(kind).partition("_")[0]
    assert re.fullmatch(prefix + "_[0-9a-f]{32}", new_id(kind))


def test_every_bit_of_an_id_is_random() -> None:
    drawn = [int(new_id("message").partition("_")[2], 16) for _ in range(200)]
    ones, zeros = 0, 0
    for number in drawn:
        ones |= number
        zeros |= ~number
    # A bit that is the same in 200 ids is stuck; by chance that happens once in 10^58 runs.
    assert ones == 2**128 - 1
    assert zeros & (2**128 - 1) == 2**128 - 1


async def test_the_store_gives_out_these_ids(store: ThreadStore, alice: RequestContext) -> None:
    assert re.fullmatch("thr_[0-9a-f]{32}", store.generate_thread_id(alice))
    for kind in KINDS:
        item_id = store.generate_item_id(kind, thread(), alice)
        assert re.fullmatch("[a-z]+_[0-9a-f]{32}", item_id)
        assert item_id.partition("_")[0] == new_id(kind).partition("_")[0]
