"""The producer's mark: dots out of a picture, drawn in the editor, frozen with an order."""

import io
from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from tests.web.producer.test_layouts import SHEET, rows
from traceability import print_files, print_room
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamp_logos import StampLogo
from traceability.domain.stamps import FileKind
from traceability.labels import preview
from traceability.labels.logo import Logo
from traceability.print_files import Made

pytestmark = SQLITE_ONLY
WHERE = "/producer/layouts/logo"


@pytest.fixture
def owner(database: Database) -> Producer:
    return factories.producer(database)


@pytest.fixture
def signed(client: FlaskClient, database: Database, owner: Producer) -> FlaskClient:
    factories.sign_in_as(client, database, factories.account(database, owner))
    return client


def picture(colour: tuple[int, int, int] = (20, 90, 40)) -> bytes:
    """A green ring on white."""
    drawn = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(drawn).ellipse((60, 20, 240, 180), outline=colour, width=25)
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return file.getvalue()


def give(client: FlaskClient, data: bytes, name: str = "logo.png") -> int:
    return client.post(WHERE, data={"logo": (io.BytesIO(data), name)}).status_code


def logos(database: Database) -> list[StampLogo]:
    with database.reading(EVERYTHING) as session:
        return list(session.exec(select(StampLogo).order_by(StampLogo.created_at)).all())


def test_a_logo_is_kept_as_dots_and_replaced(signed: FlaskClient, database: Database) -> None:
    assert signed.get(WHERE).status_code == 200
    assert give(signed, picture()) == 303
    assert "data:image/png" in signed.get(WHERE).get_data(as_text=True)
    assert give(signed, picture((0, 0, 0))) == 303
    before, now = logos(database)
    assert (before.retired_at is not None, now.retired_at) == (True, None)
    kept = Logo.unpacked(now.dots)
    assert 1.1 < kept.width / kept.height < 1.2
    assert kept.packed() == now.dots
    assert signed.post(f"{WHERE}/retire").status_code == 303
    assert "Chưa có logo" in signed.get(WHERE).get_data(as_text=True)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"x" * 50, b"x" * (5 << 20)])
def test_what_is_no_logo_is_refused_with_a_sentence(
    signed: FlaskClient, database: Database, data: bytes
) -> None:
    answer = signed.post(WHERE, data={"logo": (io.BytesIO(data), "logo.png")})
    assert answer.status_code == 422
    assert "f-logo-error" in answer.get_data(as_text=True)
    blank = Image.new("RGB", (50, 50), "white")
    file = io.BytesIO()
    blank.save(file, "PNG")
    assert "chỉ có một màu" in signed.post(
        WHERE, data={"logo": (io.BytesIO(file.getvalue()), "l.png")}
    ).get_data(as_text=True)
    assert logos(database) == []


def test_the_logo_stands_where_the_editor_draws_it_and_a_reprint_keeps_it(
    signed: FlaskClient, database: Database, settings: Settings, owner: Producer
) -> None:
    give(signed, picture())
    typed = SHEET | {"logo_mm": "6", "module_mm": "0,45", "footer": "1"}
    drawn = signed.post("/producer/layouts/preview", data=typed).get_data(as_text=True)
    assert drawn.count('class="drawn-logo"') == 36
    assert "<image " in drawn
    assert "1/1" in drawn  # the footer
    assert signed.post("/producer/layouts/new", data=typed).status_code == 303
    mint = Mint(database, settings.keyring(), settings.public_root)
    order = mint.ready(mint.batch(owner=owner), 36, layout=rows(database)[0].key)
    printed, layout = print_room.printed_order(order, mint.keys), print_room.layout_of(order)
    assert printed.text.logo is not None
    page = preview.page(printed, layout)
    mark = page.stamps[0].logo
    assert mark is not None
    assert f'class="drawn-logo" x="{round(mark.x_mm, 3)}" y="{round(mark.y_mm, 3)}"' in drawn

    def file() -> bytes:
        return b"".join(print_files.file_of(FileKind.PDF, Made(order, "L1", mint.keys)).run())

    first = file()
    give(signed, picture((0, 0, 0)))
    assert file() == first
    again = replace(printed, text=replace(printed.text, logo=None))
    assert preview.page(again, layout).stamps[0].logo is None


def test_a_ready_layout_prints_the_logo_where_it_has_a_place(
    signed: FlaskClient, database: Database, settings: Settings, owner: Producer
) -> None:
    give(signed, picture())
    mint = Mint(database, settings.keyring(), settings.public_root)
    batch = mint.batch(owner=owner)
    carton = mint.ready(batch, 2, layout="roll-100x50-carton")
    assert carton.logo is not None
    assert np.array_equal(Logo.unpacked(carton.logo).dots(), Logo.from_picture(picture()).dots())
    assert mint.ready(batch, 2, layout="roll-30x20").logo is None
    page = signed.get(f"/producer/stamp-orders/new?batch_id={batch.id}").get_data(as_text=True)
    assert page.count("<image ") >= 4
