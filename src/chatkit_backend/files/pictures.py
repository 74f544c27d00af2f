"""Pictures that users upload, made small and harmless: previews for pages, input for models.

A picture is decoded and written anew, so nothing of the original file is passed on but what can be
seen: no place where a photo was taken, no script, no second file behind the first.
"""

from __future__ import annotations

import asyncio
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image, ImageOps

from chatkit_backend.errors import NotAPicture

# What browsers show and models take. Pillow knows some forty more formats, and their decoders are
# where its security holes were.
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
# Each takes a CPU for up to a second and, the largest, some hundred megabytes.
PICTURES_AT_ONCE: Final = 2
# Threads of their own: one whose request is cancelled still runs, and must still be counted.
_THREADS: Final = ThreadPoolExecutor(PICTURES_AT_ONCE, "picture")
# A camera's 48 megapixels and a little more. Decoded they take 4 bytes each, so 200 MB; a file of
# some hundred kilobytes can claim many times that.
_MAX_PIXELS: Final = 50_000_000
# Pillow's own limit is higher, and where it only warns it goes on. For the whole process, since
# filters cannot be changed for one thread, and nothing here wants such a picture.
warnings.simplefilter("error", Image.DecompressionBombWarning)

# A progressive JPEG has about ten passes over all its pixels. One of a few kilobytes can ask for
# thousands, which takes minutes; inside a pass the two bytes of the marker cannot occur.
_MAX_JPEG_PASSES: Final = 100
_JPEG_PASS: Final = b"\xff\xda"
# The bigger numbers only make the file bigger.
_JPEG_QUALITY: Final = 85
_OPAQUE: Final = 255
_JPEG_MODES: Final = frozenset({"L", "RGB"})
# PNG and GIF are what drawings and screenshots come in.
_SHARP: Final = frozenset({"PNG", "GIF"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture without anything but its pixels.

    Attributes:
        content: A whole file.
        media_type: What it is: `image/jpeg` or `image/png`.
        width: In pixels, as it is to be looked at.
        height: In pixels.
    """

    content: bytes
    media_type: Literal["image/jpeg", "image/png"]
    width: int
    height: int


async def picture_made(content: bytes, longest_side: int) -> Picture:
    """What `picture` makes, in a thread, and never more than `PICTURES_AT_ONCE` in this process.

    Raises:
        NotAPicture: As `picture` says.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, picture, content, longest_side)


def picture(content: bytes, longest_side: int) -> Picture:
    """The picture in a file, upright and made smaller; the first frame where it moves.

    It blocks for up to a second: in a server, `picture_made` is what to call.

    Args:
        content: A file of PNG, JPEG, GIF or WebP, whatever its name says.
        longest_side: How wide and how high it may become, in pixels. A smaller one stays as it is.

    Returns:
        A JPEG; a PNG where it is transparent, or a drawing that is smaller so.

    Raises:
        NotAPicture: It is none of them, is damaged or cut off, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            _require_harmless(opened, content)
            sharp = opened.format in _SHARP
            pixels = _upright_pixels(opened, longest_side)
        return _written(pixels, sharp=sharp)
    except NotAPicture:
        raise
    except Exception as error:
        # Decoders raise whatever they stumble over in a hostile file: ValueError, SyntaxError,
        # struct.error, IndexError, MemoryError and more. None of them is our fault.
        raise NotAPicture("is no PNG, JPEG, GIF or WebP that can be read") from error


def picture_type(content: bytes) -> str | None:
    """The media type of a picture, such as `image/webp`, by its first bytes; None for what is none.

    Args:
        content: A file of PNG, JPEG, GIF or WebP, whatever its name says.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            return "image/jpeg" if opened.format == "MPO" else f"image/{opened.format}".lower()
    except Exception:  # noqa: BLE001 - as in `picture`: they raise anything
        return None


def _require_harmless(opened: Image.Image, content: bytes) -> None:
    """Looks at what the file claims, before anything is decoded."""
    if opened.width * opened.height > _MAX_PIXELS:
        raise NotAPicture(
            f"has {opened.width} x {opened.height} pixels; at most {_MAX_PIXELS // 1_000_000} "
            "million are read"
        )
    # Several pictures in one file (MPO), as some phones write them, are a JPEG, too.
    if opened.format in {"JPEG", "MPO"} and content.count(_JPEG_PASS) > _MAX_JPEG_PASSES:
        raise NotAPicture(f"is a JPEG of more than {_MAX_JPEG_PASSES} passes")


def _upright_pixels(opened: Image.Image, longest_side: int) -> Image.Image:
    pixels: Image.Image = opened
    if opened.format not in {"JPEG", "MPO"}:
        pixels = _in_plain_colours(opened)
    # A JPEG is decoded at a fraction of its size by this, so it is the first to touch its pixels.
    pixels.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    pixels = ImageOps.exif_transpose(pixels)
    pixels = _in_plain_colours(pixels)
    # Comments and colour profiles would be written again from here.
    pixels.info.clear()
    return pixels


def _in_plain_colours(image: Image.Image) -> Image.Image:
    """`image` in one of `L`, `RGB` and `RGBA`: palettes cannot be scaled, and JPEG has no alpha."""
    if image.mode in _JPEG_MODES and not image.has_transparency_data:
        return image
    if image.mode.startswith(("I", "F")):
        # 16 bits of grey; converted as they are, nearly all of them would be white.
        return image.point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("L" if image.mode == "1" else "RGB")
    with_alpha = image.convert("RGBA")
    least_opaque = with_alpha.getchannel("A").getextrema()[0]
    return with_alpha.convert("RGB") if least_opaque == _OPAQUE else with_alpha


def _written(pixels: Image.Image, *, sharp: bool) -> Picture:
    png = _encoded(pixels, "PNG") if sharp or pixels.mode not in _JPEG_MODES else None
    jpeg = _encoded(pixels, "JPEG") if pixels.mode in _JPEG_MODES else None
    if jpeg is not None and (png is None or len(jpeg) < len(png)):
        return Picture(jpeg, "image/jpeg", pixels.width, pixels.height)
    assert png is not None  # noqa: S101 - without alpha there is a JPEG, and with it a PNG
    return Picture(png, "image/png", pixels.width, pixels.height)


def _encoded(pixels: Image.Image, kind: Literal["PNG", "JPEG"]) -> bytes:
    written = io.BytesIO()
    pixels.save(written, kind, quality=_JPEG_QUALITY, optimize=kind == "JPEG")
    return written.getvalue()
