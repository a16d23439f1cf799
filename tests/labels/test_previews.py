"""One stamp on screen, the cover sheet, and the check before printing."""

import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from tests.labels import samples
from traceability.domain import stamp_codes
from traceability.domain.errors import RuleBroken
from traceability.labels import PrintedForm, cover, pdf, preflight, single
from traceability.labels.layouts import A4_5X13, ROLL_35X22, ROLL_50X30

ROOT = "https://txng.vinhlong.gov.vn"


def test_a_png_scans_and_has_the_same_symbol_as_the_paper():
    order, layout = samples.order(3, demo=True), ROLL_35X22
    picture = Image.open(io.BytesIO(single.png(order, layout, 2)))
    assert samples.scanned(picture) == [samples.addresses(order)[2]]
    paper = samples.pictures(b"".join(pdf.stream(order, layout)), layout.dpi)[2]
    area = layout.fit(order).area_dots
    assert picture.size == pytest.approx(paper.size, abs=1)
    assert (np.array(picture)[:area, :area] == np.array(paper)[:area, :area]).all()


def test_an_svg_is_in_millimetres_and_escapes_what_people_typed():
    order = samples.order(1, text=replace(samples.TEXT, product='Bưởi <b> & "Năm Roi"'))
    root = ElementTree.fromstring(single.svg(order, ROLL_50X30))
    assert (root.get("width"), root.get("viewBox")) == ("50mm", "0 0 50 30")
    words = " ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))
    assert "<b> &" in words
    assert stamp_codes.group(order.code(0)) in words


def test_an_svgs_symbol_has_as_many_dark_modules_as_the_paper():
    order = samples.order(1)
    path = ElementTree.fromstring(single.svg(order, ROLL_50X30)).find("{http://www.w3.org/2000/svg}path")
    assert path is not None
    dark = sum(int(run.split("h")[1].split("v")[0]) for run in path.get("d", "").split("M")[1:])
    assert dark == order.encoder().symbol(order.code(0)).bit_count()


def test_a_stamp_outside_the_order_has_no_preview():
    with pytest.raises(RuleBroken, match="no_such_stamp"):
        single.svg(samples.order(3), ROLL_50X30, 3)


def sheet(**changes) -> cover.CoverSheet:
    return replace(
        cover.CoverSheet(
            title="Phiếu cấp tem PCT-2026-0001",
            rows=(
                ("Cơ sở", "HTX Nông nghiệp Bưởi Mỹ Hòa"),
                ("Sản phẩm", "Bưởi Năm Roi"),
                ("Số lượng", "150 tem"),
            ),
            codes=(("Mã đầu", "39A3-FQNE-91SQ-V00Q"), ("Mã cuối", "BWKP-6YEF-H7VF-YKGW")),
            notes=("In đúng kích thước 100 %, không co giãn cho vừa trang.",),
            checkpoint_title="Điểm kiểm của nhật ký",
            checkpoint=("traceability.example/log", "1234", "x" * 200),
        ),
        **changes,
    )


def test_the_cover_sheet_says_everything_and_is_always_the_same():
    data = cover.pdf(sheet())
    assert data == cover.pdf(sheet())
    words = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded().replace("\x02", "-")
    for text in (
        "Phiếu cấp tem PCT-2026-0001",
        "HTX Nông nghiệp Bưởi Mỹ Hòa",
        "BWKP-6YEF-H7VF-YKGW",
        "không co giãn",
    ):
        assert text in words
    assert "DEMO" not in words


def test_a_demo_cover_sheet_says_demo_on_every_page():
    document = pypdfium2.PdfDocument(cover.pdf(sheet(demo=True, notes=("Một dòng lưu ý khi in tem.",) * 60)))
    assert len(document) > 1
    assert all("DEMO" in page.get_textpage().get_text_bounded() for page in document)


def test_preflight_tells_the_sizes_that_result():
    report = preflight.check(samples.order(150, demo=True), A4_5X13.at(203), public_root=ROOT, start=7)
    assert (report.version, report.modules, report.dots_per_module, report.pages) == (3, 29, 3, 3)
    assert report.module_mm == pytest.approx(0.375, abs=0.001)
    assert report.quiet_mm == pytest.approx(4 * report.module_mm)
    assert report.area_mm == pytest.approx(report.symbol_mm + 2 * report.quiet_mm)
    assert not report.below_target


def test_preflight_warns_of_a_digital_link_below_the_retail_target():
    order = samples.order(3, PrintedForm.DIGITAL_LINK)
    assert preflight.check(order, ROLL_35X22, public_root=ROOT).below_target
    assert not preflight.check(order, ROLL_50X30, public_root=ROOT).below_target


@pytest.mark.parametrize(
    "prefix",
    [
        "HTTPS://TXNG.VINHLONG.GOV.VN.EXAMPLE/S/",
        "HTTP://TXNG.VINHLONG.GOV.VN/S/",
        "HTTPS://TXNG.VINHLONG.GOV.VN/T/",
        "HTTPS://TXNG.VINHLONG.GOV.VN:8443/S/",
        "HTTPS://EVIL.VN/TXNG.VINHLONG.GOV.VN/S/",
    ],
)
def test_a_stamp_that_leads_elsewhere_is_not_printed(prefix):
    with pytest.raises(RuleBroken, match="foreign_address"):
        preflight.check(samples.order(3, prefix=prefix), A4_5X13, public_root=ROOT)
