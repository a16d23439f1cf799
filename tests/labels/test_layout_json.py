"""Layouts that an editor keeps, the choices that they make, and what they refuse."""

import json
from dataclasses import replace

import pytest

from tests.labels import samples
from traceability import wording
from traceability.domain.errors import RuleBroken
from traceability.labels import LAYOUTS, Layout, pdf
from traceability.labels.compose import compose
from traceability.labels.layouts import A4_5X13, A4_TAGS, ROLL_50X30, Arrangement, Marks
from traceability.labels.order import FaceText, PrintedForm, TextKind

KINDS = (TextKind.PRODUCER, TextKind.LOT, TextKind.HARVESTED_ON)


def refused(data) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        Layout.from_json(data)
    assert "{" not in wording.sentence(caught.value.code, caught.value.facts)
    return caught.value


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_ready_layout_goes_through_json_and_back(layout):
    text = json.dumps(layout.as_json())
    assert Layout.from_json(text) == layout
    assert Layout.from_json(json.loads(text)) == layout


def test_every_choice_is_kept():
    layout = replace(
        A4_5X13,
        name="Tem bưởi",
        lines=(TextKind.LOT, TextKind.PRODUCER),
        language="en",
        form=PrintedForm.DIGITAL_LINK,
        marks=Marks.CROP,
        arrangement=Arrangement.BESIDE,
        footer=False,
        copies=3,
        logo_mm=4.5,
    )
    assert Layout.from_json(json.dumps(layout.as_json())) == layout


def test_what_an_editor_leaves_out_takes_its_usual_value():
    data = {name: value for name, value in ROLL_50X30.as_json().items() if name not in ("dpi", "copies")}
    assert Layout.from_json(data) == ROLL_50X30


@pytest.mark.parametrize("data", ["", "[", "[]", "null", "3", "{" * 100_000, b"\xff\xfe", '"' + "a" * 30_000])
def test_what_is_no_layout_at_all_is_refused(data):
    assert refused(data).code == "labels.layout_unreadable"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"colour": "red"}, "labels.layout_field_unknown", "layout"),
        ({"name": ""}, "labels.layout_value", "name"),
        ({"name": "a\u202eb"}, "labels.layout_value", "name"),
        ({"name": 3}, "labels.layout_value", "name"),
        ({"columns": "2"}, "labels.layout_value", "columns"),
        ({"columns": 1.5}, "labels.layout_value", "columns"),
        ({"columns": True}, "labels.layout_value", "columns"),
        ({"columns": 10**400}, "labels.layout_value", "columns"),
        ({"rows": 10**9}, "labels.layout_too_many_cells", "rows"),
        ({"rows": 0}, "labels.layout_empty", "layout"),
        ({"rows": -1}, "labels.layout_empty", "layout"),
        ({"dpi": 96}, "labels.layout_empty", "layout"),
        ({"left_mm": float("nan")}, "labels.layout_value", "left_mm"),
        ({"left_mm": float("inf")}, "labels.layout_value", "left_mm"),
        ({"left_mm": None}, "labels.layout_value", "left_mm"),
        ({"left_mm": -1}, "labels.layout_exceeds_page", "page_width_mm"),
        ({"rows": 14}, "labels.layout_exceeds_page", "page_height_mm"),
        ({"module_mm": 0}, "labels.layout_length", "module_mm"),
        ({"inset_mm": 10}, "labels.layout_length", "inset_mm"),
        ({"inset_mm": -0.1}, "labels.layout_length", "inset_mm"),
        ({"hole_mm": 20}, "labels.layout_length", "hole_mm"),
        ({"logo_mm": 21}, "labels.layout_length", "logo_mm"),
        ({"marks": "cut"}, "labels.cut_line_touches", "inset_mm"),
        ({"marks": "scissors"}, "labels.layout_value", "marks"),
        ({"arrangement": 1}, "labels.layout_value", "arrangement"),
        ({"form": "long"}, "labels.layout_value", "form"),
        ({"language": "fr"}, "labels.layout_value", "language"),
        ({"lines": "lot"}, "labels.layout_value", "lines"),
        ({"lines": ["lot", "lot"]}, "labels.layout_value", "lines"),
        ({"lines": ["colour"]}, "labels.layout_value", "lines"),
        ({"lines": [["lot"]]}, "labels.layout_value", "lines"),
        ({"footer": "yes"}, "labels.layout_value", "footer"),
        ({"copies": 0}, "labels.layout_copies", "copies"),
        ({"copies": 101}, "labels.layout_copies", "copies"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_field(changes, code, field):
    refusal = refused({**A4_5X13.as_json(), **changes})
    assert (refusal.code, refusal.field) == (code, field)


def test_a_missing_measure_is_named():
    data = A4_5X13.as_json()
    del data["stamp_width_mm"]
    assert refused(data).facts == {"name": "stamp_width_mm"}


def test_an_upright_stamp_without_room_above_its_symbol_is_refused():
    low = replace(A4_TAGS, stamp_height_mm=40, rows=1)
    with pytest.raises(RuleBroken, match="no_height_for_text"):
        low.fit(samples.order())


def test_a_layout_chooses_lines_and_their_order():
    text = replace(samples.TEXT, kinds=KINDS)
    producer, lot, _ = text.lines
    shown = replace(ROLL_50X30, lines=(TextKind.LOT, TextKind.PRODUCER, TextKind.NET_WEIGHT))
    words = " ".join(line.text for line in compose(text, shown.fit(samples.order()), demo=False).lines)
    assert words.index(lot) < words.index(producer)
    assert text.lines[2] not in words


def test_lines_of_unknown_kind_are_all_printed():
    text = FaceText("Bưởi", ("một", "hai"), "a.vn")
    assert text.chosen((TextKind.LOT,)) == ("một", "hai")


def test_the_file_says_its_language():
    english = b"".join(pdf.stream(samples.order(1), replace(ROLL_50X30, language="en")))
    assert b"/Lang(en)" in english
    assert b"/Lang(vi)" in b"".join(pdf.stream(samples.order(1), ROLL_50X30))
