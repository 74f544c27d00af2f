"""How long a recording is at least, whatever somebody sends."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_backend.models.recordings import least_seconds, media_type_of
from tests.recordings import fragmented_mp4, mp4, ogg, webm

Make = Callable[[float], bytes]

MADE: dict[str, Make] = {
    "webm": webm,
    "webm, clock that runs already": lambda s: webm(s, first_ms=3_600_000),
    "webm, other units": lambda s: webm(s * 2, scale=500_000),
    "webm, told in the head": lambda s: webm(1, told=s * 1000),
    "ogg": ogg,
    "ogg vorbis": lambda s: ogg(s, "vorbis"),
    "mp4": mp4,
    "mp4, samples told for all": fragmented_mp4,
    "mp4, samples told for a fragment": lambda s: fragmented_mp4(s, told_by="tfhd"),
    "mp4, samples told one by one": lambda s: fragmented_mp4(s, told_by="trun"),
    "mp4, wide times": lambda s: fragmented_mp4(s, wide=True),
    "mp4, clock that runs already": lambda s: fragmented_mp4(s, begin=44_100 * 3_600),
}


@pytest.mark.parametrize("seconds", [2, 100])
@pytest.mark.parametrize("name", MADE)
def test_a_recording_is_as_long_as_its_parts_say(name: str, seconds: int) -> None:
    assert least_seconds(MADE[name](seconds)) == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize("name", ["webm", "ogg", "mp4, samples told for all"])
def test_a_recording_that_is_cut_off_is_as_long_as_what_is_there(name: str) -> None:
    whole = MADE[name](100)
    assert least_seconds(whole[: len(whole) // 2]) == pytest.approx(50, abs=2)


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        (webm(1), "audio/webm"),
        (ogg(1), "audio/ogg"),
        (mp4(1), "audio/mp4"),
        (fragmented_mp4(1), "audio/mp4"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"", None),
    ],
)
def test_a_recording_is_known_by_its_first_bytes(recording: bytes, expected: str | None) -> None:
    assert media_type_of(recording) == expected


def test_what_is_no_recording_has_no_length() -> None:
    assert least_seconds(b"RIFF and so on") == 0


@pytest.mark.parametrize("told", [math.nan, math.inf, -5.0, 1e300])
def test_an_impossible_length_in_the_head_counts_for_nothing(told: float) -> None:
    assert least_seconds(webm(2, told=told)) == pytest.approx(2, abs=0.1)


HEADS = st.sampled_from(
    [webm(3), ogg(3), mp4(3), *(fragmented_mp4(3, told_by=t) for t in ("trex", "trun"))]
)


@given(HEADS, st.lists(st.tuples(st.integers(0, 2_000), st.binary(min_size=1, max_size=9))))
def test_whatever_is_changed_in_a_recording_its_length_is_a_number(
    recording: bytes, changes: list[tuple[int, bytes]]
) -> None:
    for place, data in changes:
        recording = recording[:place] + data + recording[place + len(data) :]
    seconds = least_seconds(recording)
    assert math.isfinite(seconds)
    assert seconds >= 0


@given(st.sampled_from([b"\x1a\x45\xdf\xa3", b"OggS", b"\0\0\0\x08ftyp"]), st.binary(max_size=500))
def test_whatever_comes_after_the_first_bytes_the_length_is_a_number(
    first: bytes, rest: bytes
) -> None:
    assert math.isfinite(least_seconds(first + rest))


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b"\xec\x80", id="webm"),
        pytest.param(b"OggS" + b"\0" * 23, id="ogg"),
        pytest.param(b"\0\0\0\x08free", id="mp4"),
        pytest.param(b"\0\0\0\x18moof\0\0\0\x10trun\0\0\0\0\xff\xff\xff\xff", id="mp4 runs"),
    ],
)
def test_a_recording_of_millions_of_parts_takes_no_seconds(part: bytes) -> None:
    first = {b"\xec": b"\x1a\x45\xdf\xa3\x80", b"O": b""}.get(part[:1], b"\0\0\0\x08ftyp")
    began = time.process_time()
    least_seconds(first + part * (10_000_000 // len(part)))
    assert time.process_time() - began < 3
