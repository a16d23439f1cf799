"""The figures of the overseers' first page."""

from tests import stamped
from tests.databases import SQLITE_ONLY
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import dashboard, recalls
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.domain.ownership import EVERYTHING
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.stamps import RangeState

pytestmark = SQLITE_ONLY


def test_stamps_of_recalled_lots_are_not_counted_as_in_use(database: Database, settings: Settings) -> None:
    lot = stamped.lot(database, settings.keyring())
    stamped.put(database, lot, 0, 4, RangeState.ACTIVE)

    def counted() -> tuple[int, int]:
        with database.reading(EVERYTHING) as session:
            found = dashboard.of_scope(session, today())
        return found.stamps[RangeState.ACTIVE], found.recalled_stamps

    assert counted() == (5, 0)
    with database.transaction(SYSTEM) as session:
        value = RecallInput(batch_id=lot.batch.id, kind=RecallKind.VOLUNTARY, reason="Dư lượng vượt ngưỡng")
        recalls.open_recall(session, SYSTEM, value)
    assert counted() == (5, 5)
