"""Takes the pictures of the README and docs/ from a running demo: `make docs-pictures`.

Starts the demo province, signs in as each audience, visits the pages of `PICTURES` and writes docs/pictures/NAME.webp.
A stamp sheet, a roll and a cover sheet are ordered, and rendered from their PDFs to print-NAME.png.
`python -m tools.docs_pictures NAME...` takes only the pictures whose names begin so.
"""

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tools.studio import LAPTOP, PHONE, ROOT, Demo, keep, paper, roll, running_demo, visit

FOLDER = ROOT / "docs/pictures"

Step = Callable[[Page], object]


def click(selector: str) -> Step:
    """Clicks the first thing that fits, and waits for the page it leads to."""

    def step(page: Page) -> None:
        page.locator(selector).first.click()
        page.wait_for_load_state()

    return step


def fill(selector: str, value: str) -> Step:
    """Types into a field."""
    return lambda page: page.locator(selector).first.fill(value)


def choose(selector: str, index: int) -> Step:
    """Chooses the option with this place in a list."""
    return lambda page: page.locator(selector).first.select_option(index=index)


def look_at(selector: str, margin: int = 12) -> Step:
    """Scrolls until something stands on top of the screen."""
    script = "(e, m) => window.scrollTo(0, e.getBoundingClientRect().top + window.scrollY - m)"
    return lambda page: page.locator(selector).first.evaluate(script, margin)


def type_codes(page: Page) -> None:
    """Fills in the first and last code of the stamps that are printed and not in use yet."""
    page.locator("main tbody tr", has=page.locator(".tone-info, .tone-wait")).locator("a").first.click()
    page.wait_for_load_state()
    row = page.locator("main tbody tr").filter(has_text=re.compile("Đã in|Printed")).first
    first, last = row.locator(".stamp-code").all_inner_texts()[:2]
    page.goto(page.url.rsplit("/", 1)[0] + "/activate")
    page.locator("[name=first_code]").fill(first)
    page.locator("[name=last_code]").fill(last)


@dataclass(frozen=True)
class Picture:
    """One picture: its file's name, who looks at which page on what screen, and what is done before it is taken.

    `path` may name the addresses that the demo tells of, such as `{void}`; `{pomelo}` is a stamp in use of the
    first producer.
    `who` is "visitor", "producer", "inspector" or "administrator". `height` takes more than the screen.
    """

    name: str
    path: str
    who: str
    screen: ViewportSize
    steps: tuple[Step, ...] = ()
    height: int = 0
    language: str = "vi"


FIRST_ROW = click("main tbody a")
EDIT = click("main a[href$='/edit']")

PICTURES = (
    # shoppers
    Picture("home", "/", "visitor", LAPTOP),
    Picture("home-phone", "/", "visitor", PHONE),
    Picture("stamp-active", "{pomelo}", "visitor", PHONE),
    Picture("stamp-active-en", "{pomelo}", "visitor", PHONE, language="en"),
    Picture("stamp-story", "{pomelo}", "visitor", PHONE, (look_at("main h2 >> nth=1"),), height=1300),
    Picture("stamp-inactive", "{inactive}", "visitor", PHONE),
    Picture("stamp-void", "{void}", "visitor", PHONE),
    Picture("stamp-suspended", "{suspended}", "visitor", PHONE),
    Picture("stamp-unknown", "/s/AAAAAAAAAAAAAAAA", "visitor", PHONE),
    Picture(
        "typed-code",
        "/",
        "visitor",
        PHONE,
        (fill("[name=code]", "5kq5 vmtt 1fwe fsx2"), click("main form button")),
    ),
    Picture("catalogue", "/products", "visitor", LAPTOP),
    Picture("doubt", "/doubts/new?code={code}", "visitor", PHONE),
    # producers
    Picture("producer-home", "/producer/", "producer", PHONE),
    Picture("producer-home-en", "/producer/", "producer", PHONE, language="en"),
    Picture(
        "producer-harvest",
        "/producer/batches/new",
        "producer",
        PHONE,
        (fill("[name=kilograms]", "1250"), choose("[name=product_id]", 0), choose("[name=area_id]", 0)),
    ),
    Picture("producer-batch", "/producer/batches", "producer", LAPTOP, (FIRST_ROW,)),
    Picture("producer-batch-en", "/producer/batches", "producer", LAPTOP, (FIRST_ROW,), language="en"),
    Picture(
        "producer-history", "/producer/batches", "producer", PHONE, (FIRST_ROW, look_at(".timeline", 60))
    ),
    Picture("producer-area", "/producer/areas", "producer", LAPTOP, (FIRST_ROW,)),
    Picture(
        "producer-area-draw",
        "/producer/areas",
        "producer",
        LAPTOP,
        (FIRST_ROW, EDIT, look_at(".leaflet-container", 200)),
    ),
    Picture(
        "producer-order", "/producer/stamp-orders/new", "producer", LAPTOP, (FIRST_ROW, look_at("#f-layout"))
    ),
    Picture("producer-layout", "/producer/layouts/new", "producer", LAPTOP),
    Picture("producer-stamps", "/producer/stamp-orders", "producer", LAPTOP, (FIRST_ROW,)),
    Picture(
        "producer-activate", "/producer/stamp-orders", "producer", PHONE, (type_codes, look_at("main h1", 70))
    ),
    Picture(
        "producer-activate-check",
        "/producer/stamp-orders",
        "producer",
        PHONE,
        (type_codes, click("main form button[type=submit]")),
    ),
    Picture("producer-diary", "/producer/diary", "producer", LAPTOP),
    # overseers
    Picture("inspector-dashboard", "/inspector/", "inspector", LAPTOP),
    Picture("inspector-dashboard-en", "/inspector/", "inspector", LAPTOP, language="en"),
    Picture("inspector-search", "/inspector/search?q=buoi+nam+roi", "inspector", LAPTOP),
    Picture("inspector-batch", "/inspector/batches?q=L26102303", "inspector", LAPTOP, (FIRST_ROW,)),
    Picture("inspector-area", "/inspector/areas?q=song+phu", "inspector", LAPTOP, (FIRST_ROW,)),
    Picture("inspector-stamp", "/inspector/stamp-orders/code?code={code}", "inspector", LAPTOP),
    Picture("inspector-inspection", "/inspector/inspections", "inspector", LAPTOP, (FIRST_ROW,)),
    Picture("inspector-flag", "/inspector/flags", "inspector", LAPTOP, (FIRST_ROW,)),
    Picture(
        "inspector-recall-new",
        "/inspector/batches?q=L26102303",
        "inspector",
        LAPTOP,
        (FIRST_ROW, click("main a[href*='/recalls/new']")),
    ),
    Picture("inspector-log", "/inspector/log", "inspector", LAPTOP),
    # the administrator
    Picture("administration", "/inspector/administration", "administrator", LAPTOP),
    Picture("administration-en", "/inspector/administration", "administrator", LAPTOP, language="en"),
    Picture(
        "administration-producer",
        "/inspector/administration/producers?kind=without",
        "administrator",
        LAPTOP,
        (FIRST_ROW,),
    ),
    Picture("administration-permissions", "/inspector/administration/permissions", "administrator", LAPTOP),
)


def take(browser: Browser, demo: Demo, picture: Picture) -> None:
    """Takes one picture. One that cannot be taken ends the run: pictures must not grow old."""
    page = visit(browser, demo, picture.who, picture.screen, picture.language)
    stamps = demo.data["stamps"]
    address = picture.path.format(**stamps, code=stamps["pomelo"].rsplit("/", 1)[1])
    answer = page.goto(address if address.startswith("http") else demo.url + address)
    if answer is None or (answer.status >= 400 and picture.name != "stamp-unknown"):
        sys.exit(f"{picture.name}: {address} answered {answer.status if answer else 'nothing'}")
    for step in picture.steps:
        step(page)
    page.wait_for_load_state("networkidle")
    if picture.height:
        top = int(page.evaluate("window.scrollY"))
        tall = min(int(page.evaluate("document.documentElement.scrollHeight")), top + picture.height)
        clip = {"x": 0, "y": top, "width": picture.screen["width"], "height": tall - top}
        taken = page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]
    else:
        taken = page.screenshot()
    keep(Image.open(BytesIO(taken)), FOLDER / f"{picture.name}.webp")
    page.context.close()


def pomelo(browser: Browser, demo: Demo) -> str:
    """The page of a stamp of the first producer that is in use and not expired; the demo's own where there is none."""
    page = visit(browser, demo, "producer", LAPTOP)
    page.goto(demo.url + "/producer/stamp-orders")
    orders = [link.get_attribute("href") for link in page.locator("main tbody a").all()]
    looking = visit(browser, demo, "visitor", PHONE)
    found = str(demo.data["stamps"]["active"])
    for address in orders:
        page.goto(f"{demo.url}{address}")
        in_use = page.locator("main tbody tr", has=page.locator(".tone-ok")).locator(".stamp-code")
        if in_use.count():
            looked_at = demo.url + "/s/" + in_use.first.inner_text().replace("-", "")
            looking.goto(looked_at)
            if looking.locator("main .answer.tone-ok").count():
                found = looked_at
                break
    page.context.close()
    looking.context.close()
    return found


def order(page: Page, demo: Demo, lot: int, quantity: int, layout: str) -> bytes:
    """Orders stamps for the producer's n-th lot as people do; gives back the print file. Ends on the order's page."""
    page.goto(demo.url + "/producer/stamp-orders/new")
    page.locator("main tbody tr").nth(lot).locator("a").first.click()
    page.wait_for_load_state()
    for details in page.locator("form details").all():
        details.evaluate("e => e.open = true")
    page.fill("[name=quantity]", str(quantity))
    page.check(f"#f-layout-{layout}")
    page.click("main form button[type=submit]")
    page.wait_for_load_state()
    with page.expect_download() as waited:
        page.click("form[action$='/download'] button")
    return Path(waited.value.path()).read_bytes()


def take_prints(browser: Browser, demo: Demo) -> None:
    """A sheet, a roll and the cover sheet that goes with it, from their PDFs."""
    page = visit(browser, demo, "producer", LAPTOP)
    keep(paper(order(page, demo, 1, 21, "a4-3x7-63x38"), 0, 100), FOLDER / "print-sheet.png")
    keep(roll(order(page, demo, 2, 6, "roll-50x30"), 3, 203), FOLDER / "print-roll.png")
    fetch = "async a => Array.from(new Uint8Array(await (await fetch(a)).arrayBuffer()))"
    cover = bytes(page.evaluate(fetch, page.url + "/cover.pdf"))
    upper = paper(cover, 0, 80)
    keep(upper.crop((0, 0, upper.width, upper.height * 3 // 5)), FOLDER / "print-cover.png")
    page.context.close()


def main(wanted: tuple[str, ...]) -> None:
    """Takes all pictures anew, or those whose names begin with one of `wanted`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next((path for name in names if (path := shutil.which(name))), None)
    with running_demo() as demo, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=demo.flags())
        take_all(browser, demo, wanted)
        browser.close()


def take_all(browser: Browser, demo: Demo, wanted: tuple[str, ...]) -> None:
    """The pages first, as the demo begins; then the prints, which change it."""
    demo.data["stamps"]["pomelo"] = pomelo(browser, demo)
    for picture in PICTURES:
        if not wanted or picture.name.startswith(wanted):
            take(browser, demo, picture)
    if not wanted or any("print-".startswith(name[:6]) for name in wanted):
        take_prints(browser, demo)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
