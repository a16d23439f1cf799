"""A real Chromium for the tests, and a server for it to visit.

`phone` and `laptop` are pages of a fresh visitor (no cookies) at 360x640 and 1280x800, in Vietnamese. A test
fails at its end if one of its pages ran into a script error, broke the content security policy, or asked any
other server for anything. A missing browser fails the test, it never skips it.
"""

import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)
from werkzeug.serving import make_server

PHONE = ViewportSize(width=360, height=640)
LAPTOP = ViewportSize(width=1280, height=800)
SCREENS = {"phone": PHONE, "laptop": LAPTOP}

_FAILURES = Path(__file__).parent / "failures"
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # the visit stays on this machine
    "--no-sandbox",  # containers and root have none; the pages are our own
)
_OURS = re.compile(r"file:|https?://127\.0\.0\.1[:/]|data:|blob:|about:")
_ANSWER_STATUS = re.compile(r"^Failed to load resource: the server responded with a status of \d+")


def chromium_path() -> str:
    """Where this machine's Chromium is. Fails the test, with the line to type, when there is none."""
    names = (os.environ.get("TRACE_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("No Chromium on this machine: apt-get update && apt-get install -y chromium")
    return found


def launch(playwright: Any, *extra: str) -> Browser:
    """Starts Chromium. `extra` are more of its command-line flags."""
    browser: Browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *extra])
    return browser


@dataclass
class LiveServer:
    """A running server: where it is, and the app it serves."""

    url: str
    app: Any


@dataclass
class Visits:
    """The pages one test has opened, and what went wrong on them."""

    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Notes script errors, refused content and what is asked of other servers.

        Nothing is intercepted: that would turn the browser's cache off.
        """
        self.contexts.append(context)
        context.on("request", self._stays_home)
        context.on("weberror", lambda error: self.problems.append(f"script error: {error.error}"))
        context.on("console", self._note)

    def _stays_home(self, request: Request) -> None:
        if not _OURS.match(request.url):
            self.problems.append(f"asked another server: {request.url}")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _ANSWER_STATUS.match(message.text):
            self.problems.append(f"console: {message.text}")


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Any]:
    """Playwright, once per worker."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Any) -> Iterator[Browser]:
    """Chromium, once per worker."""
    browser = launch(playwright_driver)
    yield browser
    browser.close()


@pytest.fixture
def visits(request: pytest.FixtureRequest) -> Iterator[Visits]:
    """The visits of this test; judged at its end."""
    visits = Visits()
    yield visits
    problems = list(visits.problems)  # what a page grumbles about while it is being closed is no fault of it
    failed = getattr(request.node, "failed", False) or problems
    for context in visits.contexts:
        for number, page in enumerate(context.pages):
            if failed:
                _FAILURES.mkdir(exist_ok=True)
                name = re.sub(r"[^\w-]+", "-", request.node.name)[:80]
                page.screenshot(path=_FAILURES / f"{name}-{visits.contexts.index(context)}-{number}.png")
        context.close()
    if problems:
        pytest.fail("On the pages of this test:\n" + "\n".join(problems))


@pytest.fixture
def visitor(browser: Browser, visits: Visits) -> Callable[..., Page]:
    """Makes the page of a fresh visitor: `visitor(SCREENS["phone"], java_script_enabled=False)`."""

    def come(viewport: ViewportSize = PHONE, **options: Any) -> Page:
        mobile = viewport["width"] < 600
        options = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh", **options}
        context = browser.new_context(viewport=viewport, has_touch=mobile, is_mobile=mobile, **options)
        context.set_default_timeout(15_000)
        visits.watch(context)
        return context.new_page()

    return come


@pytest.fixture
def phone(visitor: Callable[..., Page]) -> Page:
    """A page on a small phone."""
    return visitor(PHONE)


@pytest.fixture
def laptop(visitor: Callable[..., Page]) -> Page:
    """A page on an old laptop."""
    return visitor(LAPTOP)


@pytest.fixture(params=SCREENS)
def screen(request: pytest.FixtureRequest, visitor: Callable[..., Page]) -> Page:
    """A page; the test runs once on the phone and once on the laptop."""
    return visitor(SCREENS[request.param])


@pytest.fixture
def free_port() -> int:
    """A port nobody uses, for an app that has to know its own address beforehand."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve() -> Iterator[Callable[..., LiveServer]]:
    """Serves an app on 127.0.0.1 until the test ends: `serve(app).url`; without `port` on one of its own."""
    stops = []

    def start(app: Any, port: int = 0) -> LiveServer:
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        stops.append((server, thread))
        return LiveServer(url=f"http://127.0.0.1:{server.server_port}", app=app)

    yield start
    for server, thread in stops:
        server.shutdown()
        thread.join()
        server.server_close()
