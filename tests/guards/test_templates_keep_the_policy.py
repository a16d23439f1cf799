"""What every template must keep, read from its text: the content security policy and the set of icons."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "traceability" / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))
#: Files that are kept and opened from a device: no server, no policy, everything inside.
KEPT = {"papers/dossier.html", "public/proof.html"}
ICONS = set(
    re.findall(r"^  '([a-z-]+)': 'M", (TEMPLATES / "macros" / "ui.html").read_text("utf-8"), re.MULTILINE)
)


def _named(page: Path) -> str:
    return str(page.relative_to(TEMPLATES))


def _without_comments(page: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", page.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_a_template_has_no_inline_style_and_no_inline_handler(page: Path) -> None:
    text = _without_comments(page)
    assert not re.findall(r"<[^>]*\s(?:style|on[a-z]+)\s*=", text)
    assert "javascript:" not in text.lower()


@pytest.mark.parametrize("page", [page for page in PAGES if _named(page) not in KEPT], ids=_named)
def test_a_script_or_style_element_carries_the_nonce(page: Path) -> None:
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", _without_comments(page)):
        assert "nonce=" in tag or 'type="application/json"' in tag or 'type="application/ld+json"' in tag, tag


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_a_template_names_only_icons_that_exist(page: Path) -> None:
    text = _without_comments(page)
    named = re.findall(r"\bicon(?:_name)?\s*(?:\(|=)\s*'([a-z-]+)'", text) + re.findall(
        r"'icon':\s*'([a-z-]+)'", text
    )
    assert set(named) <= ICONS


def test_the_style_of_the_public_pages_stays_below_eight_kilobytes() -> None:
    assert (TEMPLATES / "public" / "_style.css").stat().st_size <= 8192


def test_every_menu_icon_exists() -> None:
    page = (TEMPLATES.parent / "page.py").read_text("utf-8")
    assert set(re.findall(r'N_\("[^"]+"\), "([a-z-]+)"', page)) <= ICONS
