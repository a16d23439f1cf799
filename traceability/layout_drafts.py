"""A print layout as somebody draws it: the measures as typed, what results on paper, and a drawing of the page."""

import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

from markupsafe import Markup
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from traceability import stamp_faces
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.layouts import LayoutInput, PrintLayout
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamps import StampForm
from traceability.domain.text import Block, ShortLine
from traceability.labels import Layout, preview, single
from traceability.labels.layout import Arrangement, Fit, Marks
from traceability.labels.logo import Logo
from traceability.labels.order import PrintedForm, TextKind
from traceability.labels.symbol import SymbolEncoder
from traceability.stamp_faces import Wanted, Words

_MEASURE = re.compile(r"\d{1,4}(?:[.,]\d{1,3})?")
#: More stamps than this on a page are drawn as outlines only.
_DRAWN = 130
_SAMPLE_GROSS_G = 10_500
_SAMPLE_GTIN = "09521234543213"


def _millimetres(value: Any) -> Any:
    text = str(value).strip().removesuffix("mm").strip()
    if not text.isascii() or not _MEASURE.fullmatch(text):
        raise PydanticCustomError("layout_measure", "this is not a measure in millimetres")
    return float(text.replace(",", "."))


#: A length as people write it: `30`, `30,5`, `0.375`.
Millimetres = Annotated[float, BeforeValidator(_millimetres)]


class LayoutDraft(BaseModel):
    """What the editor's fields say; see `labels.Layout` for the meaning of each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortLine
    page_width_mm: Millimetres
    page_height_mm: Millimetres
    columns: Annotated[int, Field(ge=1, le=100)]
    rows: Annotated[int, Field(ge=1, le=500)]
    stamp_width_mm: Millimetres
    stamp_height_mm: Millimetres
    left_mm: Millimetres = 0.0
    top_mm: Millimetres = 0.0
    gap_x_mm: Millimetres = 0.0
    gap_y_mm: Millimetres = 0.0
    module_mm: Millimetres
    dpi: int = 300
    arrangement: Arrangement = Arrangement.BESIDE
    inset_mm: Millimetres = 0.0
    hole_mm: Millimetres = 0.0
    logo_mm: Millimetres = 0.0
    lines: list[TextKind] = []
    language: Annotated[str, Field(pattern="^(vi|en)$")] = "vi"
    form: PrintedForm = PrintedForm.SHORT
    marks: Marks = Marks.NONE
    footer: bool = False
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    start_position: Annotated[int, Field(ge=1)] = 1
    small_reason: Annotated[Block, Field(max_length=400)] = ""

    def layout(self) -> Layout:
        """The layout, checked. Raises `RuleBroken` ("labels.*") naming the field."""
        kept = self.model_dump(mode="json", exclude={"start_position", "small_reason"})
        return Layout.from_json(kept | {"name": self.name[:40]})

    def to_keep(self) -> LayoutInput:
        """As it is kept. Raises as `layout`."""
        data = json.dumps(self.layout().as_json(), ensure_ascii=False)
        return LayoutInput(name=self.name, data=data, small_reason=self.small_reason)


@dataclass(frozen=True)
class Drawing:
    """What results: the figures of the symbol, the first page, and one stamp enlarged."""

    layout: Layout
    fit: Fit
    page: preview.Page
    stamp: Markup
    detailed: bool


def draw(
    draft: LayoutDraft, words: Words, public_root: str, *, demo: bool, logo: Logo | None = None
) -> Drawing:
    """What a draft prints, with the producer's mark where it has one.

    Raises `RuleBroken` ("labels.*", "stamps.start_outside_sheet") for what cannot be printed.

    The address, the size of the squares, the texts and their letters are looked over as before a print, and sampled
    symbols are encoded a second time.
    """
    layout = draft.layout()
    start = draft.start_position - 1
    if start >= layout.per_page:
        raise RuleBroken("stamps.start_outside_sheet", "start_position", cells=layout.per_page)
    form = StampForm(draft.form.value)
    small = bool(draft.small_reason) and form is StampForm.DIGITAL_LINK
    prefix = stamp_faces.prefix_of(public_root, form, words.product.gtin or _SAMPLE_GTIN, words.batch.lot)
    version = SymbolEncoder(prefix, mode=draft.form.mode).version
    fit = layout.fit_version(version, draft.form, small_modules=small)
    wanted = Wanted(prefix, form, public_root, demo, small_modules=small, logo=logo, gross_g=_SAMPLE_GROSS_G)
    sample = stamp_faces.sample(words, layout, wanted)
    count = max(1, -(-(layout.per_page - start) // layout.copies))
    sheet = replace(sample, count=count)
    return Drawing(
        layout=layout,
        fit=fit,
        page=preview.page(sheet, layout, start=start, small_modules=small),
        stamp=Markup(single.svg(sample, layout, small_modules=small)),
        detailed=layout.per_page <= _DRAWN,
    )


def as_typed(layout: Layout, language: str, *, name: str, small_reason: str = "") -> dict[str, Any]:
    """A layout as the fields of the editor show it."""
    shown = {key: _written(value, language) for key, value in layout.as_json().items()}
    shown["footer"] = "1" if layout.footer else ""
    return shown | {"name": name, "small_reason": small_reason, "start_position": 1}


def kept(row: PrintLayout) -> Layout:
    """The layout that a row keeps."""
    return Layout.from_json(row.data)


def sample_words(producer: Producer, product: Product | None) -> Words:
    """Words for a drawing where no batch is at hand: the producer's own product, and days that fill their lines."""
    day = today()
    made_up: dict[str, Any] = {
        "lot": f"L{day:%y%m%d}01",
        "area_code": "VN-VLOR-0001",
        "started_on": day,
        "harvested_on": day,
        "packed_on": day,
        "best_before_on": day + timedelta(days=30),
    }
    shown: dict[str, Any] = {"name": "Bưởi Năm Roi", "net_weight_text": "1,4 kg", "gtin": _SAMPLE_GTIN}
    return Words(Batch(**made_up), product or Product(**shown), producer)


def _written(value: Any, language: str) -> Any:
    if not isinstance(value, float):
        return value
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if language == "vi" else text
