"""Takes the pictures of the README and docs/ from a running demo: `make docs-pictures`.

Starts the demo province in a temporary folder on a free port, signs in as each audience, visits the pages of `PICTURES`
and writes docs/pictures/NAME.png. The first page of a stamp sheet is rendered from its PDF.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES_FOLDER = ROOT / "docs/pictures"
START_LIMIT = 180
SHEET_DPI = 110

PHONE = ViewportSize(width=360, height=640)
LAPTOP = ViewportSize(width=1280, height=800)


@dataclass(frozen=True)
class Picture:
    """One picture: its file's name, the page, who looks at it, on what screen.

    `path` may name the addresses that the demo tells of, such as `{active}` for the page of a stamp that is in use.
    `who` is "visitor", "producer" or "inspector".
    """

    name: str
    path: str
    who: str
    screen: ViewportSize
    whole_page: bool = False
    language: str = "vi"


PICTURES = (
    Picture("home", "/", "visitor", LAPTOP),
    Picture("stamp-phone", "{active}", "visitor", PHONE, whole_page=True),
    Picture("stamp-phone-en", "{active}", "visitor", PHONE, language="en"),
    Picture("stamp-void-phone", "{void}", "visitor", PHONE),
    Picture("catalogue", "/products", "visitor", LAPTOP),
    Picture("producer-home", "/producer/", "producer", PHONE),
    Picture("producer-areas", "/producer/areas", "producer", LAPTOP),
    Picture("producer-batches", "/producer/batches", "producer", LAPTOP),
    Picture("producer-stamps", "/producer/stamp-orders", "producer", LAPTOP),
    Picture("inspector-home", "/inspector/", "inspector", LAPTOP),
    Picture("inspector-search", "/inspector/search?q=buoi", "inspector", LAPTOP),
)


@dataclass(frozen=True)
class Demo:
    """A running demo: its address and what `flask traceability demo-data --json` says of it."""

    url: str
    data: dict[str, Any]


@contextmanager
def running_demo() -> Iterator[Demo]:
    """The demo province, served from a temporary folder until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="trace-pictures-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    for name in ("DATABASE_URL", "TRACE_KEY_DIR", "PUBLIC_ROOT", "LAN"):
        os.environ.pop(name, None)
    environment = {**os.environ, "TRACE_MODE": "demo", "TRACE_DATA_DIR": str(folder), "PORT": str(port)}
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "traceability"]
    log = (folder / "server.log").open("w")
    server = subprocess.Popen([*flask, "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url + "/healthz", server, folder / "server.log")
        told = subprocess.run(
            [*flask, "demo-data", "--json"], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE
        )
        yield Demo(url, json.loads(told.stdout))
    finally:
        server.terminate()
        server.wait(20)
        log.close()
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


def take_pictures(browser: Browser, demo: Demo) -> None:
    """Takes every picture of the table. One that cannot be taken ends the run: pictures must not grow old."""
    for picture in PICTURES:
        page = _visit(browser, demo, picture.who, picture.screen, picture.language)
        address = picture.path.format(**demo.data["stamps"])
        answer = page.goto(address if address.startswith("http") else demo.url + address)
        if answer is None or answer.status >= 500 or (answer.status == 404 and "void" not in picture.name):
            sys.exit(f"{picture.name}: {address} answered {answer.status if answer else 'nothing'}")
        page.screenshot(path=PICTURES_FOLDER / f"{picture.name}.png", full_page=picture.whole_page)
        print(f"docs/pictures/{picture.name}.png")
        page.context.close()


def _visit(browser: Browser, demo: Demo, who: str, screen: ViewportSize, language: str = "vi") -> Page:
    """A page of a fresh visitor, signed in unless `who` is the visitor."""
    locale = "vi-VN" if language == "vi" else "en-GB"
    context = browser.new_context(
        viewport=screen, locale=locale, timezone_id="Asia/Ho_Chi_Minh", device_scale_factor=2
    )
    page = context.new_page()
    if who != "visitor":
        account = demo.data["producers"][0] if who == "producer" else demo.data["inspector"]
        page.goto(demo.url + "/sign-in")
        page.fill("input[name=username]", account["username"])
        page.fill("input[name=password]", account["password"])
        page.click("main button[type=submit]")
        page.wait_for_load_state()
    return page


def render_sheet(pdf: bytes, target: Path) -> None:
    """Renders the first page of a stamp sheet."""
    document = pypdfium2.PdfDocument(pdf)
    document[0].render(scale=SHEET_DPI / 72).to_pil().save(target, optimize=True)
    document.close()


def main() -> None:
    """Takes all pictures anew."""
    PICTURES_FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        None,
    )
    flags = ["--disable-gpu", "--no-first-run", "--no-sandbox"]
    with running_demo() as demo, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        take_pictures(browser, demo)
        browser.close()


if __name__ == "__main__":
    main()
