"""Thermal printers: the dots of the ZPL are the dots of the PDF."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.labels import samples
from tests.labels.zpl_printer import Label, Printer
from traceability.domain.errors import RuleBroken
from traceability.labels import PrintedForm, pdf, zpl
from traceability.labels.layouts import (
    A4_5X13,
    CARTON_100X50,
    ROLL_30X20,
    ROLL_35X22,
    ROLL_50X30,
    TAG_40X70,
)

TWO_ACROSS = replace(ROLL_30X20, page_width_mm=64, columns=2, left_mm=1, gap_x_mm=2)
JOBS = [
    pytest.param(ROLL_30X20.at(203), {}, id="30x20 at 203 dpi"),
    pytest.param(ROLL_35X22.at(300), {"form": PrintedForm.DIGITAL_LINK}, id="35x22 at 300 dpi, GS1"),
    pytest.param(ROLL_50X30.at(600), {"demo": True}, id="50x30 at 600 dpi, demo"),
    pytest.param(
        CARTON_100X50.at(203), {"pins": True, "logo": True}, id="carton at 203 dpi with logo and PIN"
    ),
    pytest.param(TAG_40X70.at(300), {"logo": True, "pins": True}, id="tag at 300 dpi with logo and PIN"),
    pytest.param(TWO_ACROSS.at(203), {}, id="two across at 203 dpi"),
]


def order_of(count: int, options: dict):
    text = replace(samples.TEXT, logo=samples.LOGO) if options.get("logo") else samples.TEXT
    order = samples.order(count, options.get("form", PrintedForm.SHORT), text=text)
    return replace(order, demo=options.get("demo", False), pins=samples.pins if options.get("pins") else None)


def printed(order, layout, **options) -> list[Label]:
    return list(Printer().printed(b"".join(zpl.stream(order, layout, **options))))


def grown(black: np.ndarray) -> np.ndarray:
    """The black dots and their neighbours."""
    return np.array(Image.fromarray(black).convert("L").filter(ImageFilter.MaxFilter(3))) > 0


@pytest.mark.parametrize(("layout", "options"), JOBS)
def test_a_thermal_printer_prints_the_dots_of_the_pdf(layout, options):
    order = order_of(5, options)
    data = b"".join(pdf.stream(order, layout))
    paper = samples.pictures(data, layout.dpi)
    # pdfium moves each letter to a whole pixel: seen four times as fine and averaged it moves none.
    finer = [page.reduce(4) for page in samples.pictures(data, 4 * layout.dpi)]
    labels = printed(order, layout)
    assert len(labels) == len(paper)
    fit = layout.fit(order)
    for label, page, fine in zip(labels, paper, finer, strict=True):
        assert label.dots.shape == np.array(page).shape
        dots = np.array(fine)[: label.dots.shape[0], : label.dots.shape[1]]
        # Letters: the edges of the one lie within a dot of the other's; few dots differ at all.
        assert not (label.dots & ~grown(dots < 160)).any()
        assert not ((dots < 96) & ~grown(label.dots)).any()
        assert (label.dots != (dots < 128)).mean() < 0.015
    readable = [address for label in labels for address in samples.scanned(Image.fromarray(~label.dots))]
    assert sorted(readable) == sorted(samples.addresses(order))
    # The symbol with its quiet zone: the same to the dot.
    x, y = (fit.cell_dots(0, 0)[at] + samples.symbol_corner(order, fit)[at] for at in (0, 1))
    area = slice(y, y + fit.area_dots), slice(x, x + fit.area_dots)
    assert (labels[0].dots[area] == (np.array(paper[0])[area] == 0)).all()


def test_the_job_leaves_nothing_in_the_printer_and_is_always_the_same():
    order = order_of(40, {"pins": True})
    jobs = [b"".join(zpl.stream(order, ROLL_50X30)) for _ in range(2)]
    assert jobs[0] == jobs[1]
    printer = Printer()
    assert len(list(printer.printed(jobs[0]))) == 40
    assert not printer.stored


def test_copies_are_left_to_the_printer_on_a_roll_of_one_column():
    labels = printed(order_of(3, {}), replace(ROLL_30X20, copies=4))
    assert [label.copies for label in labels] == [4, 4, 4]


def test_two_across_prints_copies_beside_each_other_and_leaves_used_places_empty():
    order = order_of(2, {})
    labels = printed(order, replace(TWO_ACROSS, copies=2), start=1)
    read = [sorted(samples.scanned(Image.fromarray(~label.dots))) for label in labels]
    first, second = samples.addresses(order)
    assert read == [[first], sorted([first, second]), [second]]


@pytest.mark.parametrize(
    ("layout", "count", "start"),
    [
        (ROLL_30X20, 1, 0),
        (ROLL_30X20, 1_500, 0),
        (replace(TWO_ACROSS, copies=3), 7, 1),
        (TWO_ACROSS, 1_025, 1),
    ],
)
def test_the_length_is_known_beforehand(layout, count, start):
    press = zpl.ThermalPress(order_of(count, {}), layout, start=start)
    assert press.content_length == sum(map(len, press.run()))


def test_a_sheet_is_not_sent_to_a_label_printer():
    with pytest.raises(RuleBroken, match="zpl_needs_roll"):
        zpl.stream(order_of(3, {}), A4_5X13)
    with pytest.raises(RuleBroken, match="nothing_to_print"):
        zpl.stream(order_of(0, {}), ROLL_30X20)
