"""Recordings as browsers make them, with silence in them: streams that end anywhere.

Written from the formats' specifications, for there is no browser here to record with.
"""

from __future__ import annotations

import struct

_UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
_FRAME_MS = 60  # as Chrome cuts Opus


def webm(seconds: float, *, first_ms: int = 0, scale: int = 1_000_000, told: float = 0) -> bytes:
    """As Chrome's MediaRecorder makes it: segment and clusters of unknown size, no duration."""
    info = _element("2AD7B1", scale.to_bytes(4))
    if told:
        info += _element("4489", struct.pack(">d", told))
    data = _element("1A45DFA3", _element("4282", b"webm"))
    data += bytes.fromhex("18538067") + _UNKNOWN_SIZE + _element("1549A966", info)
    data += _element("1654AE6B", b"\0" * 40)
    times = range(first_ms, first_ms + round(seconds * 1000) + 1, _FRAME_MS)
    cluster = None
    for time in times:
        if cluster is None or time - cluster > 30_000:
            cluster = time
            data += bytes.fromhex("1F43B675") + _UNKNOWN_SIZE + _element("E7", time.to_bytes(4))
        head = b"\x81" + (time - cluster).to_bytes(2, signed=True) + b"\x80"
        data += _element("A3", head + b"\xf8\xff\xfe")
    return data


def ogg(seconds: float, codec: str = "opus") -> bytes:
    """As Firefox makes it: Opus with 48,000 samples a second, or Vorbis."""
    rate = 48_000 if codec == "opus" else 44_100
    first = (
        b"OpusHead\x01\x01\x38\x01" + (16_000).to_bytes(4, "little") + b"\0\0\0"
        if codec == "opus"
        else b"\x01vorbis\0\0\0\0\x01" + rate.to_bytes(4, "little") + b"\0" * 14
    )
    data = _page(first, 0) + _page(b"OpusTags" + b"\0" * 300, 0)
    for second in range(int(seconds)):
        data += _page(b"\xf8" * 600, -1) + _page(b"\xf8" * 100, (second + 1) * rate)
    return data + _page(b"\xf8", round(seconds * rate))


def mp4(seconds: float, *, rate: int = 44_100) -> bytes:
    """A whole file, which says in its head how long it is."""
    movie = _full(b"mvhd", 0, 0, 1000, round(seconds * 1000)) + _track(rate, round(seconds * rate))
    return _box(b"ftyp", b"M4A \0\0\0\0") + _box(b"mdat", b"\0" * 400) + _box(b"moov", movie)


def fragmented_mp4(
    seconds: float, *, rate: int = 44_100, told_by: str = "trex", wide: bool = False, begin: int = 0
) -> bytes:
    """As Safari's MediaRecorder makes it: no length in its head, and a fragment each second."""
    extends = _full(b"trex", 1, 1, rate // 10 if told_by == "trex" else 0, 0, 0)
    movie = _full(b"mvhd", 0, 0, 1000, 0) + _track(rate, 0) + _box(b"mvex", extends)
    data = _box(b"ftyp", b"iso5\0\0\0\0") + _box(b"moov", movie)
    for second in range(int(seconds)):
        time = begin + second * rate
        told = _full(b"tfdt", time, wide=True) if wide else _full(b"tfdt", time)
        head, run = _fragment(told_by, rate // 10)
        data += _box(b"moof", _full(b"mfhd", second) + _box(b"traf", head + told + run))
        data += _box(b"mdat", b"\0" * 200)
    return data


def _fragment(told_by: str, length: int) -> tuple[bytes, bytes]:
    """Ten samples, whose length stands in one of three places."""
    run = [10, 0]  # how many, and where they are
    if told_by == "trun":
        run += [field for _ in range(10) for field in (length, 20)]
        return _full(b"tfhd", 1, flags=0x20000), _full(b"trun", *run, flags=0x301)
    if told_by == "tfhd":
        return _full(b"tfhd", 1, 1, length, flags=0x2000A), _full(b"trun", *run, flags=0x1)
    return _full(b"tfhd", 1, flags=0x20000), _full(b"trun", *run, flags=0x1)


def _track(rate: int, length: int) -> bytes:
    media = _full(b"mdhd", 0, 0, rate, length, 0)
    return _box(b"trak", _full(b"tkhd", 0, 0, 1, 0, length) + _box(b"mdia", media))


def _box(name: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4) + name + body


def _full(name: bytes, *numbers: int, flags: int = 0, wide: bool = False) -> bytes:
    body = b"".join(number.to_bytes(8 if wide else 4) for number in numbers)
    return _box(name, bytes([wide]) + flags.to_bytes(3) + body)


def _element(name: str, body: bytes) -> bytes:
    return bytes.fromhex(name) + (len(body) | 0x4000).to_bytes(2) + body


def _page(packet: bytes, granule: int) -> bytes:
    sizes = [255] * (len(packet) // 255) + [len(packet) % 255]
    head = b"OggS\0\0" + granule.to_bytes(8, "little", signed=True) + b"\x07\0\0\0" + b"\0" * 8
    return head + bytes([len(sizes)]) + bytes(sizes) + packet
