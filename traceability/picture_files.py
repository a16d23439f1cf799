"""The picture store: an uploaded picture is taken apart and encoded anew, so that only pixels remain.

What comes in may be anything: a text with a picture's name, a file that is two things at once, a few bytes that unpack
to gigapixels. What is kept is one WebP of at most 1200 pixels a side: upright, without the camera's data (place, owner,
thumbnail) and without a colour profile, under the SHA-256 of its bytes. Small pictures of the same are made on request
(`reduced`). Files are written aside and moved into place, so that no reader ever sees half of one.
"""

import fcntl
import hashlib
import io
import os
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from traceability import disk
from traceability.domain.errors import RuleBroken
from traceability.domain.pictures import StoredPicture

#: The folder of the data directory for pictures of products, which anybody may read.
PUBLIC: Final = "pictures"
#: The folder for pictures that visitors sent with a doubt: no public page reads it.
PHOTOS: Final = "doubt_photos"
#: The folder for pictures of entries and events: only their producer and the overseers read it.
EVIDENCE: Final = "evidence_photos"
MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000
MIN_SIDE: Final = 16
MAX_SIDE: Final = 1200
#: The sides of small pictures on lists and public pages: a page a shopper opens weighs 30 kB with its picture. The
#: smaller one is enough where a screen has few dots.
SMALL_SIDE: Final = 256
SIDES: Final = (160, SMALL_SIDE)
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_QUALITY: Final = 80


@dataclass(frozen=True)
class Prepared:
    """An uploaded picture, encoded anew and not yet kept."""

    stored: StoredPicture
    data: bytes


def store(data: bytes, folder: Path, field: str = "picture") -> StoredPicture:
    """Prepares an uploaded picture and keeps it at once. Raises what `prepare` raises."""
    picture = prepare(data, field)
    keep(picture, folder)
    return picture.stored


def keep(picture: Prepared, folder: Path) -> None:
    """Keeps a picture as `<folder>/<sha256>.webp`: last in the transaction whose row names it, once all is judged."""
    write(folder / f"{picture.stored.sha256}.webp", picture.data)


def prepare(data: bytes, field: str = "picture") -> Prepared:
    """Encodes an uploaded picture anew.

    Raises `RuleBroken`: `pictures.empty`, `.too_large` (10 MB), `.not_a_picture` (only JPEG, PNG and WebP are read),
    `.too_many_pixels` and `.unpacks_too_large` (50 million, told from the header before anything is unpacked),
    `.too_small`, `.animated`, `.damaged`.
    """
    if not data:
        raise RuleBroken("pictures.empty", field)
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 1024 / 1024:.1f}"
        raise RuleBroken("pictures.too_large", field, size_mb=size, limit_mb=MAX_BYTES // 1024 // 1024)
    picture = _read(data, field)
    encoded = _encode(picture)
    digest = hashlib.sha256(encoded).hexdigest()
    return Prepared(StoredPicture(digest, picture.width, picture.height, len(encoded)), encoded)


def path_of(sha256: str | None, folder: Path, side: int | None = None) -> Path | None:
    """Where a stored picture lies, or a small one of one of `SIDES`; None if it is not there.

    A small one is made when it is first asked for; on a disk that takes no writes the large one stands in for it.
    """
    original = folder / f"{sha256}.webp"
    if sha256 is None or not _is_kept(original):
        return None
    if side is None:
        return original
    reduced = folder / f"{sha256}.{side}.webp"
    if not _is_kept(reduced):
        with Image.open(original, formats=["WEBP"]) as picture:
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
            try:
                write(reduced, _encode(picture))
            except OSError as error:
                if not disk.takes_nothing(error):
                    raise
                return original
    return reduced


def _is_kept(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except FileNotFoundError:
        return False


def remove(sha256: str, folder: Path) -> None:
    """Removes a stored picture with the small ones that were made of it."""
    for name in (f"{sha256}.webp", *(f"{sha256}.{side}.webp" for side in SIDES)):
        (folder / name).unlink(missing_ok=True)


def _read(data: bytes, field: str) -> Image.Image:
    """The pixels, upright, at most `MAX_SIDE` a side, in RGB or RGBA."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of (many pixels, odd tags) is judged below
            opened = Image.open(io.BytesIO(data), formats=_FORMATS)
            _check(opened, field)
            opened.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a large JPEG is unpacked small to begin with
            opened.load()
            picture: Image.Image = opened if opened.mode != "P" else opened.convert("RGBA")
            picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
            picture = _plain_colours(ImageOps.exif_transpose(picture))
    except RuleBroken:
        raise
    except Image.DecompressionBombError:
        raise RuleBroken("pictures.unpacks_too_large", field, limit=MAX_PIXELS // 1_000_000) from None
    except UnidentifiedImageError:
        raise RuleBroken("pictures.not_a_picture", field) from None
    except Exception:  # a decoder fed with rubbish raises whatever its format taught it
        raise RuleBroken("pictures.damaged", field) from None
    return picture


def _check(picture: Image.Image, field: str) -> None:
    """Judges what the header says, before the pixels are unpacked."""
    width, height = picture.size
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise RuleBroken("pictures.too_many_pixels", field, width=width, height=height, limit=limit)
    if min(width, height) < MIN_SIDE:
        raise RuleBroken("pictures.too_small", field, limit=MIN_SIDE)
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise RuleBroken("pictures.animated", field)  # MPO: a phone's photo with a second view behind it


def _plain_colours(picture: Image.Image) -> Image.Image:
    """sRGB pixels: a profile is applied where it can be, then dropped."""
    clear = "A" in picture.getbands() or "transparency" in picture.info
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "CMYK"):
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            found = ImageCms.profileToProfile(
                picture, given, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if found is not None:
                return found
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken profile: the colours as they stand
    return picture.convert("RGBA" if clear else "RGB")


def _encode(picture: Image.Image) -> bytes:
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)  # pixels only: no EXIF, no profile, no comment can come along
    encoded = io.BytesIO()
    bare.save(encoded, "WEBP", quality=_QUALITY, method=4)
    return encoded.getvalue()


def write(path: Path, data: bytes) -> None:
    """Writes a file so that it is there whole or not at all.

    One that is there already is wanted again: it becomes young, since what nobody names is swept away by its age. An
    empty one (a disk that lost power, a program of before) counts as none.
    """
    if freshen(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        disk.keep_names(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def freshen(path: Path) -> bool:
    """Makes a kept file young; False where there is none, or an empty one. None is made, as `touch` would."""
    if not path.parent.is_dir():
        return False
    with alone(path.parent):
        try:
            if not path.stat().st_size:
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until nobody else judges the age of files of a folder: what is found wanted is not swept away meanwhile."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
