"""The text of a page's stream: one record for each stamp, of fixed width, and what stands around them."""

import numpy as np
import numpy.typing as npt

from traceability.domain.stamp_codes import LENGTH
from traceability.labels import face, face_form, sheet
from traceability.labels.face_form import IMAGE_SHRINK_PT
from traceability.labels.layout import QUIET_MODULES, Fit
from traceability.labels.typeset import PT_PER_MM

_WIDE_FROM_PT = 9999.0


def number(points: float) -> bytes:
    """A coordinate with four decimals: far below a dot of any printer, and of one width for one layout."""
    return b"%.4f" % points


class Around:
    """What a page's stream holds beside its stamps: the sheet's form before them, the footer after."""

    def __init__(self, around: sheet.Sheet, form: face_form.FaceForm, fit: Fit) -> None:
        self.opening = form.sheet_name + b" Do\n" if form.sheet_name else b""
        self._footer = around.footer
        self._show = b""
        if self._footer is not None:
            self._show = b"BT%s %s Tf %s %s Td(" % (
                form.code_font,
                number(self._footer.size_pt),
                number(self._footer.x_mm * PT_PER_MM),
                number(fit.page_dots[1] * fit.dot_pt - self._footer.baseline_mm * PT_PER_MM),
            )
        blank = np.zeros(LENGTH, dtype=np.uint8)
        self.length = len(self.opening) + len(self.footer(0, blank, blank))

    def footer(self, page: int, first: npt.NDArray[np.uint8], last: npt.NDArray[np.uint8]) -> bytes:
        """The footer of one page, of one length on all pages of a file."""
        if self._footer is None:
            return b""
        first_code, last_code = (code.tobytes().decode("ascii") for code in (first, last))
        return self._show + self._footer.text(page, first_code, last_code).encode("ascii") + b")Tj ET\n"


class Record:
    """The page stream's text for one stamp, with holes for its code and its image.

    Codes use letters and digits only, so they stand in a literal string as they are.
    """

    def __init__(self, form: face_form.FaceForm, composed: face.Face, fit: Fit, row_bytes: int) -> None:
        self._fit = fit
        self._form = form
        height = fit.stamp_dots[1] * fit.dot_pt
        self._image_bytes = fit.modules * row_bytes
        self._code_holes: list[tuple[int, int, int]] = []
        show = bytearray()
        for line in composed.code_lines:
            show += b"BT%s %s Tf %s %s Td(" % (
                form.code_font,
                number(line.size_pt),
                number(line.x_mm * PT_PER_MM),
                number(height - line.baseline_mm * PT_PER_MM),
            )
            for first, last in line.groups:
                self._code_holes.append((len(show), first, last))
                show += b"-" * (last - first) + b"-"
            if not line.ends_in_hyphen:
                del show[-1:]
            show += b")Tj ET "
        pin = composed.pin
        self.pin_width = pin.characters if pin else 0
        self._pin_hole = 0
        if pin:
            show += b"BT%s %s Tf %s %s Td(" % (
                form.code_font,
                number(pin.size_pt),
                number(pin.x_mm * PT_PER_MM),
                number(height - pin.baseline_mm * PT_PER_MM),
            )
            self._pin_hole = len(show)
            show += b"-" * pin.characters + b")Tj ET "
        left, top = (dots * fit.dot_pt for dots in composed.symbol)
        margin = QUIET_MODULES * fit.dots_per_module * fit.dot_pt
        side = fit.modules * fit.dots_per_module * fit.dot_pt
        corner = (
            number(left + margin + IMAGE_SHRINK_PT / 2),
            number(height - top - margin - side + IMAGE_SHRINK_PT / 2),
        )
        drawn = number(side - IMAGE_SHRINK_PT)
        self._show = bytes(show)
        self._paint = b"%s 0 0 %s %s %s cm BI/W %d/H %d/BPC 1/IM true/D[1 0]/L %d ID " % (
            drawn,
            drawn,
            *corner,
            fit.modules,
            fit.modules,
            self._image_bytes,
        )
        self._before = 0
        # Coordinates of long pages have a digit more; all of a file are of one width.
        wide = 9 if max(fit.page_dots) * fit.dot_pt < _WIDE_FROM_PT else 11
        self._place = b"q 1 0 0 1 %%%d.4f %%%d.4f cm" % (wide, wide)

    def text(self, x: int, y: int) -> bytes:
        """The record of the stamp whose top left corner is at these dots; all records are of one length."""
        fit = self._fit
        left = x * fit.dot_pt
        bottom = (fit.page_dots[1] - y - fit.stamp_dots[1]) * fit.dot_pt
        place = self._place % (left, bottom) + self._form.face_name + b" Do "
        self._before = len(place)
        return place + self._show + self._paint + bytes(self._image_bytes) + b"\nEI Q\n"

    def fill(
        self,
        records: npt.NDArray[np.uint8],
        codes: npt.NDArray[np.uint8],
        images: npt.NDArray[np.uint8],
        pins: npt.NDArray[np.uint8] | None,
    ) -> None:
        """Write codes, images and PINs into as many records."""
        for at, first, last in self._code_holes:
            hole = self._before + at
            records[:, hole : hole + last - first] = codes[:, first:last]
        if pins is not None:
            hole = self._before + self._pin_hole
            records[:, hole : hole + self.pin_width] = pins
        image = self._before + len(self._show) + len(self._paint)
        records[:, image : image + self._image_bytes] = images
