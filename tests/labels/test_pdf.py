"""The press: what comes off it scans, is crisp to the dot, says what it should, and is always the same."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from tests.labels import samples
from traceability.domain import stamp_codes
from traceability.domain.errors import RuleBroken
from traceability.labels import PrintedForm, imposition, pdf
from traceability.labels.layouts import A4_5X13, ROLL_30X20, ROLL_35X22, ROLL_50X30

SHEETS = [
    pytest.param(A4_5X13.at(203), PrintedForm.SHORT, 150, 7, id="A4 at 203 dpi, from the eighth cell"),
    pytest.param(A4_5X13.at(300), PrintedForm.SHORT, 66, 0, id="A4 at 300 dpi"),
    pytest.param(A4_5X13.at(600), PrintedForm.SHORT, 10, 0, id="A4 at 600 dpi"),
    pytest.param(ROLL_30X20.at(203), PrintedForm.SHORT, 4, 0, id="roll 30x20 at 203 dpi"),
    pytest.param(ROLL_35X22.at(300), PrintedForm.DIGITAL_LINK, 4, 0, id="roll 35x22 at 300 dpi, GS1"),
    pytest.param(ROLL_50X30.at(203), PrintedForm.DIGITAL_LINK, 4, 0, id="roll 50x30 at 203 dpi, GS1"),
    pytest.param(ROLL_50X30.at(300).with_rows(20), PrintedForm.SHORT, 30, 0, id="roll 50x30 on long pages"),
]


def printed(order, layout, **options) -> bytes:
    return b"".join(pdf.stream(order, layout, **options))


def text_of(page: pypdfium2.PdfPage) -> str:
    words: str = page.get_textpage().get_text_bounded()
    return words.replace("\r\n", " ").replace("\x02", "-")


@pytest.mark.parametrize(("layout", "form", "count", "start"), SHEETS)
def test_every_stamp_scans_and_every_module_is_equally_wide(layout, form, count, start):
    order = samples.order(count, form, demo=True)
    fit, encoder = layout.fit(order), order.encoder()
    pages = samples.pictures(printed(order, layout, start=start, compress=True), layout.dpi)
    assert len(pages) == imposition.pages(layout, count, start)
    assert sorted(address for page in pages for address in samples.scanned(page)) == sorted(
        samples.addresses(order)
    )

    quiet = 4 * fit.dots_per_module
    drawn = samples.modules(encoder, encoder.rows(order.codes(0, count)))
    dots = [np.array(page) for page in pages]
    assert dots[0].shape[::-1] == fit.page_dots
    for n in range(count):
        place = imposition.place(layout, n, start)
        x, y = fit.cell_dots(place.column, place.row)
        area = dots[place.page][y : y + fit.area_dots, x : x + fit.area_dots]
        wanted = np.kron(1 - drawn[n], np.full((fit.dots_per_module, fit.dots_per_module), 255))
        # Every dot of every row and column, with no grey, and nothing at all in the quiet zone.
        assert (area == np.pad(wanted, quiet, constant_values=255)).all()


def test_the_first_cells_of_a_used_sheet_stay_empty():
    order, layout = samples.order(3), A4_5X13.at(203)
    fit = layout.fit(order)
    page = np.array(samples.pictures(printed(order, layout, start=6), 203)[0])
    x, y = fit.cell_dots(1, 1)
    assert (page[:y] == 255).all()
    assert (page[y : y + fit.stamp_dots[1], :x] == 255).all()
    assert (page[y:, x:] < 255).any()


def test_the_vietnamese_text_and_the_code_read_back():
    order = samples.order(1, demo=True)
    for layout in (A4_5X13.at(203), ROLL_50X30):
        words = text_of(pypdfium2.PdfDocument(printed(order, layout))[0])
        for line in (samples.TEXT.product, *samples.TEXT.lines, samples.TEXT.domain, "DEMO"):
            assert line in words
        assert stamp_codes.group(order.code(0)) in words


def test_only_demo_stamps_say_demo():
    assert "DEMO" not in text_of(pypdfium2.PdfDocument(printed(samples.order(1), ROLL_50X30))[0])


@pytest.mark.parametrize("compress", [False, True])
def test_the_same_order_gives_the_same_bytes(compress):
    layout = A4_5X13.at(203)
    once, again = (printed(samples.order(100, demo=True), layout, compress=compress) for _ in range(2))
    assert once == again
    for mark in (b"CreationDate", b"ModDate", b"ReportLab", b"anonymous"):
        assert mark not in once


@pytest.mark.parametrize(
    ("layout", "count", "start"),
    [
        (A4_5X13, 1, 0),
        (A4_5X13, 65, 0),
        (A4_5X13, 66, 64),
        (A4_5X13, 5_000, 3),
        (ROLL_30X20, 1_234, 0),
        (ROLL_50X30.with_rows(100), 250, 99),
        (ROLL_50X30.with_rows(500), 700, 0),
    ],
)
def test_the_length_of_an_uncompressed_file_is_known_beforehand(layout, count, start):
    order = samples.order(count)
    assert pdf.content_length(order, layout, start=start) == sum(
        map(len, pdf.stream(order, layout, start=start))
    )


def test_the_cross_reference_table_names_the_place_of_every_object():
    data = printed(samples.order(1_100), ROLL_30X20, compress=True)
    table = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    lines = data[table:].split(b"trailer")[0].splitlines(keepends=True)[2:]
    assert data[table:].startswith(b"xref\n0 %d\n" % (len(lines)))
    used = 0
    for number, line in enumerate(lines[1:], start=1):
        assert len(line) == 20
        if line.endswith(b" n \n"):
            used += 1
            assert data[int(line[:10]) :].startswith(b"%d 0 obj" % number)
    assert used > 2_200


def test_memory_does_not_grow_with_the_order():
    layout = A4_5X13.at(203)

    def peak(count: int) -> int:
        press = pdf.Press(samples.order(count), layout)
        tracemalloc.start()
        for _ in press.run():
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(80_000) < peak(10_000) * 1.05


def test_a_stamp_costs_few_bytes():
    order, layout = samples.order(13_000), A4_5X13.at(203)
    assert sum(map(len, pdf.stream(order, layout, compress=True))) < 140 * order.count


def test_an_empty_order_and_codes_of_the_wrong_number_are_refused():
    with pytest.raises(RuleBroken, match="nothing_to_print"):
        pdf.stream(samples.order(0), A4_5X13)
    short = samples.order(10, codes=lambda first, count: samples.codes(first, count - 1))
    with pytest.raises(ValueError, match="another number of codes"):
        printed(short, A4_5X13)


def test_refusals_come_before_the_first_byte():
    long = replace(samples.TEXT, product="Bưởi Năm Roi " * 30)
    with pytest.raises(RuleBroken, match="text_too_long"):
        pdf.stream(samples.order(1, text=long), A4_5X13)


@pytest.mark.parametrize("roll", [ROLL_30X20.at(203), ROLL_50X30.at(300)], ids=lambda roll: roll.name)
def test_every_stamp_of_a_page_of_five_hundred_scans_and_stands_on_its_dots(roll):
    layout, order = roll.with_rows(500), samples.order(520)
    fit, encoder = layout.fit(order), order.encoder()
    first, second = (np.array(page) for page in samples.pictures(printed(order, layout), layout.dpi))
    assert first.shape[::-1] == fit.page_dots
    quiet, (left, top) = 4 * fit.dots_per_module, samples.symbol_corner(order, fit)
    drawn = samples.modules(encoder, encoder.rows(order.codes(0, 500)))
    for n in (0, 1, 249, 498, 499):
        x, y = fit.cell_dots(0, n)
        stamp = first[y : y + fit.stamp_dots[1], x : x + fit.stamp_dots[0]]
        assert samples.scanned(Image.fromarray(stamp)) == [order.prefix + order.code(n)]
        area = stamp[top : top + fit.area_dots, left : left + fit.area_dots]
        wanted = np.kron(1 - drawn[n], np.full((fit.dots_per_module, fit.dots_per_module), 255))
        assert (area == np.pad(wanted, quiet, constant_values=255)).all()
    assert len(samples.scanned(Image.fromarray(second[: fit.stamp_dots[1] * 2]))) >= 1
