"""The face as finished PDF objects: ReportLab draws it once, the press repeats it on every stamp.

ReportLab writes a one-page file whose page shows the face as a form XObject. Its fonts (subset, with the
Vietnamese letters and a ToUnicode map), the form and the page's resources are taken over word for word; the
page, its tree and the catalogue are left behind, for `pdf` writes its own.
"""

import io
import re
from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas

from traceability.domain.stamp_codes import ALPHABET
from traceability.labels import face as faces
from traceability.labels.face import PT_PER_MM, Face
from traceability.labels.layouts import Fit

_FORM = "face"


@dataclass(frozen=True)
class FaceForm:
    """`objects[n - 1]` is the text of object n, None where ReportLab's own page was left out."""

    objects: tuple[bytes | None, ...]
    resources: bytes
    """The page's resource dictionary: the fonts and the form."""
    form_name: bytes
    code_font: bytes
    """Name of the font for codes; its character codes for the code's letters and the hyphen are ASCII."""


def draw(face: Face, fit: Fit) -> FaceForm:
    """Draw a face; the form's origin is the stamp's bottom left corner, 1 unit = 1 point."""
    faces.register_fonts()
    width, height = (dots * fit.dot_pt for dots in fit.stamp_dots)
    written = io.BytesIO()
    # invariant: no dates and a fixed /ID, so that the same face is the same bytes.
    canvas = Canvas(
        written,
        pagesize=(width, height),
        invariant=1,
        pageCompression=1,
        initialFontName=faces.REGULAR,  # type: ignore[arg-type]
    )
    canvas.beginForm(_FORM, 0, 0, width, height)
    for bar in face.bars:
        canvas.rect(
            bar.x_mm * PT_PER_MM,
            height - (bar.top_mm + bar.height_mm) * PT_PER_MM,
            bar.width_mm * PT_PER_MM,
            bar.height_mm * PT_PER_MM,
            stroke=0,
            fill=1,
        )
    for line in face.lines:
        canvas.setFillGray(1 if line.white else 0)
        canvas.setFont(line.font, line.size_pt)
        canvas.drawString(line.x_mm * PT_PER_MM, height - line.baseline_mm * PT_PER_MM, line.text)
    canvas.endForm()
    canvas.doForm(_FORM)
    font = faces.true_type(faces.CODE)
    letters = ALPHABET + "-"
    document = canvas._doc  # type: ignore[attr-defined]
    if font.splitString(letters, document) != [(0, letters.encode())]:
        raise AssertionError("the code's letters keep their ASCII codes in the subset")
    code_font = font.getSubsetInternalName(0, document).encode()
    canvas.showPage()
    canvas.save()
    return _taken_over(written.getvalue(), code_font)


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
    xobjects = _found(rb"/XObject\s*<<\s*(/\S+) \d+ 0 R\s*>>", objects[page - 1])
    fonts = reference(b"Font", objects[page - 1])
    kept = tuple(None if n + 1 in dropped else text for n, text in enumerate(objects))
    return FaceForm(
        kept, b"<</Font %d 0 R%s>>" % (fonts, xobjects[0].replace(b"\n", b" ")), xobjects[1], code_font
    )


def _found(pattern: bytes, text: bytes) -> re.Match[bytes]:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError("ReportLab has written its file in another way than this module reads")
    return match
