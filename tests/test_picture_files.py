"""Uploaded pictures: only pixels are kept, and rubbish is refused in words."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from traceability import picture_files
from traceability.domain.errors import RuleBroken


def encoded(picture: Image.Image, kind: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def photo(width: int = 400, height: int = 300) -> Image.Image:
    picture = Image.new("RGB", (width, height), (20, 120, 60))
    picture.paste((240, 200, 20), (0, 0, width // 2, height // 2))
    return picture


def gigapixel_png() -> bytes:
    """A PNG of a few hundred bytes whose header promises 40,000 x 40,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def refused(data: bytes, folder: Path) -> RuleBroken:
    with pytest.raises(RuleBroken) as found:
        picture_files.store(data, folder)
    assert found.value.field == "picture"
    assert not folder.exists() or not list(folder.iterdir())
    return found.value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_as_webp_under_its_digest(tmp_path: Path, kind: str) -> None:
    stored = picture_files.store(encoded(photo(2400, 1800), kind), tmp_path)
    path = picture_files.path_of(stored.sha256, tmp_path)
    assert path is not None
    assert path.stat().st_size == stored.size
    with Image.open(path) as kept:
        assert (kept.format, kept.size) == ("WEBP", (1200, 900))
    assert (stored.width, stored.height) == (1200, 900)
    assert [file.name for file in tmp_path.iterdir()] == [f"{stored.sha256}.webp"]


def test_the_same_picture_is_kept_once(tmp_path: Path) -> None:
    data = encoded(photo())
    assert picture_files.store(data, tmp_path) == picture_files.store(data, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_that_goes_while_it_is_stored_again_is_whole_and_never_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = picture_files.store(encoded(photo()), tmp_path)
    path = tmp_path / f"{stored.sha256}.webp"
    utime = os.utime

    def gone_meanwhile(found: Path, *times: Any) -> None:
        path.unlink(missing_ok=True)
        utime(found, *times)

    monkeypatch.setattr(os, "utime", gone_meanwhile)
    picture_files.store(encoded(photo()), tmp_path)
    assert path.stat().st_size == stored.size


def test_an_empty_file_is_no_picture_and_is_replaced(tmp_path: Path) -> None:
    stored = picture_files.store(encoded(photo()), tmp_path)
    path = tmp_path / f"{stored.sha256}.webp"
    os.truncate(path, 0)
    assert picture_files.path_of(stored.sha256, tmp_path) is None
    picture_files.store(encoded(photo()), tmp_path)
    assert path.stat().st_size == stored.size


def test_a_small_picture_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    stored = picture_files.store(encoded(photo(1000, 500)), tmp_path)
    for side in picture_files.SIDES:
        small = picture_files.path_of(stored.sha256, tmp_path, side)
        assert small is not None
        with Image.open(small) as picture:
            assert picture.size == (side, side // 2)
    assert picture_files.path_of("0" * 64, tmp_path, picture_files.SMALL_SIDE) is None


def test_the_camera_s_data_does_not_survive(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[2] = (10.0, 0.0, 54.0)  # where the photo was taken
    stored = picture_files.store(encoded(photo(), exif=exif, comment=b"SECRET-COMMENT"), tmp_path)
    kept = (tmp_path / f"{stored.sha256}.webp").read_bytes()
    assert b"SECRET" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert not picture.getexif()
        assert "icc_profile" not in picture.info


def test_a_photo_taken_sideways_is_put_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = picture_files.store(encoded(photo(400, 300), exif=exif), tmp_path)
    assert (stored.width, stored.height) == (300, 400)


def test_a_picture_with_something_hung_on_behind_keeps_only_the_picture(tmp_path: Path) -> None:
    stored = picture_files.store(encoded(photo()) + b"<script>alert(1)</script>PK\x03\x04", tmp_path)
    assert b"<script>" not in (tmp_path / f"{stored.sha256}.webp").read_bytes()


def test_transparency_stays(tmp_path: Path) -> None:
    stored = picture_files.store(encoded(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG"), tmp_path)
    with Image.open(tmp_path / f"{stored.sha256}.webp") as kept:
        assert kept.mode == "RGBA"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "pictures.empty"),
        (b"<html><script>alert(1)</script></html>", "pictures.not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "pictures.not_a_picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "pictures.not_a_picture"),
        (b"GIF89a" + bytes(500), "pictures.not_a_picture"),
        (b"%PDF-1.7", "pictures.not_a_picture"),
        (gigapixel_png(), "pictures.unpacks_too_large"),
        (encoded(Image.new("1", (9000, 9000)), "PNG"), "pictures.too_many_pixels"),
        (encoded(Image.new("RGB", (3, 3))), "pictures.too_small"),
        (encoded(photo())[:900], "pictures.damaged"),
        (bytes(picture_files.MAX_BYTES + 1), "pictures.too_large"),
    ],
)
def test_what_is_no_picture_of_a_product_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    assert refused(data, tmp_path / "pictures").code == code


def test_a_moving_picture_is_refused(tmp_path: Path) -> None:
    frames = [photo(), photo(400, 300).rotate(90)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    assert refused(data, tmp_path / "pictures").code == "pictures.animated"
