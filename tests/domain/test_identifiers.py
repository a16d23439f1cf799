"""GS1 keys and Digital Links are read and written by GS1's grammar, clause by clause."""

import re
from typing import Any

import pytest
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from traceability.domain.identifiers import (
    APPLICATION_IDENTIFIERS,
    SET_82,
    DigitalLink,
    Malformed,
    PublicGtin,
    build_digital_link,
    check_digit,
    gln,
    gtin14,
    has_check_digit,
    is_demonstration,
    is_restricted,
    looks_like_digital_link,
    lot_number,
    lot_warnings,
    parse_digital_link,
    sscc,
)

GTIN = "09521234543213"
BASE = f"/01/{GTIN}"


def refusal(read: Any, value: str) -> PydanticCustomError:
    with pytest.raises(PydanticCustomError) as caught:
        read(value)
    return caught.value


def reason(path: str) -> str:
    link = parse_digital_link(path)
    assert isinstance(link, Malformed), link
    return link.reason


def link(path: str) -> DigitalLink:
    found = parse_digital_link(path)
    assert isinstance(found, DigitalLink), found
    return found


def test_gtins_of_all_lengths_become_fourteen_digits() -> None:
    assert gtin14("96385074") == "00000096385074"
    assert gtin14("036000291452") == "00036000291452"
    assert gtin14("952 1234-543213") == GTIN
    assert gtin14(GTIN) == GTIN


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "gtin_missing"),
        ("893ABC", "gtin_not_digits"),
        ("９５２１２３４５４３２１３", "gtin_not_digits"),
        ("123456789", "gtin_length"),
        ("9521234543214", "gtin_check_digit"),
    ],
)
def test_a_number_that_is_no_gtin_is_refused_with_its_reason(typed: str, why: str) -> None:
    assert refusal(gtin14, typed).type == why


def test_a_wrong_check_digit_is_answered_with_the_right_one() -> None:
    assert refusal(gtin14, "9521234543214").context == {"expected": "3", "found": "4"}


def test_location_and_container_numbers_have_one_length_each() -> None:
    assert gln("9520002000019") == "9520002000019"
    assert refusal(gln, "96385074").type == "gln_length"
    assert sscc("106141412345678908") == "106141412345678908"
    assert refusal(sscc, "106141412345678909").type == "sscc_check_digit"


def test_restricted_numbers_are_refused_for_public_codes() -> None:
    for body in ("020000000001", "2000000000015"[:12], "299999999999"):
        number = gtin14(body + check_digit(body))
        assert is_restricted(number)
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(PublicGtin).validate_python(number)
        assert caught.value.errors()[0]["type"] == "gtin_restricted"
    assert is_restricted(gtin14("20000004"))
    assert not is_restricted(GTIN)
    assert is_demonstration(GTIN)
    assert not is_demonstration(gtin14("893850597001" + check_digit("893850597001")))


@given(st.text("0123456789", min_size=7, max_size=17), st.integers(0, 9))
def test_every_single_wrong_digit_is_caught(body: str, other: int) -> None:
    number = body + check_digit(body)
    assert has_check_digit(number)
    place = len(body) // 2
    changed = number[:place] + str(other) + number[place + 1 :]
    assert has_check_digit(changed) == (changed == number)


def test_a_lot_is_kept_as_typed() -> None:
    assert lot_number(" BUOI-2611.01 ") == "BUOI-2611.01"
    assert lot_number("a/b%c") == "a/b%c"
    assert (lot_warnings("BUOI-2611.01"), lot_warnings("a/b")) == ([], ["lot_not_plain"])


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "lot_missing"),
        ("x" * 21, "lot_too_long"),
        ("LÔ-01", "lot_characters"),
        ("LO 01", "lot_characters"),
        ("LO#1", "lot_characters"),
        ("..", "lot_only_dots"),
    ],
)
def test_a_lot_that_cannot_be_printed_is_refused(typed: str, why: str) -> None:
    assert refusal(lot_number, typed).type == why


def test_a_lot_in_vietnamese_is_answered_with_one_that_can_be_printed() -> None:
    assert refusal(lot_number, "Lô bưởi 01").context == {"character": "ô", "suggestion": "LO-BUOI-01"}
    assert lot_number(str((refusal(lot_number, "đ" * 40).context or {})["suggestion"])) == "D" * 20


def test_the_dictionary_names_the_keys_and_what_may_follow_them() -> None:
    table = APPLICATION_IDENTIFIERS
    assert table["01"].sequences == (("22", "10", "21"), ("235",))
    assert {ai for ai, row in table.items() if row.is_key} >= {"00", "01", "253", "414", "417", "8004"}
    assert (table["3103"].is_attribute, table["10"].is_attribute, table["21"].is_attribute) == (
        True,
        True,
        False,
    )
    assert all(row.parts for row in table.values())


def test_a_digital_link_says_product_lot_and_serial() -> None:
    found = link(f"{BASE}/10/LO-01/21/7K2M?17=270101&linkType=gs1:pip")
    assert (found.gtin, found.lot, found.serial) == (GTIN, "LO-01", "7K2M")
    assert found.query == "17=270101&linkType=gs1:pip"
    assert link(f"https://example.org{BASE}").gtin == GTIN
    assert link("/414/9520002000019/254/PLOT-7").key == "414"


def test_one_slash_at_the_end_is_tolerated() -> None:
    assert link(f"{BASE}/10/A/") == link(f"{BASE}/10/A")
    assert reason(f"{BASE}/10/A//") == "link_segments"


@pytest.mark.parametrize("value", ["A/B", "50%", 'a"b', "x?y", "a+b", "<a>&c;d=e", "!'()*,-.:_"])
def test_escaped_characters_belong_to_the_value_and_survive(value: str) -> None:
    written = build_digital_link("https://example.org/", GTIN, value, value)
    assert link(written.removeprefix("https://example.org")).lot == value
    assert re.fullmatch(r"[A-Za-z0-9%/:._~-]+", written)
    assert link(written).path == written.removeprefix("https://example.org")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/01/09521234543214", "link_check_digit"),
        ("/00/106141412345678909", "link_check_digit"),
        (f"{BASE}/foo", "link_segments"),
        ("/01/abc", "link_value"),
        ("/01/9521234543213", "link_value"),
        ("/01/096385074", "link_value"),
        ("/01/095212345432130", "link_value"),
        (f"{BASE}/21/S/10/L", "link_order"),
        (f"{BASE}/22/V/235/T", "link_order"),
        (f"{BASE}/17/270101", "link_foreign"),
        (f"{BASE}/99/x", "link_foreign"),
        (f"{BASE}/254/x", "link_foreign"),
        (f"{BASE}/10/L/10/L", "link_repeated"),
        (f"{BASE}/10/{'x' * 21}", "link_value"),
        (f"{BASE}/21/{'x' * 21}", "link_value"),
        (f"{BASE}/10/a%20b", "link_value"),
        (f"{BASE}/10/a%23b", "link_value"),
        (f"{BASE}/10/%00", "link_value"),
        (f"{BASE}/10/L%C3%94", "link_encoding"),
        (f"{BASE}/10/LÔ", "link_encoding"),
        (f"{BASE}/10/a%2", "link_encoding"),
        (f"{BASE}/10/%zz", "link_encoding"),
        (f"{BASE}//10/a", "link_segments"),
        (f"{BASE}/10/", "link_segments"),
        ("/10/L", "link_key"),
        ("/gtin/09521234543213", "link_key"),
        ("/9999/1", "link_key"),
        ("/", "link_segments"),
        ("", "link_segments"),
        (f"//01/{GTIN}", "link_segments"),
        ("/01/" + "1" * 3000, "link_too_long"),
    ],
)
def test_a_link_that_breaks_the_grammar_is_malformed(path: str, why: str) -> None:
    assert reason(path) == why


def test_a_number_in_front_makes_an_address_a_digital_link_to_be_judged() -> None:
    assert looks_like_digital_link(f"{BASE}/foo?x=1")
    assert not looks_like_digital_link("/s/ABCD")
    assert not looks_like_digital_link("/")


def test_a_walk_up_meets_the_serial_first_and_never_a_serial_within_a_lot() -> None:
    gtin, lot, serial, variant = ("01", GTIN), ("10", "L"), ("21", "S"), ("22", "V")
    assert link(f"{BASE}/10/L/21/S").walk_up() == ((gtin, serial), (gtin, lot), (gtin,))
    assert link(f"{BASE}/22/V/10/L").walk_up() == (
        (gtin, variant, lot),
        (gtin, variant),
        (gtin, lot),
        (gtin,),
    )
    assert link(f"{BASE}/235/T").walk_up() == ((gtin, ("235", "T")), (gtin,))
    place = ("414", "9520002000019")
    assert link("/414/9520002000019/254/X").walk_up() == ((place, ("254", "X")), (place,))


def test_no_link_is_built_that_could_not_be_read() -> None:
    for lot in ("", "LÔ", "x" * 21):
        with pytest.raises(ValueError, match="link_value"):
            build_digital_link("https://example.org", GTIN, lot)
    with pytest.raises(PydanticCustomError):
        build_digital_link("https://example.org", "9521234543214")


_values = st.text(sorted(SET_82), min_size=1, max_size=20)


@given(st.text("0123456789", min_size=12, max_size=12), _values, _values)
def test_another_reader_finds_in_our_links_what_we_wrote(body: str, lot: str, serial: str) -> None:
    gtin = "0" + body + check_digit("0" + body)
    written = build_digital_link("https://example.org", gtin, lot, serial)
    found = link(written)
    assert (found.gtin, found.lot, found.serial) == (gtin, lot, serial)
    other = GS1DigitalLinkURI.parse(written)
    assert [(item.ai.ai, item.value) for item in other.element_strings] == list(found.elements)


@given(st.text(max_size=40), st.sampled_from(["/", "/01/", f"{BASE}/", f"{BASE}/10/"]))
def test_junk_is_malformed_and_never_a_crash(junk: str, start: str) -> None:
    found = parse_digital_link(start + junk)
    if isinstance(found, DigitalLink):
        assert parse_digital_link(found.path) == DigitalLink(found.elements)
