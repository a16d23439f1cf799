"""Labels: faces in, bytes out.

This package turns an order's plain values into QR symbols and PDF pages. It knows no session and no
request: what is printed is a pure function of (order, layout), and the same input gives the same bytes.

    order   what is printed, as plain values         layouts      sheets, rolls and stamps in mm and dots
    qr      one symbol by the standard               imposition   the nth stamp's page, row and column
    symbol  the symbols of a whole order             face         where each word stands on a stamp
    penalty the standard's score of a mask           face_form    the face as PDF objects, by ReportLab
    pdf     the press: stream(order, layout)         single       one stamp as PNG or SVG
    cover   the order's cover sheet                  preflight    what must hold before the press runs
"""

from traceability.labels.layouts import LAYOUTS, Layout
from traceability.labels.order import FaceText, PrintedForm, PrintOrder

__all__ = ["LAYOUTS", "FaceText", "Layout", "PrintOrder", "PrintedForm"]
