"""Pictures: small, upright, and nothing in them but pixels."""

import io
import struct
import time
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from chatkit_backend.errors import NotAPicture
from chatkit_backend.files.pictures import picture

_ORIENTATION = 0x0112
_CAMERA = 0x010F


def _file(image: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def _photo(width: int = 80, height: int = 60) -> Image.Image:
    return Image.effect_noise((width, height), 60).convert("RGB")


def _seen(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def _colour(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    colour = image.convert("RGB").getpixel(place)
    assert isinstance(colour, tuple)
    return colour


def _brightness(image: Image.Image, place: tuple[int, int]) -> int:
    return _colour(image.convert("L"), place)[0]


def _png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in [(b"IHDR", header), *chunks]
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_made_no_larger_than_asked_for_and_keeps_its_shape(kind: str) -> None:
    small = picture(_file(_photo(400, 200), kind), 100)

    assert (small.width, small.height) == (100, 50)
    assert _seen(small.content).size == (100, 50)


def test_a_small_picture_is_never_enlarged() -> None:
    same = picture(_file(_photo(40, 30), "PNG"), 1000)

    assert (same.width, same.height) == (40, 30)


def test_a_photo_becomes_a_jpeg_and_a_drawing_a_png() -> None:
    drawing = Image.new("RGB", (200, 200), "white")
    drawing.paste("red", (50, 50, 150, 150))

    assert picture(_file(_photo(), "PNG"), 100).media_type == "image/jpeg"
    assert picture(_file(_photo(), "JPEG"), 100).media_type == "image/jpeg"
    assert picture(_file(drawing, "PNG"), 200).media_type == "image/png"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_stays_so(kind: str) -> None:
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 0))

    seen = picture(_file(image, kind), 40)

    assert seen.media_type == "image/png"
    assert _seen(seen.content).getchannel("A").getextrema() == (0, 0)


def test_a_palette_with_a_transparent_colour_stays_transparent() -> None:
    image = Image.new("P", (40, 40), 0)

    seen = _seen(picture(_file(image, "GIF", transparency=0), 40).content)

    assert seen.getchannel("A").getextrema() == (0, 0)


def test_an_alpha_channel_that_hides_nothing_is_dropped() -> None:
    image = _photo()
    image.putalpha(255)

    assert picture(_file(image, "PNG"), 80).media_type == "image/jpeg"


def test_sixteen_bits_of_grey_do_not_all_become_white() -> None:
    image = Image.new("I;16", (10, 10), 0x4000)

    assert _brightness(_seen(picture(_file(image, "PNG"), 10).content), (5, 5)) == 0x40


def test_inks_become_colours() -> None:
    image = Image.new("CMYK", (20, 20), (0, 255, 255, 0))

    seen = _seen(picture(_file(image, "JPEG"), 20).content)

    assert seen.mode == "RGB"
    red, green, _ = _colour(seen, (10, 10))
    assert red > 200
    assert green < 60


def test_a_photo_taken_sideways_is_turned_upright() -> None:
    image = Image.new("RGB", (200, 100), "white")
    image.paste("black", (0, 0, 100, 100))  # the left half, which is the top once it is turned
    exif = Image.Exif()
    exif[_ORIENTATION] = 6

    upright = picture(_file(image, "JPEG", exif=exif), 100)

    assert (upright.width, upright.height) == (50, 100)
    seen = _seen(upright.content)
    assert _brightness(seen, (25, 10)) < 20
    assert _brightness(seen, (25, 90)) > 235


def _with_secrets(kind: str) -> bytes:
    exif = Image.Exif()
    exif[_CAMERA] = "a secret"
    told = PngInfo()
    told.add_text("Comment", "a secret")
    return _file(
        _photo(),
        kind,
        exif=exif,
        icc_profile=b"a secret profile",
        **({"pnginfo": told} if kind == "PNG" else {"comment": b"a secret"}),
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_nothing_is_left_of_what_a_file_says_besides_its_pixels(kind: str) -> None:
    original = _with_secrets(kind) + b"a secret behind the end"

    seen = picture(original, 80).content

    assert b"a secret" in original
    assert b"secret" not in seen
    assert not _seen(seen).getexif()
    assert "icc_profile" not in _seen(seen).info


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "blue")]
    moving = _file(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)

    still = _seen(picture(moving, 20).content)

    assert getattr(still, "n_frames", 1) == 1
    red, _, blue = _colour(still, (10, 10))
    assert red > 200
    assert blue < 60


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(side: int) -> None:
    # 8,000² Pillow lets pass, of 12,000² it warns, and 60,000² it refuses by itself.
    rows = zlib.compress(bytes(1_000_000))
    began = time.perf_counter()

    with pytest.raises(NotAPicture):
        picture(_png(side, side, (b"IDAT", rows), (b"IEND", b"")), 100)

    assert time.perf_counter() - began < 1


def test_what_is_wrong_with_a_huge_picture_is_told() -> None:
    with pytest.raises(NotAPicture, match="has 8000 x 8000 pixels; at most 50 million are read"):
        picture(_png(8_000, 8_000, (b"IDAT", b"")), 100)


def test_a_jpeg_of_endless_passes_is_refused() -> None:
    whole = _file(_photo(), "JPEG", progressive=True)
    start = whole.rindex(b"\xff\xda")
    endless = whole[:start] + whole[start:-2] * 200 + whole[-2:]

    with pytest.raises(NotAPicture, match="passes"):
        picture(endless, 80)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.9])
def test_a_file_that_is_cut_off_is_no_picture(kind: str, part: float) -> None:
    whole = _file(_photo(), kind)

    with pytest.raises(NotAPicture):
        picture(whole[: int(len(whole) * part)], 80)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><img src=x>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"GIF89a" + bytes(7),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        picture(content, 100)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO", "TGA"])
def test_formats_that_no_browser_needs_are_not_even_tried(kind: str) -> None:
    with pytest.raises(NotAPicture):
        picture(_file(_photo(), kind), 100)


_WHOLE = {
    kind: _file(Image.effect_noise((24, 24), 60).convert("RGB"), kind)
    for kind in ("PNG", "JPEG", "GIF", "WEBP")
}


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(_WHOLE)),
    changes=st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=12
    ),
)
def test_a_damaged_file_is_a_picture_or_none_and_never_another_error(
    kind: str, changes: Sequence[tuple[int, int]]
) -> None:
    damaged = bytearray(_WHOLE[kind])
    for place, value in changes:
        damaged[place % len(damaged)] = value

    try:
        seen = picture(bytes(damaged), 16)
    except NotAPicture:
        return
    assert max(_seen(seen.content).size) <= 16
