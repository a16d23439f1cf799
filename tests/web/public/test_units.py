"""The public page of a carton or pallet: where an SSCC leads, and what it never tells."""

import json

from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.domain.test_logistic_units import open_unit, pack, ship
from tests.recalled import person, voluntary
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database

pytestmark = SQLITE_ONLY


def test_the_number_of_a_pallet_leads_to_the_lots_in_it(
    client: FlaskClient, database: Database, lot: Lot, settings: Settings
) -> None:
    secret = factories.harvest(database, lot.producer, 50, lot="BIMAT-1")
    carton = pack(database, (lot.batch, 10), (secret, 3))
    pallet = pack(database, (lot.batch, 7), cartons=[carton])
    ship(database, pallet)
    led = client.get(f"/00/{pallet.sscc}")
    assert (led.status_code, led.headers["Location"]) == (307, f"{settings.public_root}/units/{pallet.sscc}")
    page = client.get(f"/units/{pallet.sscc}").text
    assert f"/lots/{lot.product.code}/{lot.batch.lot}" in page
    assert f"(00) {carton.sscc}" in page
    assert "Còn 1 lô chưa có trang công khai" in page
    for unsaid in (secret.lot, "Siêu thị", "kg"):
        assert unsaid not in page[page.index("<main") : page.index("</main")], unsaid
    assert "其中的批次" in client.get(f"/units/{carton.sscc}?lang=zh").text
    told = json.loads(client.get(f"/00/{carton.sscc}?linkType=linkset").data)
    kinds = {key for anchor in told["linkset"] for key in anchor if key.startswith("https://")}
    assert kinds >= {
        f"https://ref.gs1.org/voc/{kind}" for kind in ("traceability", "recallStatus", "defaultLink")
    }


def test_a_unit_says_at_once_that_goods_in_it_are_recalled_and_that_it_was_opened(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    carton = pack(database, (lot.batch, 10))
    assert "thu hồi" not in client.get(f"/units/{carton.sscc}").text
    open_unit(database, carton)
    voluntary(database, person(database, lot.producer), lot.batch)
    page = client.get(f"/units/{carton.sscc}").text
    assert "Có hàng bên trong đang bị thu hồi" in page
    assert "Kiện này đã mở" in page
    assert "THU HỒI" in client.get(f"/00/{carton.sscc}?linkType=linkset").get_data(as_text=True)


def test_what_is_unpublished_unknown_or_no_number_at_all_is_nobodys_page(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    hidden = pack(database, (factories.harvest(database, lot.producer, 50), 3))
    for sscc in (hidden.sscc, "095200010000000003"):
        assert client.get(f"/00/{sscc}").status_code == client.get(f"/units/{sscc}").status_code == 404
    told = client.get(f"/00/{hidden.sscc}").text
    assert "nội dung chưa công khai" in told
    for nobodys in ("Không có hàng hóa mang mã số này", "Gửi phản ánh về con tem này", "đừng dựa vào"):
        assert nobodys not in told[told.index("<main") : told.index("</main")], nobodys
    assert "Không có hàng hóa mang mã số này" in client.get("/00/095200010000000003").text
    wrong = hidden.sscc[:-1] + str((int(hidden.sscc[-1]) + 1) % 10)
    refused = client.get(f"/00/{wrong}")
    assert refused.status_code == 400
    assert client.get(f"/units/{wrong}").status_code == 404
    assert client.get("/units/%00").status_code in (400, 404)
