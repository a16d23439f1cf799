"""Stamp orders whose preparation was cut short: they are prepared by whoever is there, without being asked.

An order is taken in one transaction and made ready in a second (`print_room.make_ready`). A crash between the two
leaves it ordered; its owner may press the button again or never look. Preparing twice does no harm.
"""

import logging
import random
import threading
import time
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from traceability import mint, print_room
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamps import StampOrder
from traceability.print_room import MintKeyMissing

_log = logging.getLogger(__name__)

#: A younger order is being prepared by whoever took it.
YOUNG = timedelta(minutes=2)
_LOOK = 60.0
#: So long (seconds) an order that did not pass is left alone: a fault that was mended meanwhile is found.
_PASSED_OVER = 3600.0


def prepare_left(database: Database, settings: Settings, skip: set[str] | None = None) -> int:
    """Prepares the orders that are neither ready nor waiting for a second person. Answers how many became ready.

    One that does not pass stays for its owner, whose page says why; its id is put into `skip`, so that it is not tried
    again and again. One whose key is missing is tried again.
    """
    passed_over = skip if skip is not None else set()
    statement = select(StampOrder).where(
        col(StampOrder.ready_at).is_(None), col(StampOrder.created_at) < now() - YOUNG
    )
    with database.reading(EVERYTHING) as session:
        left = [
            order.id
            for order in session.exec(statement.order_by(col(StampOrder.created_at))).all()
            if not order.waits_for_approval and order.id not in passed_over
        ]
    done = 0
    for order_id in left:
        try:
            print_room.make_ready(database, SYSTEM, order_id, settings.keyring())
            done += 1
        except MintKeyMissing as missing:  # no fault of the order: it is made ready when the key is put back
            mint.forget_keys(database)
            _log.error("stamp order %s waits for its key: %s", order_id, missing)
        except (RuleBroken, NotFound) as trouble:
            passed_over.add(order_id)
            _log.error("stamp order %s cannot be prepared: %s", order_id, trouble)
    return done


class Preparer:
    """Looks once a minute, in a thread of each process that serves."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._skip: set[str] = set()
        self._forget_at = time.monotonic() + _PASSED_OVER

    def start(self) -> None:
        """Begins to look, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="unprepared", daemon=True).start()

    def look(self) -> None:
        """Prepares what is left; what did not pass is tried again after an hour."""
        if time.monotonic() >= self._forget_at:
            self._skip.clear()
            self._forget_at = time.monotonic() + _PASSED_OVER
        prepare_left(self._database, self._settings, skip=self._skip)

    def _run(self) -> None:
        never = threading.Event()
        while not never.wait(_LOOK * random.uniform(0.5, 1.5)):  # the processes look at different moments
            try:
                self.look()
            except sa.exc.SQLAlchemyError as error:
                _log.warning("orders wait for the database: %s", type(error).__name__)
            except Exception:
                _log.exception("orders were not prepared")
