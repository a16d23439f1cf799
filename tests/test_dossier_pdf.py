"""The tables of a dossier as a PDF."""

from reportlab.pdfbase.pdfmetrics import stringWidth

from traceability import dossier_pdf
from traceability.labels import typeset
from traceability.lot_dossiers import Section


def test_no_number_of_a_certificate_is_broken_in_a_column() -> None:
    number = "VietGAP-TT-12-06-86-0001"
    words = "Chứng nhận phù hợp quy trình thực hành sản xuất nông nghiệp tốt"
    section = Section("", header=("A", "Số hiệu", "B", "C", "D", "E"), rows=((words, number, *[words] * 4),))
    typeset.register_fonts()
    assert dossier_pdf._columns(section)[1] - 6 >= stringWidth(number, typeset.REGULAR, 8.5)
