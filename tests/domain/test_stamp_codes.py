"""Stamp codes: the published vectors, the permutation, the tag, the check character and what people type."""

import re
import string
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.domain import stamp_codes
from traceability.domain.stamp_codes import ALPHABET, SERIALS, EpochKey, Flaw, Problem

SECRET = bytes(range(32))
KEY = EpochKey.from_secret(7, SECRET)
OTHERS = [EpochKey.from_secret(number, bytes([number]) * 32) for number in range(1, 7)]

VECTORS = {
    # (epoch, serial) under the secret 00 01 02 ... 1f: any other implementation must agree with these.
    (7, 0): "JQRB-9XW1-7RES-S24T",
    (7, 1): "W8DB-4CG7-G6DS-9WGQ",
    (7, 2): "MS6B-X1DD-K612-ZQNA",
    (7, 3): "BG90-HDB1-A78R-NCEV",
    (7, 1_000_000): "9ERW-GWMK-FBAR-1PTB",
    (7, SERIALS - 1): "ZTHW-SYYF-MHHB-5NWN",
    (2**64 - 1, 12_345): "TAZH-4Z8S-BYXX-F9V4",
}

serials = st.integers(0, SERIALS - 1)


@pytest.mark.parametrize(("place", "printed"), VECTORS.items())
def test_the_published_vectors_hold(place, printed):
    key = EpochKey.from_secret(place[0], SECRET)
    code = stamp_codes.mint(key, place[1])
    assert stamp_codes.group(code) == printed
    assert stamp_codes.read([key], printed) == place


@given(st.integers(0, SERIALS - 300), st.integers(0, 300))
@settings(max_examples=20, deadline=None)
def test_the_bulk_path_equals_the_simple_one(first, count):
    codes = stamp_codes.mint_range(KEY, first, count)
    assert codes.shape == (count, 16)
    assert codes.dtype == np.uint8
    one_by_one = [stamp_codes.mint(KEY, first + i) for i in range(count)]
    assert [row.tobytes().decode() for row in codes] == one_by_one


def test_a_range_longer_than_one_piece_is_seamless():
    codes = stamp_codes.mint_range(KEY, 10, 9_000)
    for at in (0, 4_095, 4_096, 8_191, 8_192, 8_999):
        assert codes[at].tobytes().decode() == stamp_codes.mint(KEY, 10 + at)


@given(serials)
@settings(max_examples=60, deadline=None)
def test_every_minted_code_reads_back_among_eight_epochs(serial):
    code = stamp_codes.mint(KEY, serial)
    assert stamp_codes.read([*OTHERS, KEY], code) == (7, serial)
    assert stamp_codes.read(OTHERS, code) is None


def test_neighbours_on_a_roll_share_no_prefix_and_no_code_repeats():
    codes = stamp_codes.mint_range(KEY, 0, 20_000)
    hidden = np.ascontiguousarray(codes[:, :8]).view("S8").ravel()
    assert len(np.unique(hidden)) == 20_000
    # Of random neighbours one in 32 agrees in the first character, one in 1,024 in the first two.
    assert (codes[1:, 0] == codes[:-1, 0]).mean() < 0.05
    assert (codes[1:, :2] == codes[:-1, :2]).all(axis=1).mean() < 0.004
    counts = np.array([np.bincount(column, minlength=128)[list(ALPHABET.encode())] for column in codes.T])
    assert counts.min() > 625 * 0.8
    assert counts.max() < 625 * 1.2


def test_the_same_secret_under_another_number_gives_unrelated_codes():
    other = EpochKey.from_secret(8, SECRET)
    assert stamp_codes.mint(other, 5) != stamp_codes.mint(KEY, 5)
    assert stamp_codes.read([KEY], stamp_codes.mint(other, 5)) is None


@pytest.mark.parametrize("place", range(15))
def test_a_forged_code_with_a_right_check_character_is_refused(place):
    code = stamp_codes.mint(KEY, 99)
    body = code[:place] + ALPHABET[(ALPHABET.index(code[place]) + 1) % 32] + code[place + 1 : 15]
    forged = body + stamp_codes.check_character(body)
    assert stamp_codes.normalise(forged) == forged
    assert stamp_codes.read([KEY], forged) is None


def test_a_forgery_costs_the_reader_as_many_ciphers_as_a_real_code(monkeypatch):
    calls = []

    def counted(name):
        real = getattr(stamp_codes, name)

        def call(*arguments):
            calls.append(name)
            return real(*arguments)

        return call

    for name in ("_tag", "_unpermuted"):
        monkeypatch.setattr(stamp_codes, name, counted(name))
    code = stamp_codes.mint(KEY, 99)
    body = code[:14] + ("A" if code[14] != "A" else "B")
    costs = []
    for text in (code, body + stamp_codes.check_character(body)):
        calls.clear()
        stamp_codes.read([KEY, *OTHERS], text)
        costs.append(list(calls))
    assert costs[0] == costs[1]
    assert costs[0].count("_tag") == 7


def test_every_single_wrong_character_and_every_exchange_of_two_is_noticed():
    code = stamp_codes.mint(KEY, 4_242)
    for place in range(16):
        for wrong in set(ALPHABET) - {code[place]}:
            assert isinstance(stamp_codes.normalise(code[:place] + wrong + code[place + 1 :]), Problem)
    for i, j in combinations(range(16), 2):
        if code[i] != code[j]:
            swapped = list(code)
            swapped[i], swapped[j] = code[j], code[i]
            assert isinstance(stamp_codes.normalise("".join(swapped)), Problem)


@pytest.mark.parametrize(
    "typed",
    [
        "jqrb-9xw1-7res-s24t",
        "JQRB 9XW1 7RES S24T",
        "JQRB9XW17RESS24T",
        "  jqrb-9xwi - 7res s24t ",
        "JQRB9XWl7RESS24T",
    ],
)
def test_case_spaces_hyphens_and_the_letters_o_i_l_are_forgiven(typed):
    assert stamp_codes.normalise(typed) == "JQRB9XW17RESS24T"


def test_the_letter_o_is_read_as_zero():
    code = next(c for c in (stamp_codes.mint(KEY, n) for n in range(200)) if "0" in c)
    assert stamp_codes.normalise(code.replace("0", "o")) == code


@pytest.mark.parametrize(
    ("typed", "flaw", "positions", "found"),
    [
        ("", Flaw.EMPTY, (), 0),
        (" - ", Flaw.EMPTY, (), 0),
        ("JQRB-9XW1-7RES-S24", Flaw.LENGTH, (), 15),
        ("JQRB-9XW1-7RES-S24TT", Flaw.LENGTH, (), 17),
        ("JQRU-9XW1-7RES-S24T", Flaw.CHARACTERS, (3,), 16),
        ("JQRB-9XW1-7RES-S2\uff14T", Flaw.CHARACTERS, (17,), 16),
        ("JQRB\u20139XW1-7RES-S24T", Flaw.CHARACTERS, (4,), 17),
        ("JQRB-9XW\u0661-7RES-S24T", Flaw.CHARACTERS, (8,), 16),
        ("\u017fQRB-9XW1-7RES-S24T", Flaw.CHARACTERS, (0,), 16),
        ("JQRB-9XW1-7RES-S24\x00", Flaw.CHARACTERS, (18,), 16),
        ("0x1_", Flaw.CHARACTERS, (3,), 4),
    ],
)
def test_what_cannot_be_a_code_is_pointed_at(typed, flaw, positions, found):
    assert stamp_codes.normalise(typed) == Problem(flaw, positions, found)
    assert stamp_codes.read([KEY], typed) is None


def test_a_failing_check_points_at_lookalikes_and_corrects_nothing():
    problem = stamp_codes.normalise("JQRB-9XW1-7RES-S24X")
    assert problem == Problem(Flaw.CHECK, (1, 3, 13, 15, 16), 16)


def test_a_very_long_text_is_refused_for_its_length():
    assert stamp_codes.normalise("A" * 5_000_000) == Problem(Flaw.LENGTH, (), 5_000_000)


@given(st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_no_text_at_all_breaks_the_reader(text):
    result = stamp_codes.normalise(text)
    assert isinstance(result, Problem) or set(result) <= set(ALPHABET)
    assert stamp_codes.read([KEY], text) is None


def test_a_key_keeps_its_secret_to_itself():
    assert repr(KEY) == "EpochKey(epoch_id=7)"
    with pytest.raises(ValueError, match="32 bytes"):
        EpochKey.from_secret(1, b"short")


def test_threads_may_share_a_key():
    expected = stamp_codes.mint_range(KEY, 0, 20_000)

    def mint_and_read(_):
        same = (stamp_codes.mint_range(KEY, 0, 20_000) == expected).all()
        return bool(same) and stamp_codes.read([KEY], stamp_codes.mint(KEY, 77)) == (7, 77)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(mint_and_read, range(16)))


@pytest.mark.parametrize("serial", [-1, SERIALS])
def test_a_serial_has_forty_bits(serial):
    with pytest.raises(ValueError, match="40 bits"):
        stamp_codes.mint(KEY, serial)
    with pytest.raises(ValueError, match="40 bits"):
        stamp_codes.mint_range(KEY, min(serial, SERIALS - 1), 2)


def test_codes_of_the_oldest_epoch_are_read_however_many_came_since():
    keys = [EpochKey.from_secret(number, bytes([number]) * 32) for number in range(1, 41)]
    assert stamp_codes.read(reversed(keys), stamp_codes.mint(keys[0], 7)) == (1, 7)
    with pytest.raises(ValueError, match="one epoch"):
        stamp_codes.read([], stamp_codes.mint(keys[0], 7))


def test_the_browser_script_uses_the_same_alphabet_polynomial_and_length():
    script = (Path(stamp_codes.__file__).parents[1] / "static" / "code_check.js").read_text()
    constants = dict(re.findall(r'const ([A-Z]+) = "?(\w+)"?;', script))
    alphabet, length, polynomial = (
        constants["ALPHABET"],
        int(constants["LENGTH"]),
        int(constants["POLYNOMIAL"]),
    )
    assert (alphabet, length, polynomial) == (ALPHABET, stamp_codes.LENGTH, stamp_codes.GF32_POLYNOMIAL)
    for printed in VECTORS.values():
        code, total = printed.replace("-", ""), 0
        # The script's own loop, line by line.
        for character in code[: length - 1]:
            total = (total ^ alphabet.index(character)) << 1
            if total & 32:
                total ^= polynomial
        assert alphabet[total] == code[length - 1]


def test_the_alphabet_is_crockfords():
    assert set(ALPHABET) == set(string.digits + string.ascii_uppercase) - set("ILOU")
