"""What cannot be printed or activated comes back with a sentence that says what to do, and nothing is changed."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamps import RangeState, StampOrder

pytestmark = SQLITE_ONLY
PASSWORD = "bưởi năm roi bình minh"


@pytest.fixture
def mint(database: Database, settings: Settings) -> Mint:
    return Mint(database, settings.keyring(), settings.public_root)


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def signed(client: FlaskClient, database: Database, owner: Producer) -> FlaskClient:
    factories.sign_in_as(client, database, factories.account(database, owner, password=PASSWORD))
    return client


def order(client: FlaskClient, batch_id: str, **typed: str) -> tuple[int, str]:
    values = {"batch_id": batch_id, "quantity": "10", "layout": "a4-5x13-30x20"} | typed
    answer = client.post("/producer/stamp-orders/new", data=values)
    return answer.status_code, re.sub(r"\s+", " ", answer.get_data(as_text=True))


def orders(database: Database) -> list[StampOrder]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(StampOrder)).all())


@pytest.mark.parametrize("typed", ["0", "-5", "1,5", "1000000000", "mười", "１２", "1e3", "9" * 400])
def test_a_number_that_is_none_orders_nothing(
    signed: FlaskClient, mint: Mint, owner: Producer, typed: str
) -> None:
    status, page = order(signed, mint.batch(owner=owner).id, quantity=typed)
    assert status == 422
    assert "f-quantity-error" in page
    assert f'value="{typed}"' in page
    assert orders(mint.database) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Bưởi 柚子 Năm Roi", "“柚”"),
        ("Bưởi da xanh hữu cơ chuyển đổi loại đặc biệt túi lưới " * 2 + "ruột hồng", "cỡ chữ nhỏ nhất"),
    ],
)
def test_a_name_that_cannot_be_printed_is_refused_with_what_to_do(
    signed: FlaskClient, mint: Mint, owner: Producer, name: str, sentence: str
) -> None:
    product = factories.product(mint.database, owner, name=name.strip())
    batch = factories.harvest(mint.database, owner, 1400, product_id=product.id)
    status, page = order(signed, batch.id)
    assert status == 422
    assert sentence in page
    assert signed.get(f"/producer/stamp-orders/new?batch_id={batch.id}").status_code == 200
    assert orders(mint.database) == []


def test_a_large_order_needs_the_password_again(signed: FlaskClient, mint: Mint, owner: Producer) -> None:
    batch = mint.batch(20_000, owner=owner)
    status, page = order(signed, batch.id, quantity="10001")
    assert status == 422
    assert "phiếu lớn" in page
    status, page = order(signed, batch.id, quantity="10001", proof="sai mật khẩu rồi")
    assert status == 422
    assert "sai mật khẩu rồi" not in page
    assert orders(mint.database) == []
    assert order(signed, batch.id, quantity="10001", proof=PASSWORD)[0] == 303
    assert orders(mint.database)[0].quantity == 10_001


def test_a_half_used_sheet_is_gone_on_with(signed: FlaskClient, mint: Mint, owner: Producer) -> None:
    batch = mint.batch(owner=owner)
    assert order(signed, batch.id)[0] == 303
    (first,) = orders(mint.database)
    asked = signed.post(f"/producer/stamp-orders/{first.id}/download")
    assert signed.get(asked.headers["Location"]).status_code == 200
    page = signed.get(f"/producer/stamp-orders/new?batch_id={batch.id}").get_data(as_text=True)
    assert "còn trống từ ô 11" in page
    assert order(signed, batch.id, on_used_sheet="1")[0] == 303
    assert {made.start_position for made in orders(mint.database)} == {1, 11}


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        (
            lambda mint, mine, other, foreign: (mint.code(mine, 0), mint.code(other, 1)),
            "hai phiếu cấp tem khác nhau",
        ),
        (lambda mint, mine, other, foreign: (mint.code(foreign, 0), mint.code(foreign, 1)), "không phải tem"),
        (lambda mint, mine, other, foreign: (mint.code(mine, 0), mint.code(mine, 9)), "đã kích hoạt rồi"),
        (lambda mint, mine, other, foreign: ("0000-0000-0000-0000", mint.code(mine, 9)), "không phải tem"),
        (lambda mint, mine, other, foreign: ("ABC", ""), "16"),
        (lambda mint, mine, other, foreign: (mint.code(mine, 9), mint.code(mine, 0)), "đổi chỗ hai mã"),
    ],
)
def test_a_run_that_is_none_activates_nothing_and_stays_on_the_form(
    signed: FlaskClient, mint: Mint, owner: Producer, ends: Callable[..., tuple[str, str]], sentence: str
) -> None:
    batch = mint.batch(owner=owner)
    mine, other, foreign = (
        mint.downloaded(batch, 10),
        mint.downloaded(batch, 10),
        mint.downloaded(mint.batch(), 10),
    )
    mint.activate(mine, 5, 6)
    before = mint.ranges(mine)
    first, last = ends(mint, mine, other, foreign)
    answer = signed.post(
        "/producer/stamp-orders/activate", data={"first_code": first, "last_code": last, "confirmed": "1"}
    )
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert sentence in page
    assert f'value="{first}"' in page
    assert f'value="{last}"' in page
    assert mint.ranges(mine) == before


def test_a_run_to_make_void_the_wrong_way_round_is_refused_and_turned_by_one_press(
    signed: FlaskClient, mint: Mint, owner: Producer
) -> None:
    mine = mint.downloaded(mint.batch(owner=owner), 10)
    typed = {"first_code": mint.code(mine, 6), "last_code": mint.code(mine, 4), "reason": "spoiled"}
    refused = signed.post("/producer/stamp-orders/void", data=typed)
    assert refused.status_code == 422
    assert "đổi chỗ hai mã" in refused.get_data(as_text=True)
    assert mint.ranges(mine) == [(0, 9, RangeState.DOWNLOADED)]
    assert signed.post("/producer/stamp-orders/void", data=typed | {"turn": "1"}).status_code == 303
    assert mint.ranges(mine)[1] == (4, 6, RangeState.VOID)


def test_an_activation_is_taken_back_and_an_order_closed_on_its_page(
    signed: FlaskClient, mint: Mint, owner: Producer
) -> None:
    mine = mint.downloaded(mint.batch(owner=owner), 10)
    typed = {"first_code": mint.code(mine, 0), "last_code": mint.code(mine, 9), "confirmed": "1"}
    assert signed.post("/producer/stamp-orders/activate", data=typed).status_code == 303
    show = f"/producer/stamp-orders/{mine.id}"
    undo = re.search(r'action="([^"]+/undo)"', signed.get(show).get_data(as_text=True))
    assert undo
    assert signed.post(undo[1]).status_code == 303
    assert mint.ranges(mine) == [(0, 9, RangeState.DOWNLOADED)]
    refused = signed.post(f"{show}/close")
    assert refused.status_code == 422
    assert "còn 10 tem chưa rõ" in refused.get_data(as_text=True)
    assert signed.post(f"{show}/close", data={"rest_returned": "1"}).status_code == 303
    assert "mọi tem đều đã rõ" in signed.get(show).get_data(as_text=True)


def test_one_stamp_is_printed_anew_on_its_page(signed: FlaskClient, mint: Mint, owner: Producer) -> None:
    mine = mint.downloaded(mint.batch(owner=owner), 10)
    assert signed.get("/producer/stamp-orders/reprint").status_code == 200
    typed = {"first_code": mint.code(mine, 3), "reason": "spoiled"}
    made = signed.post("/producer/stamp-orders/reprint", data=typed)
    assert made.status_code == 303
    assert mint.ranges(mine)[1] == (3, 3, RangeState.VOID)
    assert mine.number in signed.get(made.headers["Location"]).get_data(as_text=True)


def test_a_mistyped_number_stays_as_a_stopped_attempt_that_accuses_nobody(
    signed: FlaskClient, mint: Mint, owner: Producer
) -> None:
    batch = mint.batch(owner=owner)
    assert order(signed, batch.id, quantity="900000")[0] == 422
    page = re.sub(r"\s+", " ", signed.get(f"/producer/batches/{batch.id}").text)
    folded = re.search(
        r"<details class=\"confirm\"><summary[^>]*>(?:(?!</details>).)*Thao tác đã bị chặn: 1.*?</details>",
        page,
    )
    assert folded, "it is told, and not in the face of whoever opens the page"
    assert "không có nghĩa là ai làm sai" in folded[0]
    assert "tone-stop" not in folded[0]
    assert page.count("Thao tác bị từ chối") == 1, "and nowhere else"
    assert order(signed, batch.id)[0] == 303, "a slip of the finger stops nothing"
