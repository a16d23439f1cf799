"""Office papers: read back as they were written, page after page, whatever letters they hold."""

import pypdfium2

from traceability.labels import paper
from traceability.labels.paper import Blank, Grid, Heading, Pairs, Paper, Sides, Space, Title, Words


def texts(data: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(data)
    return [page.get_textpage().get_text_range() for page in document]


def letter(name: str, rows: int = 2) -> Paper:
    grid = Grid(
        ("Sản phẩm", "Khối lượng"),
        tuple((f"Bưởi Năm Roi loại {number}", "1.250 kg") for number in range(rows)),
        (3, 1),
        frozenset({1}),
    )
    parts = (
        Sides(("Hợp tác xã Bưởi", "Phường Cái Vồn"), ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",)),
        Title("THÔNG BÁO THU HỒI SẢN PHẨM", "Đợt TH-1"),
        Pairs((("Kính gửi", name), ("Quyết định", ""))),
        Words("Chúng tôi thu hồi các lô hàng dưới đây. " * 3),
        grid,
        Heading("Phiếu xác nhận"),
        Space(10),
        Blank("Lượng hàng còn giữ (kg):"),
    )
    return Paper(name, parts, foot="Đợt TH-1", demo="DEMO")


def test_each_paper_begins_a_page_and_says_its_words() -> None:
    pages = texts(paper.pdf([letter("Chợ Vĩnh Long"), letter("Siêu thị Số 2")], "Thông báo"))
    assert len(pages) == 2
    for page, name in zip(pages, ("Chợ Vĩnh Long", "Siêu thị Số 2"), strict=True):
        for words in (name, "THÔNG BÁO THU HỒI SẢN PHẨM", "Bưởi Năm Roi loại 1", "Lượng hàng còn giữ"):
            assert words in page, words
        assert "Quyết định" not in page


def test_a_long_table_goes_on_with_its_header() -> None:
    pages = texts(paper.pdf([letter("Chợ", rows=120)], "Thông báo"))
    assert len(pages) > 2
    assert all("Khối lượng" in page for page in pages[:-1])
    assert sum(page.count("Bưởi Năm Roi loại") for page in pages) == 120


def test_a_letter_is_not_held_up_by_what_the_typeface_lacks() -> None:
    (page,) = texts(paper.pdf([letter("Công ty 王 " + "x" * 400)], "Thông báo"))
    assert "Công ty" in page


def test_the_same_papers_are_the_same_bytes() -> None:
    assert paper.pdf([letter("Chợ")], "t") == paper.pdf([letter("Chợ")], "t")
