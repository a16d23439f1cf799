"""Agencies on pages in other languages."""

import pytest
from flask import Flask, g

from traceability.wording.agency_names import agency_name


@pytest.mark.parametrize(
    ("language", "name", "said"),
    [
        ("vi", "Chi cục Thủy sản (cơ quan chuyên ngành thủy sản)", None),
        (
            "en",
            "Chi cục Thủy sản (cơ quan chuyên ngành thủy sản)",
            "Sub-department of Fisheries (Chi cục Thủy sản)",
        ),
        (
            "en",
            "Sở Nông nghiệp và Môi trường tỉnh Vĩnh Long",
            "Department of Agriculture and Environment (Sở Nông nghiệp và Môi trường tỉnh Vĩnh Long)",
        ),
        ("zh", "UBND phường Cái Vồn (đại diện)", "坊人民委员会（UBND phường Cái Vồn）"),
        (
            "zh",
            "Chi cục Trồng trọt và Bảo vệ thực vật",
            "种植与植物保护分局（Chi cục Trồng trọt và Bảo vệ thực vật）",
        ),
        ("en", "Trung tâm Kiểm nghiệm", None),
        ("en", "", None),
    ],
)
def test_an_agency_is_named_in_the_readers_language_and_as_its_papers_name_it(
    app: Flask, language: str, name: str, said: str | None
) -> None:
    with app.test_request_context("/"):
        g.language = language
        assert agency_name(name) == (name if said is None else said)
