"""A clerk's pages for what is done with a lot: one page for each act, the remainder shown, and what was typed kept."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.domain import goods
from tests.rolls import Mint
from tests.web.producer.places import Visit, visit
from traceability.domain import shares
from traceability.domain.actors import SYSTEM, Role
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.logistic_units import LogisticUnit
from traceability.keys import Keyring

pytestmark = SQLITE_ONLY


def at_once() -> dict[str, str]:
    """The moment as a form sends it; asked each time: midnight may come while the tests run."""
    return {"happened_at": now().astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")}


@pytest.fixture
def us(app: Flask, database: Any) -> Visit:
    return visit(app, database, role=Role.CLERK)


@pytest.fixture
def batch(us: Visit) -> Batch:
    return factories.harvest(us.database, us.producer)


def again(us: Visit, row: Any) -> Any:
    return goods.again(us.database, row)


def page(batch: Batch, act: str) -> str:
    return f"/producer/batches/{batch.id}/{act}"


def test_every_act_has_a_tile_of_its_own(us: Visit, batch: Batch) -> None:
    tiles = us.get(page(batch, "event"))
    for act in ("waste", "split", "merge", "repack", "rework"):
        assert f'href="{page(batch, act)}"' in tiles
        assert "1.000\u00a0kg" in us.get(page(batch, act)) or act == "merge"
    assert f'href="/producer/units/new?batch={batch.id}"' in tiles


def test_a_lot_is_split_on_one_page_that_keeps_what_was_typed(us: Visit, batch: Batch) -> None:
    fields = at_once() | {"parts-0-kilograms": "600", "parts-0-lot": "PHAN-1", "parts-3-kilograms": "500"}
    answer = us.refused(page(batch, "split"), **fields)
    assert "chỉ còn 1.000\u00a0kg" in answer
    assert 'href="#f-parts-3-kilograms"' in answer
    assert 'value="PHAN-1"' in answer
    us.accepted(page(batch, "split"), **fields | {"parts-3-kilograms": "2 tạ"})
    assert (again(us, batch).on_hand_g, again(us, batch).used_g) == (200_000, 800_000)
    shown = us.get(f"/producer/batches/{batch.id}")
    assert "PHAN-1" in shown
    assert "Chia lô" in shown
    with us.database.reading(SYSTEM.scope) as session:
        child = session.exec(select(Batch).where(Batch.lot == "PHAN-1")).one()
    assert "Chia ra từ lô khác" in us.get(f"/producer/batches/{child.id}")


def test_the_list_of_errors_says_which_lot_part_or_row_is_wrong(us: Visit, batch: Batch) -> None:
    other = factories.harvest(us.database, us.producer, product_id=batch.product_id)
    rows = {f"sources-{at}-batch_id": row.id for at, row in enumerate((batch, other))}
    typed = {"sources-0-kilograms": "-1", "sources-1-kilograms": "-1"}
    answer = us.refused(page(batch, "merge"), **at_once(), **rows, **typed)
    for row in (batch, other):
        assert f"<b>Lô {row.lot} – chỉ lấy:</b>" in answer
    parts = {"parts-0-kilograms": "-1", "parts-1-kilograms": "-1"}
    answer = us.refused(page(batch, "split"), **at_once(), **parts)
    assert "<b>Phần 1 – Khối lượng:</b>" in answer
    assert "<b>Phần 2 – Khối lượng:</b>" in answer
    answer = us.refused(page(batch, "test"), **{f"results-{row}-value": "1" for row in range(3)})
    assert "<b>Chỉ tiêu 3 – Có đạt giới hạn không?:</b>" in answer
    packed = {f"contents-{row}-kilograms": "-1" for row in range(2)}
    answer = us.refused("/producer/units/new", **at_once(), kind="carton", **packed)
    assert "<b>Hàng bên trong 2 – Khối lượng:</b>" in answer
    assert answer.count("</b> Khối lượng không thể là số âm") == 2


def test_a_split_is_taken_back_from_the_page_of_the_lot(us: Visit, batch: Batch) -> None:
    (lot,) = goods.split(us.database, batch, 100)
    event = goods.told(us.database, lot)[0]
    form = us.get(f"/producer/batches/{batch.id}/events/{event.id}/correct")
    assert "Không xảy ra" in form or "không xảy ra" in form
    fields = {"reason": "incorrect_data", "explanation": "Ghi nhầm", "output_kg": "90"}
    answer = us.refused(f"/producer/batches/{lot.id}/events/{event.id}/correct", **fields)
    assert "Nhiều lô phụ thuộc vào mục ghi này" in answer
    us.accepted(
        f"/producer/batches/{batch.id}/events/{event.id}/correct",
        reason="did_not_occur",
        explanation="Ghi nhầm",
    )
    assert again(us, lot).state is BatchState.CLOSED
    us.get(f"/producer/batches/{lot.id}")


def test_lots_are_merged_by_ticking_them(us: Visit, batch: Batch) -> None:
    other = factories.harvest(us.database, us.producer, 50, product_id=batch.product_id)
    form = us.get(page(batch, "merge"))
    assert other.lot in form
    rows = {"sources-0-batch_id": batch.id, "sources-1-batch_id": other.id}
    answer = us.refused(page(batch, "merge"), **at_once(), **rows, **{"sources-0-kilograms": "100"})
    assert "ít nhất hai lô" in answer
    answer = us.refused(
        page(batch, "merge"),
        **at_once(),
        **rows,
        **{"sources-0-kilograms": "100", "sources-1-kilograms": "51"},
    )
    assert 'href="#f-sources-1-kilograms"' in answer
    goods.put(us.database, other, BatchState.RECALLED)
    answer = us.refused(
        page(batch, "merge"), **at_once(), **rows, **{"sources-0-kilograms": "100", "sources-1-whole": "1"}
    )
    assert other.lot in answer
    goods.put(us.database, other, BatchState.OPEN)
    us.accepted(
        page(batch, "merge"), **at_once(), **rows, **{"sources-0-kilograms": "100", "sources-1-whole": "1"}
    )
    assert (again(us, batch).on_hand_g, again(us, other).on_hand_g) == (900_000, 0)


def test_goods_are_repacked_reworked_and_thrown_away(us: Visit, batch: Batch) -> None:
    us.accepted(page(batch, "repack"), **at_once(), units="500", output_kg="990")
    us.accepted(page(batch, "rework"), **at_once(), kilograms="100", **{"parts-0-kilograms": "95"})
    answer = us.refused(
        page(batch, "waste"), **at_once(), kilograms="891", reason="spoiled", handling="composted"
    )
    assert 'href="#f-kilograms"' in answer
    us.accepted(page(batch, "waste"), **at_once(), kilograms="10", reason="failed_test", handling="destroyed")
    row = again(us, batch)
    assert (row.on_hand_g, row.used_g, row.lost_g, row.unit_count) == (880_000, 100_000, 20_000, 500)
    shown = us.get(f"/producer/batches/{batch.id}")
    assert "Kiểm nghiệm không đạt" in shown
    table = us.get(page(batch, "account"))
    assert "880\u00a0kg" in table
    assert (today() - timedelta(days=1)).strftime("%d/%m/%Y") in table


def test_goods_come_back_from_a_customer(us: Visit, batch: Batch) -> None:
    delivery = factories.sent(us.database, batch, 300)
    address = f"/producer/deliveries/{delivery.id}/return"
    assert address in us.get(f"/producer/batches/{batch.id}")
    answer = us.refused(address, **at_once(), kilograms="301", reason="unsold")
    assert "chỉ còn 300\u00a0kg chưa trả về" in answer
    us.accepted(address, **at_once(), kilograms="100", reason="damaged")
    assert again(us, batch).on_hand_g == 800_000
    assert "trả về: 100\u00a0kg" in us.get("/producer/deliveries")


def test_a_receiver_corrects_a_receipt_and_the_first_entry_is_shown(us: Visit, app: Flask) -> None:
    sender = factories.producer(us.database)
    delivery = factories.sent(us.database, factories.harvest(us.database, sender), 100, us.producer)
    factories.received(us.database, delivery, 10)
    address = f"/producer/deliveries/{delivery.id}/correct"
    assert address in us.get("/producer/deliveries")
    answer = us.refused(address, kilograms="99", explanation="Gõ thiếu số", variance_reason="")
    assert 'href="#f-variance_reason"' in answer
    us.accepted(address, kilograms="100", explanation="Gõ thiếu số")
    shown = us.get(address)
    assert "<del>" in shown
    assert "Gõ thiếu số" in shown
    assert us.client.get(f"/producer/deliveries/{'0' * 16}/correct").status_code == 404


def test_a_pallet_is_packed_labelled_shipped_and_opened_where_it_arrives(
    us: Visit, app: Flask, batch: Batch
) -> None:
    form = us.get(f"/producer/units/new?batch={batch.id}")
    assert f'value="{batch.id}" selected' in form
    row = {"contents-0-batch_id": batch.id, "contents-0-kilograms": "20"}
    carton = us.accepted("/producer/units/new", **at_once(), **row, kind="carton")
    answer = us.refused("/producer/units/new", **at_once(), kind="pallet")
    assert "Chưa có gì bên trong" in answer
    carton_id = carton.rsplit("/", 1)[1]
    pallet = us.accepted("/producer/units/new", **at_once(), kind="pallet", carton_ids=[carton_id])
    assert carton_id in us.get(pallet)
    with us.database.reading(SYSTEM.scope) as session:
        unit = session.exec(select(LogisticUnit).where(LogisticUnit.kind == "pallet")).one()
    label = us.client.get(f"{pallet}/label.pdf")
    assert label.mimetype == "application/pdf"
    picture = pypdfium2.PdfDocument(io.BytesIO(label.data))[0].render(scale=4).to_pil()
    (symbol,) = zxingcpp.read_barcodes(picture)
    assert (symbol.symbology_identifier, symbol.text.replace("(", "").replace(")", "")) == (
        "]C1",
        f"00{unit.sscc}",
    )
    answer = us.refused(f"{carton}/open")
    assert "đang xếp trên pallet" in answer
    stall = visit(app, us.database)
    us.accepted(f"{pallet}/ship", sent_on=today().isoformat(), to_producer=stall.producer.code, market="VN")
    arriving = stall.get("/producer/deliveries")
    assert f"{pallet}/receive" in arriving
    stall.accepted(f"{pallet}/receive", received_at=at_once()["happened_at"])
    stall.accepted(f"{pallet}/open")
    stall.accepted(f"{carton}/open")
    assert "Đã mở" in stall.get("/producer/units") or "Opened" in stall.get("/producer/units?lang=en")
    assert "20\u00a0kg" in us.get("/producer/units")


def test_processing_takes_by_products(us: Visit, batch: Batch) -> None:
    juice, peel = (factories.product(us.database, us.producer).id for _ in range(2))
    fields = {
        "product_id": juice,
        "started_on": today().isoformat(),
        "output_kg": "300",
        "inputs-0-source": f"batch:{batch.id}",
        "inputs-0-kilograms": "500",
        "further-2-product_id": peel,
        "further-2-kilograms": "250",
        "further-2-by_product": "1",
    }
    answer = us.refused("/producer/batches/transform", **fields)
    assert 'href="#f-output_kg"' in answer
    us.accepted("/producer/batches/transform", **fields | {"further-2-kilograms": "150"})
    with us.database.reading(SYSTEM.scope) as session:
        made = session.exec(select(Batch).where(Batch.product_id == peel)).one()
    assert made.made_g == 150_000
    assert batch.lot in us.get(f"/producer/batches/{made.id}")


def test_stamps_above_the_goods_are_said_on_the_page_of_the_lot(us: Visit, tmp_path: Path) -> None:
    mint = Mint(us.database, Keyring(tmp_path, demo=True))
    batch = mint.batch(1400, us.producer)
    mint.ready(batch, 1000)
    goods.throw_away(us.database, batch, 140)
    shown = us.get(f"/producer/batches/{batch.id}")
    assert "Tem nhiều hơn hàng" in shown
    assert "Hãy hủy 82 tem chưa dán" in shown
    answer = us.refused(
        page(batch, "ship"), kilograms="1", sent_on=today().isoformat(), customer="Chợ", market="VN"
    )
    assert "nhẹ hơn lúc đặt tem" in answer


def test_a_lot_that_never_was_can_still_be_looked_at(us: Visit, batch: Batch) -> None:
    (lot,) = goods.split(us.database, batch, 100)
    goods.never_happened(us.database, goods.told(us.database, lot)[0])
    for act in ("", "/account", "/trace"):
        us.get(f"/producer/batches/{lot.id}{act}")
    with us.database.reading(SYSTEM.scope) as session:
        assert [row.grams for row in shares.sources(session, lot.id)] == [0]


def test_received_goods_are_given_back_and_thrown_away(us: Visit) -> None:
    sender = factories.producer(us.database)
    delivery = factories.sent(us.database, factories.harvest(us.database, sender), 100, us.producer)
    factories.received(us.database, delivery)
    listed = us.get("/producer/deliveries")
    for act, fields in [
        ("give-back", {"reason": "damaged"}),
        ("waste", {"reason": "spoiled", "handling": "composted"}),
    ]:
        address = f"/producer/deliveries/{delivery.id}/{act}"
        assert address in listed
        assert "100\u00a0kg" in us.get(address) or act == "waste"
        answer = us.refused(address, **at_once(), **fields, kilograms="101")
        assert 'href="#f-kilograms"' in answer
        us.accepted(address, **at_once(), **fields, kilograms="10")
    assert again(us, delivery).remaining_g == 80_000
