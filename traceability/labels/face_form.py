"""The face as finished PDF objects: ReportLab draws it once, the press repeats it on every stamp.

ReportLab writes a one-page file whose page shows the face as a form XObject. Its fonts (subset, with the
Vietnamese letters and a ToUnicode map), the form and the page's resources are taken over word for word; the
page, its tree and the catalogue are left behind, for `pdf` writes its own.
"""

import io
import re
from dataclasses import dataclass

import numpy as np
from reportlab.pdfgen.canvas import Canvas

from traceability.domain.stamp_codes import ALPHABET
from traceability.labels import sheet, typeset
from traceability.labels.face import Face, Line, PlacedLogo
from traceability.labels.layout import Fit
from traceability.labels.sheet import Sheet
from traceability.labels.typeset import PT_PER_MM

_FACE, _SHEET = "face", "sheet"
_HAIRLINE_PT = 0.25
# Renderers round the edges of a picture outwards, which would give single dots of it a neighbour's width:
# pictures are drawn smaller by this much.
IMAGE_SHRINK_PT = 0.02


@dataclass(frozen=True)
class FaceForm:
    """`objects[n - 1]` is the text of object n, None where ReportLab's own page was left out."""

    objects: tuple[bytes | None, ...]
    resources: bytes
    """The page's resource dictionary: the fonts and the forms."""
    face_name: bytes
    sheet_name: bytes | None
    """The form of what stands beside the stamps; its origin is the page's bottom left corner."""
    code_font: bytes
    """Name of the font for codes; its character codes for the code's letters and the hyphen are ASCII."""


def draw(face: Face, around: Sheet, fit: Fit) -> FaceForm:
    """Draw a face and its sheet; the face's origin is the stamp's bottom left corner, 1 unit = 1 point."""
    typeset.register_fonts()
    width, height = (dots * fit.dot_pt for dots in fit.stamp_dots)
    written = io.BytesIO()
    # invariant: no dates and a fixed /ID, so that the same face is the same bytes.
    canvas = Canvas(
        written,
        pagesize=(width, height),
        invariant=1,
        pageCompression=1,
        initialFontName=typeset.REGULAR,  # type: ignore[arg-type]
    )
    canvas.beginForm(_FACE, 0, 0, width, height)
    for bar in face.black():
        canvas.rect(
            bar.x_mm * PT_PER_MM,
            height - (bar.top_mm + bar.height_mm) * PT_PER_MM,
            bar.width_mm * PT_PER_MM,
            bar.height_mm * PT_PER_MM,
            stroke=0,
            fill=1,
        )
    if face.logo is not None:
        _draw_logo(canvas, face.logo, fit)
    _write(canvas, face.lines, height)
    canvas.endForm()
    canvas.doForm(_FACE)
    if not around.is_empty:
        width, height = (dots * fit.dot_pt for dots in fit.page_dots)
        canvas.beginForm(_SHEET, 0, 0, width, height)
        canvas.setLineWidth(_HAIRLINE_PT)
        for rule in around.rules:
            canvas.line(
                rule.x1_mm * PT_PER_MM,
                height - rule.y1_mm * PT_PER_MM,
                rule.x2_mm * PT_PER_MM,
                height - rule.y2_mm * PT_PER_MM,
            )
        _write(canvas, (around.title,) if around.title else (), height)
        canvas.endForm()
        canvas.doForm(_SHEET)
    font = typeset.true_type(typeset.CODE)
    letters = "".join(sorted({*ALPHABET, *sheet.LETTERS}))
    document = canvas._doc  # type: ignore[attr-defined]
    if font.splitString(letters, document) != [(0, letters.encode())]:
        raise AssertionError("the code's letters keep their ASCII codes in the subset")
    code_font = font.getSubsetInternalName(0, document).encode()
    canvas.showPage()
    canvas.save()
    return _taken_over(written.getvalue(), code_font)


def _write(canvas: Canvas, lines: tuple[Line, ...], height: float) -> None:
    for line in lines:
        canvas.setFillGray(1 if line.white else 0)
        canvas.setFont(line.font, line.size_pt)
        canvas.drawString(line.x_mm * PT_PER_MM, height - line.baseline_mm * PT_PER_MM, line.text)


def _draw_logo(canvas: Canvas, placed: PlacedLogo, fit: Fit) -> None:
    """The mark as a 1-bit inline image in the printer's dots, a hair smaller like the symbols."""
    dots = placed.logo.scaled(placed.width, placed.height)
    x = placed.left * fit.dot_pt
    y = (fit.stamp_dots[1] - placed.top - placed.height) * fit.dot_pt
    size = placed.width * fit.dot_pt - IMAGE_SHRINK_PT, placed.height * fit.dot_pt - IMAGE_SHRINK_PT
    half = IMAGE_SHRINK_PT / 2
    # ReportLab's own inline images are in colour; its list of operators takes ours as well.
    canvas._code.append(  # type: ignore[attr-defined]
        f"q {size[0]:.4f} 0 0 {size[1]:.4f} {x + half:.4f} {y + half:.4f} cm "
        f"BI /W {placed.width} /H {placed.height} /BPC 1 /IM true /D [1 0] /F /AHx ID "
        f"{np.packbits(dots, axis=1).tobytes().hex()}> EI Q"
    )


def _taken_over(pdf: bytes, code_font: bytes) -> FaceForm:
    """The objects of a file that ReportLab has written."""
    table = int(pdf[pdf.rindex(b"startxref") + 9 :].split()[0])
    offsets = [int(entry[:10]) for entry in re.findall(rb"\d{10} \d{5} n", pdf[table:])]
    ends = dict(zip(sorted(offsets), [*sorted(offsets)[1:], table], strict=True))
    objects = [pdf[start : ends[start]] for start in offsets]

    def reference(key: bytes, text: bytes) -> int:
        return int(_found(rb"/" + key + rb"\s*\[?\s*(\d+) 0 R", text)[1])

    catalog = reference(b"Root", pdf[table:])
    pages = reference(b"Pages", objects[catalog - 1])
    page = reference(b"Kids", objects[pages - 1])
    dropped = {
        catalog,
        pages,
        page,
        reference(b"Info", pdf[table:]),
        reference(b"Contents", objects[page - 1]),
    }
    xobjects = _found(rb"/XObject\s*<<[^>]*>>", objects[page - 1])[0]
    names = {name.rpartition(b".")[2]: name for name in re.findall(rb"/\S+(?= \d+ 0 R)", xobjects)}
    fonts = reference(b"Font", objects[page - 1])
    kept = tuple(None if n + 1 in dropped else text for n, text in enumerate(objects))
    return FaceForm(
        kept,
        b"<</Font %d 0 R%s>>" % (fonts, xobjects.replace(b"\n", b" ")),
        names[_FACE.encode()],
        names.get(_SHEET.encode()),
        code_font,
    )


def _found(pattern: bytes, text: bytes) -> re.Match[bytes]:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError("ReportLab has written its file in another way than this module reads")
    return match
