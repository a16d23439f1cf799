"""A producer or product that an agency has stopped: nothing of it is stamped, put to use or sent until it is let go."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability.db import Database
from traceability.domain import stamp_downloads, suspensions
from traceability.domain.actors import SYSTEM
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_downloads import DownloadInput
from traceability.domain.suspensions import SuspendedKind, SuspensionInput
from traceability.keys import Keyring

pytestmark = SQLITE_ONLY


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(RuleBroken) as caught:
        act()
    assert caught.value.code == code


def test_a_suspended_producer_orders_downloads_activates_and_sends_nothing(
    database: Database, tmp_path: Path
) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    owner = factories.producer(database)
    batch = mint.batch(owner=owner)
    order, actor = mint.downloaded(batch, 100), factories.manager_of(owner)
    value = SuspensionInput(
        subject_kind=SuspendedKind.PRODUCER, subject_id=owner.id, reason="Không còn đủ điều kiện"
    )

    def download() -> None:
        with database.transaction(actor) as session:
            stamp_downloads.ask_download(session, actor, DownloadInput(order_id=order.id))

    with database.transaction(SYSTEM) as session:
        suspensions.suspend(session, SYSTEM, value)
    for act in (
        lambda: mint.ordered(batch, 10),
        download,
        lambda: mint.activate(order, 0, 9),
        lambda: factories.sent(database, batch, 1),
    ):
        refused("producers.suspended", act)
    with database.transaction(SYSTEM) as session:
        suspensions.lift(session, SYSTEM, value)
    download()
    assert mint.activate(order, 0, 9)


def test_stamps_of_a_suspended_product_are_not_activated(database: Database, tmp_path: Path) -> None:
    mint = Mint(database, Keyring(tmp_path, demo=True))
    batch = mint.batch()
    order = mint.downloaded(batch, 100)
    value = SuspensionInput(
        subject_kind=SuspendedKind.PRODUCT, subject_id=batch.product_id, reason="Nhãn ghi sai thành phần"
    )
    with database.transaction(SYSTEM) as session:
        suspensions.suspend(session, SYSTEM, value)
    refused("products.suspended", lambda: mint.activate(order, 0, 9))
