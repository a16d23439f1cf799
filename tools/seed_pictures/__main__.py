"""Draw the product pictures of the demo province.

Run once, by hand, from the root of the project; the pictures themselves are kept in seed/pictures:

    npm install --prefix /tmp/icons @iconify-json/noto@1.2.9
    python -m tools.seed_pictures /tmp/icons/node_modules/@iconify-json/noto

Needs Pillow and a Chromium on the path (option --browser names another one).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from . import pen
from .catalogue import BACKGROUNDS, SCENES

SIDE = 480  # pixels
LARGEST = 12_000  # bytes: a picture above the fold must leave room for the rest of the public page
PER_SHEET = 12  # pictures that one run of the browser draws
SEED = Path("seed")
PICTURES = SEED / "pictures"


class Icons:
    """The icon set, and which of its icons the current picture has used."""

    def __init__(self, package: Path) -> None:
        self._set = json.loads((package / "icons.json").read_text(encoding="utf-8"))
        self.version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
        self.used: list[str] = []

    def __call__(self, name: str) -> str:
        """The icon as a drawing of 200 x 200, with identifiers of its own."""
        self.used.append(name)
        body = self._set["icons"][name]["body"]
        stem = pen.unique("i")
        body = re.sub(r'id="([^"]+)"', rf'id="{stem}\1"', body)
        body = re.sub(r"url\(#", f"url(#{stem}", body)
        body = re.sub(r'href="#', f'href="#{stem}', body)
        return f'<g transform="scale({200 / self._set["height"]})">{body}</g>'


def picture(category: str, scene: str) -> str:
    """The whole picture: a soft ground in the category's colour, the scene, and the word for "illustration"."""
    light, deep = BACKGROUNDS[category]
    definition, ground = pen.glow(light, light, deep, 0.5, 0.42)
    halo = pen.oval(240, 226, 192, 186, "#ffffff", 'opacity="0.5"')
    shadow = pen.oval(240, 388, 170, 20, "#3a3a2a", 'opacity="0.12"')
    mark = pen.box(336, 440, 134, 28, 14, "#ffffff", 'opacity="0.9"') + (
        '<text x="403" y="460" text-anchor="middle" font-family="DejaVu Sans" font-weight="bold" '
        'font-size="16" letter-spacing="1" fill="#4a4a42">MINH HỌA</text>'
    )
    inside = definition + pen.box(0, 0, SIDE, SIDE, 0, ground) + halo + shadow + scene + mark
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}" viewBox="0 0 {SIDE} {SIDE}">{inside}</svg>'


def photograph(pictures: list[str], browser: str) -> list[Image.Image]:
    """Let the browser draw the pictures, a sheet at a time."""
    images = []
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, len(pictures), PER_SHEET):
            sheet = pictures[first : first + PER_SHEET]
            page, shot = Path(folder) / "sheet.html", Path(folder) / "sheet.png"
            # Each picture is a document of its own (an <img>), so that identifiers cannot clash between them.
            for number, svg in enumerate(sheet):
                (Path(folder) / f"{number}.svg").write_text(svg, encoding="utf-8")
            body = "".join(f'<img src="{number}.svg" style="display:block">' for number in range(len(sheet)))
            page.write_text(f'<!doctype html><body style="margin:0">{body}', encoding="utf-8")
            command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
            command += [f"--window-size={SIDE},{SIDE * PER_SHEET}", f"--screenshot={shot}", page.as_uri()]
            subprocess.run(command, check=True, capture_output=True)
            with Image.open(shot) as drawn:
                rows = drawn.convert("RGB")
            images += [rows.crop((0, SIDE * n, SIDE, SIDE * (n + 1))) for n in range(len(sheet))]
    return images


def webp(image: Image.Image) -> bytes:
    """The picture as WebP of at most LARGEST bytes."""
    for quality in (86, 80, 74, 68, 60, 50):
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= LARGEST:
            return buffer.getvalue()
    raise SystemExit("a picture is too rich for its size")


def main() -> None:
    """Draw all pictures and the table of credits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("noto", type=Path, help="folder of the npm package @iconify-json/noto")
    parser.add_argument("--browser", default="chromium")
    options = parser.parse_args()
    icons = Icons(options.noto)
    products = []
    for table in ("products.csv", "products_sister.csv"):
        with (SEED / table).open(encoding="utf-8", newline="") as lines:
            products += list(csv.DictReader(lines))
    drawings, credits = [], []
    for product in products:
        pen.restart()
        icons.used = []
        drawings.append(picture(product["category"], SCENES[product["product_code"]](icons)))
        name = f"{product['product_code']}.webp"
        credits.append((name, "project", "", "composition and all shapes not listed below it", "Apache-2.0"))
        credits += [
            (name, "@iconify-json/noto", icons.version, icon, "Apache-2.0")
            for icon in sorted(set(icons.used))
        ]
    PICTURES.mkdir(exist_ok=True)
    for product, image in zip(products, photograph(drawings, options.browser), strict=True):
        (PICTURES / f"{product['product_code']}.webp").write_bytes(webp(image))
    with (PICTURES / "CREDITS.csv").open("w", encoding="utf-8", newline="") as file:
        table_of_credits = csv.writer(file, lineterminator="\n")
        table_of_credits.writerow(("picture", "source_package", "version", "icon", "licence"))
        table_of_credits.writerows(credits)


if __name__ == "__main__":
    main()
