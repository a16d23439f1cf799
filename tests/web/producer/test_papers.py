"""The papers of a lot: files that say nothing of others but what is public, and links for buyers."""

import csv
import io
import json
import re
import zipfile
from dataclasses import fields, replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask
from PIL import Image
from sqlmodel import Session, select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.domain.test_shares import made_of
from tests.web.producer.places import Visit, visit
from traceability import lot_dossiers, lot_papers, picture_files
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import events, pictures, products, provenance, records, traces, tracking
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import now, today
from traceability.domain.events import EventInput
from traceability.domain.paper_links import PaperLink, PaperView
from traceability.domain.products import Product
from traceability.domain.public_facts import PublicCertificate
from traceability.domain.traces import Direction

pytestmark = SQLITE_ONLY
FORMULA = '=HYPERLINK("http://evil.test";"x")'


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database)


@pytest.fixture
def lot(us: Visit, settings: Settings) -> Batch:
    """A published lot of ours: 62 % from our own area, 38 % of a neighbour who harvested 1,234.5 kg."""
    neighbour = factories.producer(us.database, name="HTX Láng Giềng (minh họa)", phone="0912345678")
    own = factories.harvest(us.database, us.producer, picker=FORMULA)
    foreign = factories.harvest(us.database, neighbour, "1234,5")
    delivery = factories.received(us.database, factories.sent(us.database, foreign, 50, us.producer))
    made = made_of(
        us.database,
        us.producer,
        90,
        {"batch_id": own.id, "kilograms": 62},
        {"delivery_id": delivery.id, "kilograms": 38},
    )
    give_picture(us.database, made, settings.data_dir / "pictures")
    factories.sent(us.database, made, 20, customer="Khách Hàng Kín")
    return factories.release(us.database, made)


def give_picture(database: Database, batch: Batch, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 220, 40)).save(drawn, "PNG")
    stored = picture_files.store(drawn.getvalue(), folder)
    with database.transaction(SYSTEM) as session:
        product = records.find(session, Product, batch.product_id)
        owner = replace(SYSTEM, producer_id=batch.producer_id)
        products.set_picture(session, owner, product.id, pictures.add(session, owner, stored))


def file(us: Visit, lot: Batch, name: str) -> bytes:
    answer = us.client.get(f"/producer/batches/{lot.id}/papers/{name}")
    assert answer.status_code == 200, name
    assert answer.headers["Cache-Control"] == "no-store"
    assert lot.lot in answer.headers["Content-Disposition"]
    return answer.get_data()


def test_the_page_offers_every_paper_of_the_lot(us: Visit, lot: Batch) -> None:
    page = us.get(f"/producer/batches/{lot.id}/papers")
    for name in lot_papers.ALL:
        assert f'href="/producer/batches/{lot.id}/papers/{name}"' in page
        assert len(file(us, lot, name)) > 100


def test_the_page_says_what_the_tracking_sheet_lacks(us: Visit, lot: Batch) -> None:
    page = us.get(f"/producer/batches/{lot.id}/papers")
    for lacking in ("Thiếu nơi đến của khách hàng", "Thiếu số phiếu giao hàng", "Chưa ghi việc đóng gói"):
        assert lacking in page
    assert "Chưa ghi ai thu hái" not in page
    with us.database.reading(SYSTEM.scope) as session:
        full = [
            replace(row, to_location="Chợ, Cần Thơ", ref_doc_no="PXK-1", pack_date=row.event_date)
            for row in tracking.rows(session, lot.id, lambda *_: "https://x.example/lot")
        ]
    assert tracking.gaps(full) == {tracking.Gap.PHONE: 1}


def test_the_dossier_as_html_stands_alone_with_its_picture_and_needs_no_script(us: Visit, lot: Batch) -> None:
    page = file(us, lot, "dossier.html").decode()
    assert "<script" not in page
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [one[:22] for one in addresses if one.startswith("data:")] == ["data:image/webp;base64"]
    assert all(one.startswith(("data:", "#", "http://127.0.0.1")) for one in addresses)
    assert not re.search(r"url\(|@import|<link", page)
    text = unescape(page)
    for word in (lot.lot, "62\u00a0%", "38\u00a0%", "HTX Láng Giềng (minh họa)", '<svg class="trace"'):
        assert word in text
    for private in ("Khách Hàng Kín", "1.234,5", "0912345678"):
        assert private not in text


def test_the_dossier_as_pdf_says_the_same_in_vietnamese_with_the_picture(us: Visit, lot: Batch) -> None:
    data = file(us, lot, "dossier.pdf")
    pages = list(pypdfium2.PdfDocument(data))
    text = " ".join("\n".join(page.get_textpage().get_text_bounded() for page in pages).split())
    for word in ("Hồ sơ lô", lot.lot, "Láng Giềng", "38 %", "Nguồn gốc và tỷ lệ"):
        assert word in text.replace("\u00a0", " ")
    for private in ("Khách Hàng Kín", "1.234,5", "0912345678"):
        assert private not in text
    assert any(thing.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE for thing in pages[0].get_objects())


def test_a_dossier_names_the_weight_by_what_was_weighed(us: Visit) -> None:
    batch = factories.harvest(us.database, us.producer, 100)
    word = {"batch_id": batch.id, "happened_at": now()}
    with us.database.transaction(SYSTEM) as session:
        events.record(
            session, SYSTEM, EventInput.model_validate(word | {"type": "store", "step": "Bảo quản"})
        )
        events.record(session, SYSTEM, EventInput.model_validate(word | {"type": "pack", "output_kg": 95}))
    factories.release(us.database, batch)
    text = unescape(file(us, batch, "dossier.html").decode())
    assert re.search(r"Khối lượng thu hoạch</dt><dd>100\s*kg", text)
    assert re.search(r"Khối lượng đóng gói</dt><dd>95\s*kg", text)
    assert "Bảo quản: Bảo quản" not in text + file(us, batch, "steps.csv").decode()
    page = us.get(f"/producer/batches/{batch.id}/trace")
    assert "Khối lượng ban đầu" in page
    assert "thành phẩm" not in page


def test_a_dossier_names_what_it_shows_in_the_readers_language(us: Visit, lot: Batch) -> None:
    with us.database.reading(SYSTEM.scope) as session:
        story = provenance.of_batch(session, lot.id, today())
        found = traces.trace(session, lot.id, Direction.UP)
    certificate = PublicCertificate(
        **dict.fromkeys((field.name for field in fields(PublicCertificate)), None)  # type: ignore[arg-type]
        | {"scheme": "VietGAP", "number": "VG 2025-17", "issuer": "–", "scope": "–"}
    )
    shown = replace(story.product, gi_note="Nhãn hiệu “Bình Minh”", name_en="Pomelo", picture=None)
    shown = replace(shown, net_weight="thùng 9 trái (7,2 kg)", storage="Nơi khô mát")
    if story.product.picture is not None:
        drawn = replace(story.product.picture, alt="Hình minh họa: Bưởi", illustration=True)
        shown = replace(shown, picture=drawn)
    story = replace(story, product=shown, certificates=(certificate,))
    told = {}
    for spoken in ("vi", "en"):
        with us.client.application.test_request_context(f"/?lang={spoken}"):
            told[spoken] = lot_dossiers.of_lot(story, lot, [], found, "https://example.test", now())
    assert [told[one].picture_caption for one in ("vi", "en")] == [
        "Hình minh họa: Bưởi",
        "Pomelo (Illustration)",
    ]
    values = {value for part in told["en"].sections for _label, value in part.facts}
    assert {"carton 9 fruit (7.2 kg)", "A dry and cool place"} <= values
    facts = {label for part in told["vi"].sections for label, _value in part.facts}
    assert "Nhãn hiệu" in facts
    assert "Chỉ dẫn địa lý" not in facts
    (table,) = [part for part in told["vi"].sections if "Số hiệu" in part.header]
    assert table.rows[0][1] == "VG\u00a02025-17"


def test_sheets_hold_no_live_formula_and_no_volume_of_a_neighbour(us: Visit, lot: Batch) -> None:
    for name in ("tracking.csv", "steps.csv"):
        text = file(us, lot, name).decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text)):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]
        assert "1234.5" not in text
    assert "'" + FORMULA.replace('"', '""') in file(us, lot, "tracking.csv").decode()
    for name in ("tracking.xlsx", "steps.xlsx"):
        with zipfile.ZipFile(io.BytesIO(file(us, lot, name))) as book:
            sheets = [book.read(part).decode() for part in book.namelist() if "worksheets/sheet" in part]
        assert sheets
        assert not [one for one in sheets if "<f>" in one]
    with zipfile.ZipFile(io.BytesIO(file(us, lot, "steps.xlsx"))) as book:
        assert sum("worksheets/sheet" in part for part in book.namelist()) == 3


def test_a_neighbours_lot_has_no_papers_here(us: Visit, lot: Batch) -> None:
    other = factories.harvest(us.database, factories.producer(us.database))
    for name in ("", *(f"/{paper}" for paper in lot_papers.ALL)):
        assert us.client.get(f"/producer/batches/{other.id}/papers{name}").status_code == 404
    assert us.client.get(f"/producer/batches/{lot.id}/papers/secrets.txt").status_code == 404


def test_one_step_back_and_forward_over_some_days_is_shown_and_comes_as_a_file(us: Visit, lot: Batch) -> None:
    page = us.get("/producer/steps")
    for word in ("HTX Láng Giềng (minh họa)", "Khách Hàng Kín", "Hàng nhập vào", "Hàng xuất ra"):
        assert word in page
    long_ago = (today() - timedelta(days=900)).isoformat()
    assert "Khách Hàng Kín" not in us.get(f"/producer/steps?from={long_ago}&to={long_ago}")
    for rubbish in ("from=31/02/2026", "from=x&to=y", f"from={today()}&to=1900-01-01"):
        us.get(f"/producer/steps?{rubbish}")
    answer = us.client.get("/producer/steps/steps.csv")
    assert "Khách Hàng Kín" in answer.get_data(as_text=True)


# --- Links for buyers ------------------------------------------------------------------------------------


def make_link(us: Visit, lot: Batch, **changes: str) -> str:
    fields = {"handed_to": "Công ty Mua (minh họa)", "days": "30"} | changes
    answer = us.post(f"/producer/batches/{lot.id}/papers/links", **fields)
    assert answer.status_code == 200
    found = re.search(r"http://127\.0\.0\.1:\d+(/papers/[\w-]+)", unescape(answer.get_data(as_text=True)))
    assert found is not None
    return found.group(1)


def one_link(session: Session) -> PaperLink:
    return session.exec(select(PaperLink)).one()


def test_a_buyer_reads_the_dossier_by_a_link_and_each_look_is_written_down(
    app: Flask, us: Visit, lot: Batch
) -> None:
    link = make_link(us, lot)
    buyer = app.test_client()
    page = buyer.get(link)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    text = unescape(page.get_data(as_text=True))
    assert lot.lot in text
    assert "Công ty Mua (minh họa)" in text
    assert "plots.geojson" not in text
    assert buyer.get(f"{link}/dossier.pdf").data.startswith(b"%PDF")
    assert buyer.get(f"{link}/dossier.html").status_code == 200
    for hidden in ("plots.geojson", "tracking.csv", "steps.xlsx"):
        assert buyer.get(f"{link}/{hidden}").status_code == 404
    with us.database.reading(SYSTEM.scope) as session:
        assert link.rsplit("/", 1)[1] not in one_link(session).token_hash
        looked = [row.paper for row in session.exec(select(PaperView)).all()]
    assert {"page", "dossier.pdf", "dossier.html"} <= set(looked)
    assert "đã mở" in us.get(f"/producer/batches/{lot.id}/papers")
    assert buyer.get(f"{link}?lang=zh").status_code == 200


def test_coordinates_go_along_only_where_the_maker_said_so(app: Flask, us: Visit, lot: Batch) -> None:
    link = make_link(us, lot, plots="1")
    found = json.loads(app.test_client().get(f"{link}/plots.geojson").data)
    own, foreign = found["features"]
    assert own["geometry"]["type"] == "Polygon"
    assert foreign["geometry"] is None


def test_a_link_that_was_taken_back_or_has_ended_opens_nothing(app: Flask, us: Visit, lot: Batch) -> None:
    taken_back, ended = make_link(us, lot), make_link(us, lot)
    with us.database.reading(SYSTEM.scope) as session:
        first, second = session.exec(select(PaperLink).order_by(PaperLink.created_at)).all()  # type: ignore[arg-type]
    assert us.post(f"/producer/paper-links/{first.id}/revoke").status_code == 303
    with us.database.engine.begin() as connection:
        table = PaperLink.__table__  # type: ignore[attr-defined]
        connection.execute(table.update().where(table.c.id == second.id).values(expires_at=now()))
    buyer = app.test_client()
    for link in (taken_back, ended, "/papers/" + "x" * 32):
        for paper in ("", "/dossier.pdf", "/dossier.html"):
            assert buyer.get(link + paper).status_code == 404
    page = us.get(f"/producer/batches/{lot.id}/papers")
    assert "taken back" not in page
    assert "Thu lại liên kết" not in page.split("Tạo liên kết")[0].split("Liên kết cho người mua")[-1]


def test_a_link_needs_a_name_and_a_sensible_number_of_days(us: Visit, lot: Batch) -> None:
    for field, typed in (
        ("handed_to", ""),
        ("days", "0"),
        ("days", "999"),
        ("days", "x"),
        ("handed_to", "a\x00b"),
    ):
        fields = {"handed_to": "Người mua", "days": "30"} | {field: typed}
        page = us.refused(f"/producer/batches/{lot.id}/papers/links", **fields)
        assert f'href="#f-{field}"' in page
