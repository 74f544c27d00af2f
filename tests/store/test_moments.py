"""Pitfall 4: the SDK subtracts a stored time from a naive `datetime.now()`."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from chatkit.types import EndOfTurnItem

from chatkit_backend.store.moments import Moment

NEW_YORK_WINTER = timezone(timedelta(hours=-5))


def naive_now() -> datetime:
    return datetime.now()  # noqa: DTZ005 - what the SDK does


@pytest.mark.usefixtures("local_zone")
def test_a_naive_now_minus_a_moment_is_the_time_that_has_passed() -> None:
    moment = Moment.of(datetime.now(UTC) - timedelta(seconds=90))
    assert 90 <= (naive_now() - moment).total_seconds() < 95


@pytest.mark.usefixtures("local_zone")
def test_a_moment_minus_a_naive_now_is_negative_by_as_much() -> None:
    moment = Moment.of(datetime.now(UTC) - timedelta(seconds=90))
    assert -95 < (moment - naive_now()).total_seconds() <= -90


@pytest.mark.usefixtures("local_zone")
def test_a_naive_time_is_taken_as_local_time() -> None:
    assert abs(Moment.of(naive_now()) - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_moment_is_aware_utc_whatever_zone_it_was_made_from() -> None:
    moment = Moment.of(datetime(2026, 1, 2, 20, 30, 0, 7, tzinfo=NEW_YORK_WINTER))
    assert moment.tzinfo is UTC
    assert moment.isoformat() == "2026-01-03T01:30:00.000007+00:00"


def test_moments_and_aware_times_subtract_from_each_other() -> None:
    early = datetime(2026, 1, 1, 12, tzinfo=UTC)
    moment = Moment.of(early + timedelta(hours=1))
    later = Moment.of(early + timedelta(hours=3))
    assert moment - early == timedelta(hours=1)
    assert early - moment == -timedelta(hours=1)
    assert later - moment == timedelta(hours=2)
    assert early.astimezone(NEW_YORK_WINTER) - moment == -timedelta(hours=1)


def test_a_moment_less_a_duration_is_a_moment() -> None:
    moment = Moment.of(datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert type(moment - timedelta(hours=1)) is Moment
    assert (moment - timedelta(hours=1)).isoformat() == "2026-01-01T11:00:00+00:00"


def test_only_a_time_has_a_moment_subtracted_from_it() -> None:
    moment = Moment.of(datetime(2026, 1, 1, 12, tzinfo=UTC))
    with pytest.raises(TypeError):
        _ = timedelta(1) - moment  # type: ignore[operator]
    with pytest.raises(TypeError):
        _ = 3 - moment  # type: ignore[operator]


def test_a_moment_survives_copies_and_pickles() -> None:
    moment = Moment.of(datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC))
    item = EndOfTurnItem(id="i", thread_id="t", created_at=NOW)
    item.created_at = moment
    copies = [
        copy.copy(moment),
        copy.deepcopy(moment),
        pickle.loads(pickle.dumps(moment)),  # noqa: S301 - our own bytes
        item.model_copy().created_at,
        item.model_copy(deep=True).created_at,
    ]
    for again in copies:
        assert type(again) is Moment
        assert again == moment
        assert again.tzinfo is UTC
        assert (naive_now() - again) > timedelta(0)


def test_a_moment_is_iso_time_with_a_zone_in_the_json_of_pydantic() -> None:
    item = EndOfTurnItem(id="i", thread_id="t", created_at=NOW)
    assert '"created_at":"2026-01-01T12:00:00.000005Z"' in item.model_dump_json()


NOW = Moment.of(datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC))
