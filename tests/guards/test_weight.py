"""What a shopper's phone has to load for the first view of any stamp of the demo."""

import re
import statistics
from itertools import cycle

from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests.databases import SQLITE_ONLY
from traceability import i18n, mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import stamp_codes
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import StampRange

pytestmark = SQLITE_ONLY
MOST, USUAL = 30_000, 25_000
_LOADED = re.compile(r"""<(?:img|script|link|source|iframe)\b[^>]*\b(?:src|href)=["']([^"']+)["'][^>]*>""")


def test_no_lots_page_weighs_more_than_30_kilobytes(
    demo_app: Flask, demo_settings: Settings, demo_database: Database
) -> None:
    """The page as it goes over the wire, its headers, and every picture that it loads; in one language or another."""
    client = demo_app.test_client()
    keys = mint.epoch_keys(demo_database, demo_settings.keyring())
    with demo_database.reading(EVERYTHING) as session:
        runs = session.exec(select(StampRange)).all()
    one_of_each_lot = {run.batch_id: run for run in runs}.values()
    codes = [stamp_codes.mint(keys[run.epoch_number], run.first_serial) for run in one_of_each_lot]
    languages = cycle(i18n.LANGUAGES)
    weights = {code: weight(client, f"/s/{code}", next(languages)) for code in codes}
    heavy = {code: number for code, number in weights.items() if number > MOST}
    assert not heavy
    assert statistics.median(weights.values()) <= USUAL


def weight(client: FlaskClient, path: str, language: str) -> int:
    """Bytes on the wire for a page and all that it loads by itself."""
    asked = {"Accept-Language": language}
    answer = client.get(path, headers=asked | {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    page = client.get(path, headers=asked).get_data(as_text=True)
    loaded = [found for found in _LOADED.findall(page) if found.startswith("/")]
    assert all(found.startswith("/pictures/") for found in loaded), loaded
    parts = [answer, *(client.get(found.replace("&amp;", "&")) for found in loaded)]
    return sum(len(part.data) + len(str(part.headers)) for part in parts)
