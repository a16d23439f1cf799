"""The tables of a dossier as a PDF."""

from datetime import date

from reportlab.pdfbase.pdfmetrics import stringWidth

from traceability import dossier_pdf, lot_dossiers
from traceability.domain.evidence import Evidence, How
from traceability.domain.public_facts import PublicArea, PublicCode
from traceability.labels import typeset
from traceability.lot_dossiers import Section


def test_no_number_of_a_certificate_is_broken_in_a_column() -> None:
    number = "VietGAP-TT-12-06-86-0001"
    words = "Chứng nhận phù hợp quy trình thực hành sản xuất nông nghiệp tốt"
    section = Section("", header=("A", "Số hiệu", "B", "C", "D", "E"), rows=((words, number, *[words] * 4),))
    typeset.register_fonts()
    assert dossier_pdf._columns(section)[1] - 6 >= stringWidth(number, typeset.REGULAR, 8.5)


def test_a_dossier_says_whose_a_lent_code_is() -> None:
    evidence = Evidence(How.DECLARED, date(2026, 9, 1))

    def told(holder: str) -> str:
        code = PublicCode("VN-VLOR-0001", None, "CN", "", None, None, evidence, holder)
        return lot_dossiers._code(PublicArea("", "", "", 1, "", False, code, 1000, "", evidence))

    assert told("") == "VN-VLOR-0001"
    assert told("Hợp tác xã Mỹ Hòa") == "VN-VLOR-0001 (Hợp tác xã Mỹ Hòa)"
