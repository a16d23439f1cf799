"""No secret is ever in the database, in the data folder, in a print file, an export, a backup or the log.

An installation is used a little, through its pages; then every place is searched for the bytes of every secret, as they
are, as hexadecimal digits and in base64, in packed parts of files too.
"""

import base64
import gzip
import io
import json
import re
import subprocess
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import pyotp
import pypdfium2
import pytest
from flask import Flask
from reportlab.pdfgen.canvas import Canvas

from tests import factories
from tests.listening import Heard
from tests.rolls import Mint
from tests.web.producer.test_stamp_files import fetched
from tests.web.public.test_privacy import everything
from traceability import key_backups, sheets
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import password_links, stamp_pins
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now
from traceability.domain.stamp_codes import EpochKey
from traceability.mail import MailServer

ROOT = Path(__file__).resolve().parents[2]
PASSWORD, NEW_PASSWORD = "mưa rơi ngoài hiên", "nắng lên ngoài sân"
PASSPHRASE = "mười hai ký tự trở lên"
MAIL_PASSWORD = "gio-mua-dong-bac-77"
SESSION_SECRET = "h7Qv2mXkL9tRw4ZcN8pYb3sFg6JdA1eU"


@dataclass
class Used:
    """An installation after some use: its secrets by name, and what stands where somebody else could read it."""

    secrets: dict[str, bytes]
    pins: dict[str, bytes]
    places: dict[str, bytes]
    prints: dict[str, bytes]


def shapes(secret: bytes) -> set[bytes]:
    """A secret as it could stand somewhere: raw, as digits, in base64 at each of three offsets."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for lead in range(3):
        packed = base64.b64encode(bytes(lead) + secret)
        inner = packed[-(-lead * 8 // 6) + (lead > 0) :].rstrip(b"=")[:-1]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {shape for shape in found if len(shape) >= 6}


def unpacked(data: bytes) -> bytes:
    """A file with what is packed in it laid open: members of archives and workbooks, of a PDF its streams and text."""
    parts = [data]
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member)
                inner = file.read() if file is not None else b""
                parts.append(gzip.decompress(inner) if inner[:2] == b"\x1f\x8b" else inner)
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        parts += inflated(stream)
    if data[:5] == b"%PDF-":
        pages = pypdfium2.PdfDocument(data)
        parts += [page.get_textpage().get_text_bounded().encode() for page in pages]
    return b"\0".join(parts)


def inflated(stream: bytes) -> list[bytes]:
    """What a stream of a PDF holds: packed, or packed and then written as letters (ASCII85), as ReportLab does."""
    found = []
    for ascii85 in (False, True):
        try:
            packed = base64.a85decode(b"<~" + stream.strip(), adobe=True) if ascii85 else stream
            found.append(zlib.decompress(packed))
        except (ValueError, zlib.error):  # it is not written so
            continue
    return found


@pytest.fixture
def used(
    app: Flask, settings: Settings, database: Database, heard: Heard, tmp_path: Path, run_folder: Path
) -> Used:
    owner = factories.producer(database, email="htx@example.vn")
    factories.account(database, owner, username="dn-f01", password=PASSWORD)
    manager = app.test_client()
    manager.post("/account/sign-in", data={"username": "dn-f01", "password": "sai mật khẩu rồi"})
    manager.post("/account/sign-in", data={"username": "dn-f01", "password": PASSWORD})
    manager.post(
        "/account/password", data={"current": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    )
    with manager.session_transaction() as cookie:
        session_token = cookie["_user_id"]
    form = manager.get("/account/second-factor").text
    totp = re.search(r'<strong translate="no">([A-Z2-7 ]+)</strong>', form)[1].replace(" ", "")
    sealed = re.search(r'name="sealed" value="([^"]+)"', form)[1]
    turned_on = manager.post(
        "/account/second-factor", data={"sealed": sealed, "code": pyotp.TOTP(totp).at(now())}
    )
    assert turned_on.status_code == 303
    made = manager.post("/account/tokens", data={"name": "cân", "scopes": "view_own", "days": "5"}).text
    api_token = re.search(r"trc_[\w-]+", made)[0]
    told = {"name": "kho", "address": "https://hooks.example.vn/in", "interests": ["batch"]}
    webhook = re.search(r"whsec_([A-Za-z0-9+/=]{44})", manager.post("/account/webhooks", data=told).text)[1]
    assert (
        app.test_cli_runner().invoke(args=["traceability", "daily"]).exit_code == 1
    )  # nobody takes the mail
    program = {"Authorization": f"Bearer {api_token}"}
    assert app.test_client().get("/api/v1/batches", headers=program).status_code == 200
    clerk = factories.account(database, owner)
    with database.transaction(SYSTEM) as session:
        link_token = password_links.make_link(session, SYSTEM, clerk.id)
    assert app.test_client().get(f"/account/set-password/{link_token}").status_code == 200

    mint = Mint(database, settings.keyring(), settings.public_root)
    order = mint.ready(mint.batch(owner=owner), 12, layout="roll-30x20", dpi=203)
    with_pins = mint.ready(mint.batch(owner=owner), 5, layout="roll-30x20", dpi=203, pins=True)
    code = mint.code(order, 0)
    visitor = app.test_client()
    assert visitor.get(f"/s/{code}").status_code == 200
    prints = {kind: fetched(manager, order, kind=kind).data for kind in ("pdf", "zpl", "csv")}
    mint.activate(order, 0, 11)
    cover = manager.get(f"/producer/stamp-orders/{order.id}/cover.pdf")
    assert cover.status_code == 200
    prints |= {"cover": cover.data, "page": visitor.get("/log/checkpoint").data}

    overseer = app.test_client()
    factories.sign_in_as(overseer, database, factories.account(database))
    export = overseer.get("/inspector/batches/export")
    assert export.status_code == 200
    backup, key_backup = tmp_path / "b.tar", tmp_path / "k.json"
    runner = app.test_cli_runner(env={"TRACE_KEY_PASSPHRASE": PASSPHRASE})
    assert runner.invoke(args=["traceability", "backup", str(backup)]).exit_code == 0
    key_backups.back_up(settings.keyring(), key_backup, PASSPHRASE)

    epoch_key = next(iter(mint.keys.values()))
    keys = {path.stem: bytes.fromhex(path.read_text()) for path in settings.key_dir.glob("*.key")}
    assert {"log", "totp"} <= set(keys)
    assert any(name.startswith("stamp-epoch-") for name in keys)
    words = {
        "session secret": SESSION_SECRET, "session": session_token, "totp secret": totp, "API token": api_token,
        "link": link_token, "password": PASSWORD, "new password": NEW_PASSWORD, "passphrase": PASSPHRASE,
        "webhook": webhook, "mail password": MAIL_PASSWORD,
    }  # fmt: skip
    derived = {f"mint {name}": value for name, value in _keys_within(epoch_key).items()}
    stamps = range(with_pins.first_serial, with_pins.first_serial + 5)
    pins = {f"PIN of {serial}": stamp_pins.pin(epoch_key, serial).encode() for serial in stamps}
    inside = [path for path in settings.data_dir.rglob("*") if path.is_file() and path not in (key_backup,)]
    data_folder = [path for path in inside if settings.key_dir not in path.parents]
    return Used(
        secrets=keys
        | derived
        | {name: word.encode() for name, word in words.items()}
        | {"webhook's key": base64.b64decode(webhook), "totp bytes": base64.b32decode(totp)},
        pins=pins,
        places={
            "database": everything(database),
            "data folder": b"\0".join(unpacked(path.read_bytes()) for path in data_folder),
            "backup": unpacked(backup.read_bytes()),
            "key backup": key_backup.read_bytes()
            + base64.b64decode(json.loads(key_backup.read_text())["sealed"]),
            "log": heard.text.encode(),
            "export": unpacked(export.data),
        },
        prints={f"print {kind}": unpacked(data) for kind, data in prints.items()},
    )


def _keys_within(key: EpochKey) -> dict[str, bytes]:
    """The keys that an epoch's key is made of."""
    return {name: getattr(key, name) for name in ("_permute_key", "_tag_key", "pin_key")}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    mail = MailServer(f"smtp://tx:{MAIL_PASSWORD}@127.0.0.1:1", "tx@example.vn")
    return replace(settings, secret_key=SESSION_SECRET.encode(), mail=mail)


def test_no_secret_is_found_anywhere_else(used: Used) -> None:
    found = [
        (name, place)
        for place, data in (used.places | used.prints).items()
        for name, secret in used.secrets.items()
        if any(shape in data for shape in shapes(secret))
    ]
    assert found == []
    pins = [
        (name, place) for place, data in used.places.items() for name in used.pins if used.pins[name] in data
    ]
    assert pins == []  # a PIN stands on its stamp, and nowhere else
    # the search found nothing because nothing is there, not because it looked into nothing
    assert [place for place, data in used.places.items() if len(data) < 100] == []
    assert b"dn-f01" in used.places["database"]
    assert b"dn-f01" in used.places["backup"]
    assert "Mã cơ sở".encode() in used.places["export"]
    assert "mã QR".encode() in used.prints["print cover"]
    assert b"sign_in.ok" in used.places["log"]
    assert b"mail cannot be sent" in used.places["log"]
    assert b"hooks.example.vn" in used.places["database"]
    assert b"$argon2id$" in used.places["database"]


def test_the_search_finds_a_secret_in_every_shape() -> None:
    secret = bytes(range(100, 132))
    for lead in (b"", b"x", b"xy"):
        assert any(shape in base64.b64encode(lead + secret + b"end") for shape in shapes(secret))
        assert any(shape in base64.urlsafe_b64encode(lead + secret) for shape in shapes(secret))
    assert any(shape in b"key=" + secret.hex().encode() for shape in shapes(secret))
    packed = zlib.compress(b"the inner text")
    for written in (packed, base64.a85encode(packed, adobe=True, wrapcol=60)[2:]):
        assert b"inner" in unpacked(b"1 0 obj stream\n" + written + b"\nendstream")
    assert b"inner" in unpacked(sheets.xlsx_bytes("Tờ", ["Cột"], [["the inner text"]]))
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pageCompression=1)
    canvas.drawString(50, 50, "the inner text")
    canvas.save()
    assert b"inner" in unpacked(drawn.getvalue()).replace(drawn.getvalue(), b"")


def test_the_repository_holds_no_key_file() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    kinds = (".key", ".pem", ".p12", ".db", ".sqlite", ".env", "demo-sign-ins.json")
    assert [name for name in tracked if name.endswith(kinds) or name.startswith("instance/")] == []


#: Bytes that only a secret looks like: a private key, a token or signing secret of ours, those of well-known services.
SECRET_LOOKING = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rb"|\btrc_[A-Za-z0-9_-]{30,}|\bwhsec_[A-Za-z0-9+/]{30,}"
    rb"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abp]-[0-9A-Za-z-]{20,}|\bPRIVATE\+KEY\+[^\s\"']{20,}"
)


def test_no_file_of_the_repository_holds_anything_that_looks_like_a_secret() -> None:
    assert SECRET_LOOKING.search(b"token: trc_" + b"a" * 43)
    assert SECRET_LOOKING.search(b"-----BEGIN " + b"OPENSSH PRIVATE KEY-----")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    found = [
        (name, match[0][:12])
        for name in tracked.decode().split("\0")
        if name and (ROOT / name).is_file() and (match := SECRET_LOOKING.search((ROOT / name).read_bytes()))
    ]
    assert found == []
