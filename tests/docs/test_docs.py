"""The documentation holds: links lead somewhere, what it names exists, and it names nothing of anybody's machine."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from babel.messages.pofile import read_po
from PIL import Image

from traceability.cli.base import commands
from traceability.cli.users import user_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "seed/README.md"])
PICTURES = sorted(path for path in (ROOT / "docs/pictures").glob("*.*"))
MOST_BYTES, MOST_BYTES_TOGETHER = 120_000, 3_200_000

_LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")
_PATH = re.compile(
    r"`((?:traceability|docs|tests|tools|bench|seed|domain|labels|blueprints|wording|templates|static"
    r"|translations|seeding|migrations)/[\w./-]*)`"
)
_TARGET = re.compile(r"\bmake ([a-z][a-z-]+)")
_COMMAND = re.compile(r"traceability (init|migrate|serve|demo-data|user [a-z]+)\b")
_MODULE = re.compile(r"python -m ((?:tools|bench|tests)[\w.]*)")
#: Words after "make" in a sentence that are no targets.
_PROSE = frozenset({"void"})
#: Guides that use bold for what matters, not for words of the pages.
_OTHER_BOLD = frozenset({"nha-in.md", "print-shops.md"})
#: Bold in the guides without being a word of the pages.
_NO_BUTTONS = frozenset({"đậm", "Bold", "XLSX", "CSV"})
#: Folders of one machine, and hosts that lock files and documents must not name. (The brackets let this file pass.)
_FOLDERS = r"(?<![\w.])(?:/wor[k]/|/roo[t]/|/hom[e]/\w)"
_HOSTS = r"pyp[i]\.org|pythonhoste[d]\.org|registry\.npm[j]s"
_OF_A_MACHINE = re.compile(f"{_FOLDERS}|{_HOSTS}")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_and_picture_leads_somewhere(page: Path) -> None:
    for link, picture in _LINK.findall(page.read_text()):
        address = unquote(link or picture)
        if re.match(r"[a-z]+:", address):
            continue
        path, _, anchor = address.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{named(page)} leads to {address}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, f"{named(page)} leads to {address}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_path_that_is_named_exists(page: Path) -> None:
    for path in _PATH.findall(page.read_text()):
        places = (ROOT / path, ROOT / "traceability" / path)
        assert any(place.exists() for place in places), f"{named(page)} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(_TARGET.findall("\n".join(_code(page)))) <= targets | _PROSE


def test_every_command_that_is_named_exists() -> None:
    known = commands.commands
    for page in PAGES:
        for name in _COMMAND.findall(page.read_text()):
            first, _, second = name.partition(" ")
            assert first in known, f"{named(page)} names {name}"
            assert not second or second in user_commands.commands, f"{named(page)} names {name}"
        for module in _MODULE.findall(page.read_text()):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_guides_call_buttons_as_the_pages_do(language: str) -> None:
    words: dict[str, set[str]] = {"vi": set(), "en": set()}
    for catalogue in (ROOT / "traceability/translations/vi").glob("*.po"):
        for message in read_po(catalogue.open("rb")):
            words["en"] |= {message.id} if isinstance(message.id, str) else set(message.id)
            words["vi"] |= {message.string} if isinstance(message.string, str) else set(message.string)
    for guide in sorted((ROOT / "docs" / language).glob("*.md")):
        if guide.name in _OTHER_BOLD:
            continue
        bold = re.findall(r"\*\*([^*\n]+)\*\*", guide.read_text())
        strange = {word for word in bold if word[-1] not in ".:…"} - words[language] - _NO_BUTTONS
        assert not strange, f"{named(guide)} names {strange}; no page says so"


def test_every_setting_is_described() -> None:
    settings = set(re.findall(r'env(?:\.get\(|\[)"([A-Z_]+)"', (ROOT / "traceability/config.py").read_text()))
    told = (ROOT / "docs/operating.md").read_text()
    assert {name for name in settings if f"`{name}`" not in told} == set()


def test_pictures_are_small_and_each_is_used() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert PICTURES
    for picture in PICTURES:
        assert picture.stat().st_size <= MOST_BYTES, picture.name
        assert f"pictures/{picture.name}" in text, f"no page shows {picture.name}"
        with Image.open(picture) as drawn:
            assert drawn.width >= 360
    assert sum(picture.stat().st_size for picture in PICTURES) <= MOST_BYTES_TOGETHER


def test_the_tree_names_no_machine_and_no_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if (
            path.suffix in {".md", ".py", ".lock", ".toml", ".sh", ".html", ".po", ".csv", ".json"}
            or path.name == "Makefile"
        ):
            found = _OF_A_MACHINE.findall(path.read_text()) if path.exists() else []
            assert not found, f"{name} names {found[0]}"


def _code(page: Path) -> list[str]:
    """What stands in code on a page: in backticks and in blocks."""
    text = page.read_text()
    blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    return blocks + re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    )
