"""What a print shop gets: the list of codes and the manifest."""

import csv as lists
import hashlib
import io
import json
from dataclasses import replace

import pytest

from tests.labels import samples
from traceability.domain import stamp_codes
from traceability.domain.errors import RuleBroken
from traceability.labels import Layout, csv, manifest, pdf
from traceability.labels.layouts import A4_5X13, ROLL_50X30


def read(order, separator=",", **options) -> list[list[str]]:
    data = b"".join(csv.stream(order, separator=separator, **options))
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == order.count + 1
    return list(lists.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=separator))


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_list_names_every_stamp_once_and_in_order(separator):
    order = samples.order(5_000)
    heading, *rows = read(order, separator, lot="BNR-2026-05")
    assert heading == ["number", "code", "address", "lot"]
    assert [int(row[0]) for row in rows] == list(range(1, 5_001))
    for n in (0, 4_095, 4_096, 4_999):
        code = order.code(n)
        assert rows[n][1:] == [stamp_codes.group(code), order.prefix + code, "BNR-2026-05"]


def test_headings_come_in_the_readers_language():
    names = ["Số thứ tự", "Mã tem", "Địa chỉ", "Số lô"]
    assert read(samples.order(1), lot="A", headings=names)[0] == names
    with pytest.raises(ValueError, match="heading"):
        csv.stream(samples.order(1), lot="A", headings=names[:3])


def test_pins_are_in_the_list_only_when_asked_for():
    order = samples.order(3, pins=samples.pins)
    assert len(read(order, lot="A")[1]) == 4
    assert [row[4] for row in read(order, lot="A", pins=True)] == ["pin", "007919", "015838", "023757"]


@pytest.mark.parametrize("lot", ["=1+1", "+84", "-5", "@cmd", "\t=1", "\r=1", "＝1"])
def test_no_field_is_a_formula(lot):
    cell = read(samples.order(1), lot=lot)[1][3]
    assert cell == "'" + lot


def test_quotation_marks_and_separators_in_a_lot_stay_in_their_field():
    assert read(samples.order(1), lot='A"1,2;3')[1][3] == 'A"1,2;3'


@pytest.mark.parametrize("count", [1, 9, 10, 100, 4_097])
def test_the_length_of_a_list_is_known_beforehand(count):
    order = samples.order(count, pins=samples.pins)
    for options in ({"lot": "Lô =1"}, {"lot": "=1", "pins": True}):
        assert csv.content_length(order, **options) == sum(map(len, csv.stream(order, **options)))


def test_an_empty_list_is_refused():
    with pytest.raises(RuleBroken, match="nothing_to_print"):
        csv.stream(samples.order(0), lot="A")


def test_the_manifest_names_the_file_to_the_byte():
    order = samples.order(100)
    told = manifest.build(order, A4_5X13, start=3)
    data = b"".join(pdf.stream(order, A4_5X13, start=3))
    assert told["pdf"] == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert (told["count"], told["pages"], told["start"], told["mask"]) == (100, 2, 3, 1)
    assert told["first_code"] == stamp_codes.group(order.code(0))
    assert told["last_code"] == stamp_codes.group(order.code(99))


def test_the_manifests_bytes_are_canonical_and_hold_no_binary_fractions():
    told = manifest.build(samples.order(2), replace(ROLL_50X30, name="Cuộn"))
    data = manifest.canonical(told)
    assert data == manifest.canonical(json.loads(data))
    assert json.loads(data, parse_float=lambda text: pytest.fail(f"a fraction: {text}")) == told
    assert told["layout"]["module_mm"] == "0.5"
    assert told["layout"]["page_width_mm"] == "50"
    assert "Cuộn".encode() in data


def test_a_chosen_mask_is_in_the_manifest():
    order = samples.order(2, mask=None)
    assert manifest.build(order, ROLL_50X30)["mask"] == order.chosen_mask()


def test_a_layout_that_went_through_json_gives_the_same_file():
    kept = Layout.from_json(json.dumps(A4_5X13.as_json()))
    order = samples.order(10)
    assert b"".join(pdf.stream(order, kept)) == b"".join(pdf.stream(order, A4_5X13))
