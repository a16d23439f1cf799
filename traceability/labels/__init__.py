"""Labels: faces in, bytes out.

This package turns an order's plain values into QR symbols and PDF pages. It knows no session and no
request: what is printed is a pure function of (order, layout), and the same input gives the same bytes.

    order        what is printed, as plain values      layout, layouts  one layout in mm; the ready ones
    qr           one symbol by the standard            layout_json      layouts as an editor keeps them
    symbol       the symbols of a whole order          imposition       the nth stamp's page, row and column
    penalty      the standard's score of a mask        face, compose    a face as data; where each word stands
    logo         a mark in black and white dots        typeset          words in the typeface
    sheet        marks and footer of a page            face_form        face and sheet as PDF objects
    pdf          the press: stream(order, layout)      page_stream      the text of a page's stream
    zpl          the press for thermal printers        raster           a face in a printer's dots
    csv          the list for print shops              manifest         what goes with a sealed print
    single       one stamp as PNG or SVG               preview          one page's measures for an editor
    packet       what a print shop gets, in one ZIP    reading          a symbol read back
    cover        the order's cover sheet               preflight        what must hold before the press runs
"""

from traceability.labels.layouts import LAYOUTS, Layout
from traceability.labels.order import FaceText, PrintedForm, PrintOrder

__all__ = ["LAYOUTS", "FaceText", "Layout", "PrintOrder", "PrintedForm"]
