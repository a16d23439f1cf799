"""Goods of two producers become one product of a third: the shopper sees both, and a recall reaches the shopper."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.journeys.people import PASSWORD, Person, vi
from tests.rolls import Mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import pictures, products, recalls
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.pictures import StoredPicture
from traceability.domain.producers import Producer
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.records import find

pytestmark = [pytest.mark.browser, SQLITE_ONLY]


def with_picture(database: Database, owner: Producer, name: str) -> None:
    """A product of dried pomelo that may be published."""
    product = factories.product(database, owner, name=name, net_weight="0,5", form="dried")
    actor = replace(SYSTEM, producer_id=owner.id)
    with database.transaction(actor) as session:
        picture = pictures.add(session, actor, StoredPicture("c" * 64, width=8, height=8, size=100))
        products.set_picture(session, actor, product.id, picture)


def test_a_recall_of_a_source_reaches_the_stamp_of_what_was_made_of_it(
    database: Database, settings: Settings, with_phone: Callable[..., Person]
) -> None:
    first, second, maker = (factories.producer(database) for _ in range(3))
    own, other = factories.harvest(database, first, 500), factories.harvest(database, second, 400)
    for batch in (own, other):
        factories.release(database, batch)
    with_picture(database, maker, "Bưởi sấy dẻo")

    grower = person_of(database, first, with_phone)
    grower.go(f"/producer/batches/{own.id}/ship")
    grower.fill(kilograms="300", sent_on=today().isoformat(), to_producer=maker.code, destination="Xưởng sấy")
    grower.press("Record the shipment")
    factories.sent(database, other, 100, maker)

    worker = person_of(database, maker, with_phone)
    for _arriving in range(2):
        worker.go("/producer/deliveries")
        worker.press("Confirm the receipt")
        worker.press("Take into stock")
    worker.go("/producer/batches/transform")
    worker.take_first("product_id")
    stock = worker.page.locator("[name='inputs-0-source'] option:not([value=''])")
    sources = [option.get_attribute("value") or "" for option in stock.all()]
    texts = stock.all_inner_texts()
    assert len(sources) == 2
    weights = ["300" if own.lot in text and "300" in text else "100" for text in texts]
    assert sorted(weights) == ["100", "300"]
    worker.fill(output_kg="50", started_on=today().isoformat())
    for row, (source, weight) in enumerate(zip(sources, weights, strict=True)):
        worker.fill(**{f"inputs__{row}__source": source, f"inputs__{row}__kilograms": weight})
    worker.press("Make the batch")
    worker.reads("50")
    made_id = worker.page.url.rpartition("/")[2]
    worker.press("Publish now")
    worker.reads(vi("Public page"))

    code = stamped(database, settings, made_id)
    shopper = with_phone()
    shopper.go(f"/s/{code}")
    shopper.heading(vi("This stamp is active"))
    shopper.reads("Bưởi sấy dẻo", first.name, second.name, "75 %", "25 %")
    recall(database, own)
    shopper.page.reload()
    shopper.heading(vi("This lot is under recall"))
    shopper.reads("Mang trả lại nơi đã mua.")
    worker.page.reload()
    worker.reads("Mang trả lại nơi đã mua.")


def person_of(database: Database, producer: Producer, with_phone: Callable[..., Person]) -> Person:
    """The manager of a producer, signed in."""
    account = factories.account(database, producer, password=PASSWORD)
    person = with_phone()
    person.sign_in(account.username)
    return person


def stamped(database: Database, settings: Settings, batch_id: str) -> str:
    """The code of an active stamp of a batch."""
    with database.reading(SYSTEM.scope) as session:
        batch = find(session, Batch, batch_id)
    mint = Mint(database, settings.keyring(), settings.public_root)
    order = mint.downloaded(batch, 3)
    mint.activate(order, 0, 2)
    return mint.code(order, 0)


def recall(database: Database, batch: Batch) -> None:
    """An agency recalls a batch."""
    value = RecallInput(
        batch_id=batch.id,
        kind=RecallKind.COMPULSORY,
        reason="Dư lượng vượt mức",
        public_text="Mang trả lại nơi đã mua.",
        decision_no="12/QĐ",
        decided_on=today(),
    )
    with database.transaction(SYSTEM) as session:
        recalls.open_recall(session, SYSTEM, value)
