"""Where the pictures of the documentation are taken: a running demo, a browser, visits of each audience.

The demo runs in a temporary folder and is reached under an address of its own, so that pages and printed stamps show
`truyxuat.example` and not a machine's number. Its keys, and therefore all codes, are made anew on each run.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

ROOT = Path(__file__).resolve().parent.parent
#: Reserved for documentation (RFC 2606): nobody's address.
HOST = "truyxuat.example"
START_LIMIT = 240
PHONE = ViewportSize(width=360, height=640)
LAPTOP = ViewportSize(width=1280, height=800)
MOST_BYTES = 90_000
_QUALITIES = (86, 80, 72, 64, 55, 45)
_MM_PER_INCH = 25.4


@dataclass
class Demo:
    """A running demo: its port, what `flask traceability demo-data --json` says of it, and who is signed in."""

    port: int
    data: dict[str, Any]
    signed_in: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address, as the browser of `flags` knows it."""
        return f"http://{HOST}"

    def flags(self) -> list[str]:
        """The browser's options: the demo's address leads to this machine."""
        reach = f"--host-resolver-rules=MAP {HOST}:80 127.0.0.1:{self.port}"
        trusted = f"--unsafely-treat-insecure-origin-as-secure={self.url}"  # or there is no camera to offer
        return ["--disable-gpu", "--no-first-run", "--no-sandbox", "--hide-scrollbars", reach, trusted]

    def account(self, who: str) -> dict[str, Any]:
        """The sign-in of an audience: "producer" (a manager), "inspector", "administrator"."""
        found = self.data["producers"][0] if who == "producer" else self.data[who]
        return dict(found)


@contextmanager
def running_demo() -> Iterator[Demo]:
    """The demo province, served from a temporary folder until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="trace-pictures-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "TRACE_KEY_DIR", "TRACE_LAN", "LAN", "SECRET_KEY")
    }
    environment = inherited | {
        "TRACE_MODE": "demo",
        "TRACE_DATA_DIR": str(folder),
        "PORT": str(port),
        "PUBLIC_ROOT": f"http://{HOST}",
    }
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "traceability"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([*flask, "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", server, folder / "server.log")
            told = subprocess.run(
                [*flask, "demo-data", "--json"], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE
            )
            yield Demo(port, json.loads(told.stdout))
        finally:
            server.terminate()
            server.wait(20)
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    sys.exit("The demo did not start:\n" + log.read_text()[-2000:])


def visit(browser: Browser, demo: Demo, who: str, screen: ViewportSize, language: str = "vi") -> Page:
    """A page of a fresh visitor, signed in unless `who` is "visitor"."""
    if who != "visitor" and (who, language) not in demo.signed_in:
        demo.signed_in[who, language] = _sign_in(browser, demo, who, language)
    return _context(browser, screen, language, demo.signed_in.get((who, language))).new_page()


def _context(browser: Browser, screen: ViewportSize, language: str, state: Any) -> BrowserContext:
    return browser.new_context(
        viewport=screen,
        locale="vi-VN" if language == "vi" else "en-GB",
        timezone_id="Asia/Ho_Chi_Minh",
        device_scale_factor=2 if screen == PHONE else 1.25,
        reduced_motion="reduce",
        storage_state=state,
    )


def _sign_in(browser: Browser, demo: Demo, who: str, language: str) -> Any:
    """The cookies of somebody who has signed in; each account signs in once per language."""
    account = demo.account(who)
    context = _context(browser, LAPTOP, language, None)
    page = context.new_page()
    page.goto(f"{demo.url}/account/sign-in?lang={language}")
    page.fill("input[name=username]", account["username"])
    page.fill("input[name=password]", account["password"])
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    if "/account/sign-in" in page.url:
        sys.exit(f"{account['username']} could not sign in")
    state = context.storage_state()
    context.close()
    return state


def keep(picture: Image.Image, target: Path) -> None:
    """Writes a picture as WebP, as fine as `MOST_BYTES` allow; one named .png in eight shades, as print has them."""
    if target.suffix == ".png":
        picture.convert("L").quantize(8).save(target, optimize=True)
        print(
            f"{target.relative_to(ROOT)}  {picture.width} x {picture.height}  {target.stat().st_size / 1000:.0f} kB"
        )
        return
    for quality in _QUALITIES:
        packed = BytesIO()
        picture.convert("RGB").save(packed, "WEBP", quality=quality, method=6)
        if packed.tell() <= MOST_BYTES:
            break
    else:
        sys.exit(f"{target.name} is too large: {packed.tell()} bytes")
    target.write_bytes(packed.getvalue())
    print(f"{target.relative_to(ROOT)}  {picture.width} x {picture.height}  {packed.tell() / 1000:.0f} kB")


def paper(pdf: bytes, page: int, dpi: int) -> Image.Image:
    """One page of a PDF."""
    document = pypdfium2.PdfDocument(pdf)
    drawn: Image.Image = document[page].render(scale=dpi / 72).to_pil()
    document.close()
    return drawn


def roll(pdf: bytes, stamps: int, dpi: int) -> Image.Image:
    """The first stamps of a roll beside each other on their backing paper."""
    pages = [paper(pdf, number, dpi) for number in range(stamps)]
    gap = round(3 * dpi / _MM_PER_INCH)
    width, height = pages[0].size
    backing = Image.new("RGB", (stamps * (width + gap) + gap, height + 2 * gap), "#d9d4c7")
    for number, drawn in enumerate(pages):
        backing.paste(drawn, (gap + number * (width + gap), gap))
    return backing
