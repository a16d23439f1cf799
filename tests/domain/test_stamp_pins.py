"""The PIN under the scratch panel: derived, on paper only, nothing that a code tells."""

from pathlib import Path

import pypdfium2
import pytest

from tests.rolls import Mint
from traceability import print_files, print_room
from traceability.db import Database
from traceability.domain import stamp_codes, stamp_pins
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamps import FileKind
from traceability.keys import Keyring
from traceability.print_files import Made

KEY = EpochKey.from_secret(7, bytes(range(32)))


def test_pins_are_six_characters_derived_from_the_epoch_and_the_serial() -> None:
    pins = stamp_pins.pin_range(KEY, 1000, 5000)
    texts = [row.tobytes().decode() for row in pins]
    assert texts[17] == stamp_pins.pin(KEY, 1017)
    assert all(len(text) == 6 and set(text) <= set(stamp_codes.ALPHABET) for text in texts)
    assert len(set(texts)) > 4950
    assert stamp_pins.pin(EpochKey.from_secret(8, bytes(range(32))), 1017) != texts[17]
    # A vector: another implementation must draw the same.
    assert stamp_pins.pin(KEY, 0) == "DQ8FXE"


@pytest.mark.parametrize(
    ("typed", "right"),
    [(" {pin} ", True), ("{low}", True), ("{pin}X", False), ("", False), ("ă" * 6, False), ("000000", False)],
)
def test_a_pin_is_read_however_it_was_typed(typed: str, right: bool) -> None:
    pin = stamp_pins.pin(KEY, 5)
    assert stamp_pins.matches(KEY, 5, typed.format(pin=pin, low=pin.lower())) is right


def test_codes_are_what_they_were_before_there_were_pins() -> None:
    assert stamp_codes.mint(KEY, 0) == stamp_codes.mint_range(KEY, 0, 1).tobytes().decode()
    assert stamp_pins.pin(KEY, 0) not in stamp_codes.mint(KEY, 0)


def test_an_order_with_pins_prints_them_and_keeps_none(database: Database, tmp_path: Path) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    order = mint.ready(mint.batch(), 3, layout="roll-50x30", pins=True)
    pin = stamp_pins.pin(mint.keys[order.epoch_number], order.first_serial + 1)
    made = Made(order, "L1", mint.keys)
    file = b"".join(print_files.file_of(FileKind.PDF, made).run())
    words = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(file))
    assert pin in words
    assert "Mã cào" in words
    assert pin not in order.print_data
    svg = print_room.picture(order, print_room.printed_order(order, mint.keys))
    assert pin not in svg
    listed = b"".join(print_files.file_of(FileKind.CSV, made).run()).decode().splitlines()
    assert listed[2].endswith(f'"{pin}"')
