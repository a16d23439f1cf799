"""On a page in another language everything that stays Vietnamese says so, and nothing else does (WCAG 2.2, 3.1.2)."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask, g, render_template_string
from flask.testing import FlaskClient
from sqlmodel import col, select

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain.batches import Batch
from traceability.domain.ownership import EVERYTHING
from traceability.domain.products import Product
from traceability.vietnamese import IS_VIETNAMESE
from traceability.wording import trade_terms

pytestmark = SQLITE_ONLY
_ALONE = frozenset({"meta", "link", "input", "img", "br", "hr", "path", "rect", "source", "col", "wbr"})
#: The platform's own name stands in sentences of every language.
_NAME = "Vĩnh Long"


class Unmarked(HTMLParser):
    """Text with Vietnamese letters that does not stand under `lang="vi"`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.marked: set[str] = set()
        self._open: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "img" and IS_VIETNAMESE.search(said.get("alt") or "") and said.get("lang") != "vi":
            self.found.add(said["alt"] or "")
        if tag not in _ALONE:
            self._open.append((tag, said.get("lang")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _ALONE:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, text: str) -> None:
        if {"style", "script", "head"} & {tag for tag, _lang in self._open}:
            return
        languages = [lang for _tag, lang in self._open if lang]
        if languages[-1:] == ["vi"]:
            self.marked.add(text.strip())
        elif IS_VIETNAMESE.search(text.replace(_NAME, "")):
            self.found.add(text.strip())


def read(page: str) -> Unmarked:
    assert "\ue000" not in page
    assert "\ue001" not in page
    reader = Unmarked()
    reader.feed(page)
    return reader


@pytest.fixture
def paths(demo: dict[str, Any], demo_database: Database) -> list[str]:
    """Pages of every kind, with lots of every kind of goods."""
    with demo_database.reading(EVERYTHING) as session:
        published = (
            select(Product.category, Product.code, Batch.lot)
            .join(Batch, col(Batch.product_id) == col(Product.id))
            .where(col(Batch.released_at).is_not(None))
        )
        lots = {category: (code, number) for category, code, number in session.exec(published)}
    codes = [address.partition("/s/")[2] for address in demo["stamps"].values()]
    some = list(lots.values())[::3]
    return [
        *("/", "/products", "/producers", "/how-to-check", "/privacy", f"/doubts/new?code={codes[0]}"),
        *(f"/scan-provinces?code={codes[0]}", f"/producers/{demo['producers'][0]['code']}"),
        *(f"/s/{code}" for code in codes),
        *(f"/lots/{code}/{number}" for code, number in some),
        *(f"/products/{code}" for code, _number in some[:2]),
        *(f"/as-packed/{code}/{number}" for code, number in some[:3]),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_stays_vietnamese_on_a_page_says_so(
    demo_app: Flask, paths: list[str], language: str
) -> None:
    client = demo_app.test_client()
    left, marked = {}, set()
    for path in paths:
        answer = client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, path
        reader = read(answer.text)
        marked |= reader.marked
        if reader.found:
            left[path] = reader.found
    assert not left
    assert not {"hộp", "đạt", "không phát hiện", "Phân loại"} & marked, "usual words are translated"


def test_names_in_our_sentences_are_marked_and_the_sentence_is_not(client: FlaskClient, lot: Lot) -> None:
    page = client.get(f"/lots/{lot.product.code}/{lot.batch.lot}", headers={"Accept-Language": "en"}).text
    producer = re.escape(f'Declared by <span lang="vi">{lot.producer.name}</span>, entered on ')
    assert re.search(producer, page)
    vietnamese = client.get(f"/lots/{lot.product.code}/{lot.batch.lot}").text
    assert 'lang="vi"' not in vietnamese.partition("<main")[2].partition("</main>")[0]


def test_no_mark_is_left_where_no_element_can_stand(app: Flask) -> None:
    source = "<title>{{ a }}</title><p title=\"{{ a }}\">{{ _('lot %(lot)s', lot=a) }}</p>"
    source += "<option>{{ a }}</option>{{ b }}"
    with app.test_request_context("/?lang=en"):
        template = app.jinja_env.from_string(source)
        template.name = "public/made_up.html"
        g.language = "en"
        made = template.render(a="Lô <mít>", b="plain")
    assert made == (
        '<title>Lô &lt;mít&gt;</title><p title="Lô &lt;mít&gt;">lot <span lang="vi">Lô &lt;mít&gt;</span></p>'
        '<option lang="vi">Lô &lt;mít&gt;</option>plain'
    )
    with app.test_request_context("/"):
        assert "lang" not in render_template_string("<p>{{ 'Lô mít' }}</p>")


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("vi", "thùng 10 kg", "thùng 10 kg"),
        ("en", "thùng 10 kg", "carton 10 kg"),
        ("zh", "1,3–1,7 kg/trái", "1.3–1.7 kg/个"),
        ("zh", "thùng 9 trái (7,2 kg)", "箱 9 个（7.2 kg）"),
        ("en", "thùng 9 trái (1.500 g)", "carton 9 fruit (1,500 g)"),
        ("en", "0.5 kg", "0.5 kg"),
        ("en", "một xe đầy", "một xe đầy"),
    ],
)
def test_units_of_sale_are_read_in_the_reader_s_language(
    app: Flask, language: str, typed: str, read: str
) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert trade_terms.amount(typed) == read


def test_usual_words_are_known_however_their_letters_are_typed(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert trade_terms.term(" KHÔNG PHÁT HIỆN") == "not detected"
        assert trade_terms.term("Vỏ") == "Vỏ", "an accent makes another word"
