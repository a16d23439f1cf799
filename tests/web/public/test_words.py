"""The words that no public page may use."""

import re
from pathlib import Path

import pytest

from traceability import i18n

PACKAGE = Path(i18n.__file__).parent
#: A code proves that it was issued, never that the thing it sticks to is what it says.
FORBIDDEN = re.compile(
    r"genuine|authentic|chính hãng|hàng thật|hàng chính hiệu|hàng giả|counterfeit goods", re.IGNORECASE
)


@pytest.mark.parametrize(
    "path",
    [
        *sorted((PACKAGE / "templates" / "public").rglob("*.html")),
        PACKAGE / "translations" / "vi" / "public.po",
    ],
    ids=lambda path: path.name,
)
def test_no_page_says_that_goods_are_the_real_ones(path: Path) -> None:
    assert not FORBIDDEN.search(path.read_text("utf-8"))
