"""What a recording is, and how long it is at least, by its bytes alone.

Browsers record WebM, Ogg or MP4, as a stream that was cut off: what its head says of its length is
missing or zero, so the times of its parts count. Nothing is decoded. The bytes come from anybody,
so no number in them is believed further than they reach, and the work is bounded by `_MAX_PARTS`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

MediaType = Literal["audio/webm", "audio/ogg", "audio/mp4"]

# An hour in parts of 20 ms, and about a tenth of a second of work.
_MAX_PARTS: Final = 200_000


def media_type_of(recording: bytes) -> MediaType | None:
    """What the recording is by its first bytes; None for anything else."""
    if recording.startswith(b"\x1a\x45\xdf\xa3"):
        return "audio/webm"
    if recording.startswith(b"OggS"):
        return "audio/ogg"
    if recording[4:8] == b"ftyp":
        return "audio/mp4"
    return None


def least_seconds(recording: bytes) -> float:
    """How long the recording is at least; 0 where it does not say."""
    match media_type_of(recording):
        case "audio/webm":
            return _webm_seconds(recording)
        case "audio/ogg":
            return _ogg_seconds(recording)
        case "audio/mp4":
            return _mp4_seconds(recording)
        case None:
            return 0.0


# WebM: elements of an id, a size and a body (RFC 8794, RFC 9559)

_TIMESTAMP_SCALE: Final = 0x2AD7B1
_DURATION: Final = 0x4489
_TIMESTAMP: Final = 0xE7
_BLOCKS: Final = frozenset({0xA3, 0xA1})  # SimpleBlock, Block
# Those that hold what is looked for: Segment, Info, Cluster, BlockGroup. Their bodies are read as
# if they stood beside them, because a recorder does not know their sizes.
_OPENED: Final = frozenset({0x18538067, 0x1549A966, 0x1F43B675, 0xA0})


def _webm_seconds(data: bytes) -> float:
    scale = 1_000_000  # nanoseconds
    cluster = 0
    first: int | None = None
    last = told = 0.0
    for element, body in _elements(data):
        if element in _BLOCKS:
            time = cluster + _block_time(body)
            first = time if first is None else first
            last = max(last, time - first)
        elif element == _TIMESTAMP:
            cluster = int.from_bytes(body[:8])
        elif element == _TIMESTAMP_SCALE:
            scale = int.from_bytes(body[:8])
        elif element == _DURATION:
            told = _float(body)
    return max(last, told) * scale / 1e9


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    for _ in range(_MAX_PARTS):
        element, position = _variable(data, position, with_marker=True)
        size, position = _variable(data, position, with_marker=False)
        if position > len(data):
            return
        if element in _OPENED:
            continue
        yield element, data[position : position + min(size, 64)]
        position += size


def _variable(data: bytes, position: int, *, with_marker: bool) -> tuple[int, int]:
    """A number of variable length, and where it ends; beyond the end where there is none."""
    if position >= len(data) or data[position] == 0:
        return 0, len(data) + 1
    length = 9 - data[position].bit_length()
    number = int.from_bytes(data[position : position + length])
    return number if with_marker else number ^ (1 << 7 * length), position + length


def _block_time(body: bytes) -> int:
    _, position = _variable(body, 0, with_marker=False)  # number of the track
    return int.from_bytes(body[position : position + 2], signed=True)


def _float(body: bytes) -> float:
    if len(body) not in {4, 8}:
        return 0.0
    (value,) = struct.unpack(">f" if len(body) == 4 else ">d", body)  # noqa: PLR2004 - bytes
    # One that no recording can have would be infinite in nanoseconds.
    return float(value) if math.isfinite(value) and value < 2**63 else 0.0


# Ogg: pages, each with the number of the last sample that ends in it (RFC 3533, RFC 7845)

_PAGE_HEAD: Final = 27
_NO_SAMPLE: Final = -1
_OPUS_RATE: Final = 48_000


def _ogg_seconds(data: bytes) -> float:
    rates: dict[bytes, int] = {}
    last: dict[bytes, int] = {}
    position = 0
    for _ in range(_MAX_PARTS):
        head = data[position : position + _PAGE_HEAD]
        if len(head) < _PAGE_HEAD or not head.startswith(b"OggS"):
            break
        sample, stream = int.from_bytes(head[6:14], "little", signed=True), head[14:18]
        sizes = data[position + _PAGE_HEAD : position + _PAGE_HEAD + head[26]]
        begin = position + _PAGE_HEAD + len(sizes)
        if stream not in rates:
            rates[stream] = _ogg_rate(data[begin : begin + 16])
        if sample != _NO_SAMPLE:
            last[stream] = max(last.get(stream, 0), sample)
        position = begin + sum(sizes)
    # Streams in one file may follow each other, and each counts from zero.
    return sum(last[stream] / rates[stream] for stream in last if rates[stream])


def _ogg_rate(packet: bytes) -> int:
    """Samples a second of a stream with this first packet; 0 where it is no sound we know."""
    if packet.startswith(b"OpusHead"):
        return _OPUS_RATE
    if packet.startswith(b"\x01vorbis"):
        return int.from_bytes(packet[12:16], "little")
    return 0


# MP4: boxes of a size, a name and a body (ISO/IEC 14496-12)

_HOLDERS: Final = frozenset({b"moov", b"trak", b"mdia", b"mvex", b"moof", b"traf"})
_BOX_READ: Final = 1 << 20  # bytes of a body; a run of samples has up to 16 for each
_UNTIL_THE_END, _LONG_SIZE = 0, 1


@dataclass(slots=True)
class _Movie:
    """What an MP4 file has said so far. Times are in units of the movie or of a track.

    Attributes:
        seconds: The most that its head said.
        scale: Units a second of the movie.
        scales: Units a second of each track.
        track: The one that is spoken of.
        usual: Length of a sample of each track, where its fragment tells none.
        default: Length of a sample of this fragment, where its run tells none.
        begins: Where the first fragment of each track begins.
        ends: Where the last fragment of each track ends.
    """

    seconds: float = 0.0
    scale: int = 0
    scales: dict[int, int] = field(default_factory=dict)
    track: int = 0
    usual: dict[int, int] = field(default_factory=dict)
    default: int = 0
    begins: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)

    def read_head(self, name: bytes, body: bytes) -> None:
        """Read a box of what stands before the sound."""
        wide = _width(body)
        match name:
            case b"mvhd":
                self.scale = _number(body, 4 + 2 * wide)
                self._is_told(body, 8 + 2 * wide, self.scale)
            case b"tkhd":
                self.track = _number(body, 4 + 2 * wide)
            case b"mdhd":
                self.scales[self.track] = scale = _number(body, 4 + 2 * wide)
                self._is_told(body, 8 + 2 * wide, scale)
            case b"mehd":
                self._is_told(body, 4, self.scale)
            case b"trex":
                self.usual[_number(body, 4)] = _number(body, 12)
            case _:
                pass

    def read_fragment(self, name: bytes, body: bytes) -> None:
        """Read a box of a fragment, with which the sound goes on."""
        flags = _flags(body)
        match name:
            case b"tfhd":
                self.track = _number(body, 4)
                # An offset and an index come before the length of a sample, if they are there.
                position = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
                usual = self.usual.get(self.track, 0)
                self.default = _number(body, position) if flags & 0x8 else usual
            case b"tfdt":
                self.ends[self.track] = begin = _number(body, 4, _width(body))
                self.begins.setdefault(self.track, begin)
            case b"trun":
                begin = self.ends.get(self.track, 0)
                self.begins.setdefault(self.track, begin)
                self.ends[self.track] = begin + _run_length(body, flags, self.default)
            case _:
                pass

    def longest(self) -> float:
        """Seconds of the longest track."""
        fragments = [
            (end - self.begins[track]) / self.scales[track]
            for track, end in self.ends.items()
            if self.scales.get(track)
        ]
        return max([self.seconds, *fragments])

    def _is_told(self, body: bytes, position: int, scale: int) -> None:
        units, wide = _number(body, position, _width(body)), _width(body)
        is_known = units != (1 << 8 * wide) - 1
        if scale and is_known:
            self.seconds = max(self.seconds, units / scale)


def _mp4_seconds(data: bytes) -> float:
    movie = _Movie()
    for name, body in _boxes(data):
        movie.read_head(name, body)
        movie.read_fragment(name, body)
    return movie.longest()


def _width(body: bytes) -> int:
    """Bytes of a time in the box, by its version."""
    return 8 if body[:1] == b"\x01" else 4


def _flags(body: bytes) -> int:
    return int.from_bytes(body[1:4])


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    for _ in range(_MAX_PARTS):
        size, name, head = _number(data, position), data[position + 4 : position + 8], 8
        if size == _LONG_SIZE:
            size, head = _number(data, position + 8, 8), 16
        elif size == _UNTIL_THE_END:
            size = len(data) - position
        if len(name) < 4 or size < head:  # noqa: PLR2004 - letters
            return
        if name in _HOLDERS:
            position += head
            continue
        yield name, data[position + head : position + min(size, head + _BOX_READ)]
        position += size


def _run_length(body: bytes, flags: int, default: int) -> int:
    """How long a run of samples is, in units of its track."""
    count = _number(body, 4)
    if not flags & 0x100:
        return count * default
    begin = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    step = 4 * sum(bool(flags & flag) for flag in (0x100, 0x200, 0x400, 0x800))
    end = min(len(body), begin + count * step)
    return sum(_number(body, position) for position in range(begin, end, step))


def _number(data: bytes, position: int, size: int = 4) -> int:
    """A number; what is cut off counts as nothing."""
    return int.from_bytes(data[position : position + size])
