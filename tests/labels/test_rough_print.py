"""Stamps are read although paper, ink and cameras are not perfect: at least 995 of 1,000."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.labels import roughness, samples
from traceability.labels import Layout, PrintedForm, imposition, pdf
from traceability.labels.layouts import A4_5X13, ROLL_35X22, ROLL_50X30, Fit

LEAST_READ = 0.995
FULL = 1_000
PRINTS = [
    pytest.param(A4_5X13.at(203), PrintedForm.SHORT, id="A4 30x20 at 203 dpi"),
    pytest.param(A4_5X13.at(300), PrintedForm.SHORT, id="A4 30x20 at 300 dpi"),
    pytest.param(A4_5X13.at(600), PrintedForm.SHORT, id="A4 30x20 at 600 dpi"),
    pytest.param(ROLL_35X22.at(300).with_rows(50), PrintedForm.DIGITAL_LINK, id="35x22 at 300 dpi, GS1"),
    pytest.param(ROLL_50X30.at(203).with_rows(50), PrintedForm.DIGITAL_LINK, id="50x30 at 203 dpi, GS1"),
]


Spoil = Callable[[Image.Image, Fit], Image.Image]
MARGIN = 20


def stamps(layout: Layout, form: PrintedForm, count: int) -> Iterator[tuple[str, Image.Image, Fit]]:
    """Each stamp's address and its dots as pdfium prints them, with a little of the sheet around."""
    order = samples.order(count, form)
    fit = layout.fit(order)
    pages = samples.pictures(b"".join(pdf.stream(order, layout, compress=True)), layout.dpi)
    for n, address in enumerate(samples.addresses(order)):
        place = imposition.place(layout, n)
        x, y = fit.cell_dots(place.column, place.row)
        width, height = fit.stamp_dots
        around = Image.new("L", (width + 2 * MARGIN, height + 2 * MARGIN), 255)
        around.paste(pages[place.page].crop((x, y, x + width, y + height)), (MARGIN, MARGIN))
        yield address, around, fit


def share_read(layout: Layout, form: PrintedForm, count: int, spoil: Spoil) -> float:
    read = sum(
        address in samples.scanned(spoil(stamp, fit)) for address, stamp, fit in stamps(layout, form, count)
    )
    return read / count


def blur(stamp: Image.Image, fit: Fit) -> Image.Image:
    return roughness.blurred(stamp, fit.layout.dpi)


def ink(stamp: Image.Image, fit: Fit) -> Image.Image:
    return roughness.with_ink_gain(stamp, fit.dots_per_module)


def curve(stamp: Image.Image, fit: Fit) -> Image.Image:
    """The fruit is turned until the symbol faces the camera."""
    return roughness.around_a_cylinder(stamp, fit.layout.dpi, MARGIN + fit.area_dots / 2)


def everything(stamp: Image.Image, fit: Fit) -> Image.Image:
    return blur(curve(ink(stamp, fit), fit), fit)


@pytest.mark.parametrize("spoil", [blur, ink, curve, everything])
@pytest.mark.parametrize(("layout", "form"), PRINTS)
def test_a_rough_print_is_read(layout, form, spoil):
    assert share_read(layout, form, 12, spoil) == 1


@pytest.mark.soak
@pytest.mark.parametrize("spoil", [blur, ink, curve, everything])
@pytest.mark.parametrize(("layout", "form"), PRINTS)
def test_of_many_rough_prints_nearly_all_are_read(layout, form, spoil):
    assert share_read(layout, form, FULL, spoil) >= LEAST_READ


def poppler(data: bytes, dpi: int, folder: Path) -> list[Image.Image]:
    """Every page as poppler draws it in the dots of a printer."""
    (folder / "stamps.pdf").write_bytes(data)
    command = ["pdftoppm", "-r", str(dpi), "-gray", str(folder / "stamps.pdf"), str(folder / "page")]
    subprocess.run(command, check=True, timeout=120)
    return [Image.open(file) for file in sorted(folder.glob("page*.pgm"))]


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is optional")
@pytest.mark.parametrize(("layout", "form"), PRINTS)
def test_poppler_prints_every_module_equally_wide_as_well(layout, form, tmp_path):
    order = samples.order(70 if layout.per_page == 65 and layout.dpi < 600 else 10, form)
    fit, encoder = layout.fit(order), order.encoder()
    pages = poppler(b"".join(pdf.stream(order, layout)), layout.dpi, tmp_path)
    assert sorted(a for page in pages for a in samples.scanned(page)) == sorted(samples.addresses(order))
    drawn = samples.modules(encoder, encoder.rows(order.codes(0, order.count)))
    dots = [np.array(page) for page in pages]
    for n in range(order.count):
        place = imposition.place(layout, n)
        x, y = fit.cell_dots(place.column, place.row)
        area = dots[place.page][y : y + fit.area_dots, x : x + fit.area_dots]
        wanted = np.kron(1 - drawn[n], np.full((fit.dots_per_module, fit.dots_per_module), 255))
        assert (area == np.pad(wanted, 4 * fit.dots_per_module, constant_values=255)).all()
