"""The rules of the house that a reader can forget: sizes, layers, where a commit may stand."""

import re
from pathlib import Path

import pytest
from flask import Flask

from tests.databases import SQLITE_ONLY

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "traceability"
MODULES = [path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts]
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.*"))
MAX_LINES = 400


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_no_module_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_the_only_commit_stands_in_db(path: Path) -> None:
    if path.name not in ("db.py", "env.py"):
        assert ".commit(" not in path.read_text()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_no_module_is_a_drawer_for_everything(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "managers"}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_table_modules_keep_real_annotations(path: Path) -> None:
    text = path.read_text()
    if "table=True" in text:
        assert "from __future__ import annotations" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_templates_hold_no_inline_styles_or_handlers(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"\sstyle\s*=\s*[\"']", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_templates_ask_nobody_else(path: Path) -> None:
    """No page loads a script, style, font or picture from another host."""
    assert not re.search(r"(src|href|action)\s*=\s*[\"'](https?:)?//", path.read_text())


@SQLITE_ONLY
def test_every_template_compiles(app: Flask) -> None:
    names = app.jinja_env.list_templates()
    assert names
    for name in names:
        if not name.endswith(".css"):
            app.jinja_env.get_template(name)
