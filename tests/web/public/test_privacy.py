"""What nobody may find: the address of a visitor anywhere, a private column on any public page."""

import hashlib
import ipaddress
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import SQLModel

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain import tables
from traceability.domain.actors import VISITOR
from traceability.domain.clock import now
from traceability.domain.scans import Sighting, Verdict
from traceability.scan_gate import gate

AGENT = "Mozilla/5.0 (Linux; Android 14; SecretPhone 9000) Mobile"
ADDRESSES = ("203.0.113.77", "198.51.100.23", "2001:db8:cafe:77::1234")


def traces(address: str) -> list[bytes]:
    """An address as it could have been left behind: text, packed, hexadecimal, number, plain hashes of these."""
    parsed = ipaddress.ip_address(address)
    network = ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False)
    texts = [address, parsed.exploded, str(network), str(network.network_address)]
    packed = [parsed.packed, parsed.packed[::-1]]
    found = [text.encode() for text in texts] + packed + [raw.hex().encode() for raw in packed]
    found += [str(int(parsed)).encode()]
    for raw in (*[text.encode() for text in texts], parsed.packed):
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, raw)
            found += [digest.digest(), digest.hexdigest().encode(), digest.digest()[:8]]
    return found


def everything(database: Database) -> bytes:
    """All values of all tables, and on SQLite the files themselves."""
    parts: list[bytes] = []
    with database.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                parts += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    if database.is_sqlite:
        file = Path(str(database.engine.url.database))
        parts += [path.read_bytes() for path in file.parent.glob(file.name + "*")]
    return b"\0".join(parts)


def test_a_scan_leaves_no_trace_of_an_address(
    app: Flask, client: FlaskClient, database: Database, lot: Lot
) -> None:
    for address in ADDRESSES:
        for number in (0, 1, 9):
            for headers in ({"User-Agent": AGENT}, {"User-Agent": AGENT, "X-Forwarded-For": address}):
                client.get("/s/" + lot.code(number), headers=headers, environ_base={"REMOTE_ADDR": address})
    client.post(
        f"/doubts/new?code={lot.code(0)}", data={"kind": "other"}, environ_base={"REMOTE_ADDR": ADDRESSES[0]}
    )
    assert gate(app).recorder.drain()
    stored = everything(database)
    assert lot.batch.id.encode() in stored
    left = [trace for address in ADDRESSES for trace in traces(address) if trace in stored]
    assert not left
    assert b"SecretPhone" not in stored


@SQLITE_ONLY
def test_a_destroyed_key_is_gone_from_the_file(database: Database, lot: Lot) -> None:
    from traceability.domain import scans
    from traceability.domain.clock import local_day

    yesterday = now() - timedelta(days=1)
    seen = Sighting(lot.key.epoch_id, lot.order.first_serial, lot.batch.id, yesterday, Verdict.ACTIVE)
    with database.transaction(VISITOR) as session:
        scans.record(session, [seen])
    with database.transaction(VISITOR) as session:
        key = session.get(scans.VisitorKey, local_day(yesterday))
        assert key is not None
        secret = key.key
        session.expunge(key)
        scans.forget(session, local_day(now()))
    file = Path(str(database.engine.url.database))
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert secret not in file.read_bytes()


MARKER = "KINKINKIN"
#: Text columns that no public page may show. The other tables a public page reads have none.
PRIVATE: dict[str, tuple[str, ...]] = {
    "producer": ("phone", "email", "tax_code"),
    "growing_area": ("note",),
    "batch": ("picker", "note", "external_ref"),
    "event": ("place", "note", "external_ref"),
    "delivery": (
        "customer",
        "customer_contact",
        "destination",
        "transport",
        "document_no",
        "variance_reason",
    ),
    "batch_input": ("supplier",),
    "suspension": ("reason", "lift_reason"),
    "recall": ("reason", "hazard", "lift_reason"),
    "stamp_range": ("note",),
    "doubt": ("text", "place", "contact"),
    "account": ("username", "display_name"),
}


@SQLITE_ONLY
def test_no_public_answer_shows_a_private_column(client: FlaskClient, database: Database, lot: Lot) -> None:
    tables.complete()
    posted = client.post(
        f"/doubts/new?code={lot.code(0)}",
        data={"kind": "other", "text": MARKER, "place": MARKER, "contact": MARKER},
    )
    with database.engine.connect() as connection:
        for name, columns in PRIVATE.items():
            table = SQLModel.metadata.tables[name]
            values: dict[str, Any] = dict.fromkeys(columns, MARKER)
            connection.execute(table.update().values(**values))
        connection.commit()
    paths = [
        "/",
        "/products",
        "/producers",
        f"/products/{lot.product.code}",
        f"/producers/{lot.producer.code}",
        f"/lots/{lot.product.code}/{lot.batch.lot}",
        f"/doubts/new?code={lot.code(0)}",
        posted.headers["Location"],
        *(f"/s/{lot.code(number)}" for number in (0, 5, 6, 9)),
    ]
    for path in paths:
        for headers in ({}, {"Accept": "application/json"}):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200, path
            assert MARKER not in answer.text, path
            assert f"{lot.batch.made_g // 1000:,}".replace(",", ".") + " kg" not in answer.text


@pytest.mark.parametrize("path", ["/", "/products", "/producers", "/how-to-check", "/privacy"])
@SQLITE_ONLY
def test_public_pages_set_no_cookie(client: FlaskClient, path: str) -> None:
    for query in ("", "?lang=en"):
        answer = client.get(path + query)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
