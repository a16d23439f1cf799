"""Answers that are files: a sheet, a document, a data file, each named after what it is and the day."""

from collections.abc import Sequence

from flask import request
from werkzeug.wrappers import Response

from traceability import sheets
from traceability.domain.clock import today
from traceability.sheets import Cell


def sheet(stem: str, title: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Response:
    """A sheet as the address asks for it: CSV (`?format=csv`), or XLSX without another word."""
    if request.args.get("format") == "csv":
        return file(stem, "csv", sheets.csv_bytes(header, rows), sheets.CSV_TYPE)
    return file(stem, "xlsx", sheets.xlsx_bytes(title, header, rows), sheets.XLSX_TYPE)


def file(stem: str, suffix: str, data: bytes, content_type: str) -> Response:
    """A file to keep. It is made for who asked, so no cache keeps it."""
    answer = Response(data, content_type=content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{stem}-{today():%Y%m%d}.{suffix}")
    answer.headers["Cache-Control"] = "no-store"
    return answer
