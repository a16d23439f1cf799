"""The picture that a link shows when somebody passes it on (Open Graph, 1200x630): the product, who makes it, and whose
platform says so.

It tells nothing of a stamp, a lot or a verdict: what a chat keeps for years must not say that a code is in order. A
card is made when it is first asked for and kept as a file under the digest of what stands on it.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from flask import Flask
from PIL import Image, ImageDraw, ImageFont

from traceability import picture_files
from traceability.access import settings
from traceability.domain.public_facts import PublicProducer, PublicProduct

WIDTH: Final = 1200
HEIGHT: Final = 630
FOLDER: Final = "share_cards"
_FORM = 1  # counted up when the drawing changes
_FONTS = Path(__file__).parent / "labels" / "fonts"
_PAPER, _INK, _GREEN, _MUTED, _DEMO = "#ffffff", "#14281d", "#084c2a", "#4a5a50", "#b3261e"
_PICTURE, _EDGE = 470, 60
_LINES = 4


@dataclass(frozen=True)
class Card:
    """What stands on a card. `place`: the producer's name, or of a household the place alone."""

    code: str
    name: str
    place: str
    picture: str | None
    host: str
    demo: bool

    @property
    def digest(self) -> str:
        """Changes with whatever can be seen."""
        said = json.dumps([_FORM, self.name, self.place, self.picture, self.host, self.demo])
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def of(product: PublicProduct, producer: PublicProducer) -> Card:
    """The card of a product."""
    place = producer.name or producer.address
    picture = product.picture.sha256 if product.picture else None
    return Card(product.code, product.name, place, picture, settings().public_host, settings().demo)


def address(product: PublicProduct, producer: PublicProducer) -> str:
    """Where the card is, for the pages that name it: another address whenever something on it changes."""
    card = of(product, producer)
    return f"{settings().public_root}/share/{quote(card.code, safe='')}.jpg?v={card.digest}"


def file_of(card: Card) -> Path:
    """The card as a file; made if it is not there."""
    folder = settings().data_dir / FOLDER
    path = folder / f"{card.digest}.jpg"
    if not path.is_file():
        picture = (
            picture_files.path_of(card.picture, settings().data_dir / picture_files.PUBLIC)
            if card.picture
            else None
        )
        picture_files.write(path, drawn(card, picture))
    return path


def drawn(card: Card, picture: Path | None) -> bytes:
    """The card as a JPEG."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, 18, HEIGHT), fill=_GREEN)
    left = _EDGE + 18
    if picture is not None:
        with Image.open(picture, formats=["WEBP"]) as opened:
            small = opened.convert("RGB")
        small.thumbnail((_PICTURE, HEIGHT - 2 * _EDGE), Image.Resampling.LANCZOS)
        sheet.paste(small, (left + (_PICTURE - small.width) // 2, (HEIGHT - small.height) // 2))
        left += _PICTURE + 50
    room = WIDTH - left - _EDGE
    top = _paragraph(draw, card.name, (left, _EDGE), room, _font("Bold", 58), _INK, _LINES)
    _paragraph(draw, card.place, (left, top + 14), room, _font("Regular", 34), _MUTED, 3)
    foot = _font("SemiBold", 30)
    draw.text((left, HEIGHT - _EDGE - 78), "Truy xuất nguồn gốc tỉnh Vĩnh Long", _GREEN, foot)
    draw.text((left, HEIGHT - _EDGE - 34), card.host, _MUTED, _font("Regular", 28))
    if card.demo:
        draw.text((WIDTH - _EDGE, HEIGHT - _EDGE - 34), "DEMO", _DEMO, _font("Bold", 30), anchor="ra")
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=84, optimize=True)
    return written.getvalue()


def _paragraph(
    draw: ImageDraw.ImageDraw,
    text: str,
    at: tuple[int, int],
    room: int,
    font: ImageFont.FreeTypeFont,
    colour: str,
    most: int,
) -> int:
    """Writes words in lines of a width, the last one cut with an ellipsis; the height where it ends."""
    lines: list[str] = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    shown = lines[:most]
    if len(lines) > most:
        shown[-1] += " …"
    step = int(font.size * 1.28)
    for number, line in enumerate(shown):
        while draw.textlength(line, font) > room and len(line) > 2:
            line = line[:-2] + "…"
        draw.text((at[0], at[1] + number * step), line, colour, font)
    return at[1] + len(shown) * step


@lru_cache(maxsize=8)
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / f"BeVietnamPro-{weight}.ttf"), size)


def init_app(app: Flask) -> None:
    """Lets templates name the card of a product."""
    app.jinja_env.globals["share_card"] = address
    app.jinja_env.globals["public_address"] = lambda path: settings().public_root + path
