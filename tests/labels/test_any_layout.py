"""Whatever a person draws in the layout editor: it is refused in words, or it prints and scans."""

from dataclasses import replace

import pypdfium2
from hypothesis import given
from hypothesis import strategies as st

from tests.labels import samples
from traceability import wording
from traceability.domain.errors import RuleBroken
from traceability.labels import Layout, PrintedForm, pdf, preview
from traceability.labels.layouts import DPI_PROFILES, Arrangement, Marks

SIDE = st.floats(18, 110).map(lambda mm: round(mm, 1))
SMALL = st.floats(0, 8).map(lambda mm: round(mm, 1))
LAYOUT = st.builds(
    Layout,
    name=st.just("của tôi"),
    page_width_mm=st.just(360),
    page_height_mm=st.just(480),
    columns=st.integers(1, 3),
    rows=st.integers(1, 4),
    stamp_width_mm=SIDE,
    stamp_height_mm=SIDE,
    left_mm=SMALL,
    top_mm=SMALL,
    gap_x_mm=SMALL,
    gap_y_mm=SMALL,
    module_mm=st.floats(0.25, 0.8),
    dpi=st.sampled_from(DPI_PROFILES[:2]),
    arrangement=st.sampled_from(Arrangement),
    inset_mm=st.floats(0, 4),
    hole_mm=st.sampled_from([0, 0, 8]),
    logo_mm=st.sampled_from([0, 5, 12]),
    marks=st.sampled_from(Marks),
    copies=st.integers(1, 2),
)


@given(LAYOUT, st.sampled_from(PrintedForm), st.booleans(), st.booleans())
def test_any_layout_is_refused_in_words_or_prints_and_scans(layout, form, demo, with_pins):
    text = replace(samples.TEXT, logo=samples.LOGO)
    order = samples.order(5, form, text=text, demo=demo, pins=samples.pins if with_pins else None)
    try:
        layout.check()
        data = b"".join(pdf.stream(order, layout))
    except RuleBroken as refusal:
        assert refusal.code in wording.refusals()
        assert "{" not in wording.refusal(refusal)
        return
    assert len(data) == pdf.content_length(order, layout)
    found = [address for page in samples.pictures(data, layout.dpi) for address in samples.scanned(page)]
    assert sorted(found) == sorted(samples.addresses(order) * layout.copies)
    told = preview.page(order, layout)
    assert told.pages == len(pypdfium2.PdfDocument(data))
    for stamp in told.stamps:
        for line in stamp.texts:
            assert line.x_mm >= stamp.outline.x_mm - 0.1
            assert line.x_mm + line.width_mm <= stamp.outline.x_mm + stamp.outline.width_mm + 0.1
            assert line.baseline_mm <= stamp.outline.y_mm + stamp.outline.height_mm + 0.1
            beside = (
                line.x_mm >= stamp.quiet.x_mm + stamp.quiet.width_mm - 0.1
                or line.baseline_mm <= stamp.quiet.y_mm + 0.1
                or line.baseline_mm - 0.7 * line.size_pt / 72 * 25.4
                >= stamp.quiet.y_mm + stamp.quiet.height_mm - 0.35
            )
            assert beside, line
