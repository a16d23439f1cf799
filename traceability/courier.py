"""Sends what webhooks are to be told. One thread in each process that serves; a webhook has one of them at a time.

Nothing is handed over in memory: each round looks into the log and at what is due (`webhook_deliveries`), so that what
was committed is sent also after a crash, by whichever process is there.
"""

import functools
import json
import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from traceability import outward
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import webhook_deliveries, webhooks
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now
from traceability.domain.ownership import EVERYTHING
from traceability.domain.webhook_deliveries import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
)
from traceability.domain.webhooks import Webhook

_log = logging.getLogger(__name__)

#: Between two looks; after trouble with the database the longer one (seconds).
_LOOK, _LONGEST_LOOK = 1.0, 30.0
#: A process holds a webhook for so long; within it stays what it does for one webhook at a time.
LEASE = timedelta(seconds=60)
#: A webhook's turn: so many messages, of which none is begun after so many seconds.
_AT_ONCE, _TURN_SECONDS = 20, 1.0
_FORGET_EVERY = 6 * 3600.0
_GONE = 410
_HTTPS = 443
#: Seconds that the addresses of this site are remembered.
_OWN_FOR = 600.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Post = Callable[[str, bytes, dict[str, str]], outward.Answer]


def may_reach(settings: Settings) -> Callable[[str], bool]:
    """Which addresses may be asked: public ones, but for those of this site itself.

    A demo that only its own machine can open may ask that machine.
    """
    host = urlsplit(settings.public_root).hostname or ""
    if settings.demo and host in _LOOPBACK:
        return lambda address: address in _LOOPBACK or outward.is_public(address)

    def outside(address: str) -> bool:
        if not outward.is_public(address):
            return False
        return outward.unwrapped(address) not in _own(host, int(time.monotonic() // _OWN_FOR))

    return outside


@functools.lru_cache(maxsize=4)
def _own(host: str, _period: int) -> frozenset[outward.Address | None]:
    """The addresses of this site, as its name says them; none where nobody knows the name just now."""
    try:
        return frozenset(map(outward.unwrapped, outward.resolve(host, _HTTPS)))
    except (OSError, UnicodeError):
        return frozenset()


class Courier:
    """Sends for one application in one process."""

    def __init__(self, database: Database, settings: Settings, post: Post | None = None) -> None:
        allowed = may_reach(settings)
        self._database, self._settings = database, settings
        self._post = post or (
            lambda address, body, headers: outward.post(address, body, headers, may_reach=allowed)
        )
        self._stop = threading.Event()
        self._forgotten = 0.0
        #: webhooks whose receiver took long the last time this process asked it
        self._slow: set[str] = set()

    def start(self) -> None:
        """Begins to look, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def stop(self) -> None:
        """No further round is begun."""
        self._stop.set()

    def _run(self) -> None:
        pause = _LOOK
        while not self._stop.wait(pause * random.uniform(0.8, 1.2)):
            try:
                self.round()
                pause = _LOOK
            except sa.exc.SQLAlchemyError as error:
                if pause == _LOOK:
                    _log.warning("webhooks wait for the database: %s", type(error).__name__)
                pause = min(2 * pause, _LONGEST_LOOK)
            except Exception:
                _log.exception("webhooks were not sent")
                pause = min(2 * pause, _LONGEST_LOOK)

    def round(self) -> int:
        """Gives each webhook with something to do its turn. Answers how many requests were made.

        Receivers that take long come last, and after one of them it is looked anew: what came meanwhile for others
        waits for one slow answer, not for all of them.
        """
        made = 0
        for webhook in self._ready():
            with self._database.transaction(SYSTEM) as session:
                until = webhook_deliveries.claim(session, webhook.id, LEASE)
            if until is None:
                continue
            try:
                made += self._serve(webhook)
            finally:
                with self._database.transaction(SYSTEM) as session:
                    webhook_deliveries.let_go(session, webhook.id, until)
            if webhook.id in self._slow:
                break
        if time.monotonic() - self._forgotten > _FORGET_EVERY or not self._forgotten:
            self._forgotten = time.monotonic()
            with self._database.transaction(SYSTEM) as session:
                webhook_deliveries.forget(session)
        return made

    def _ready(self) -> list[Webhook]:
        """The webhooks with something to do, in any order, those of slow receivers last."""
        with self._database.reading(EVERYTHING) as session:
            found = webhooks.with_something_to_do(session)
        random.shuffle(found)
        return sorted(found, key=lambda webhook: webhook.id in self._slow)

    def _serve(self, webhook: Webhook) -> int:
        """New facts become deliveries, and what is due is sent until one fails or the turn is over."""
        with self._database.transaction(SYSTEM) as session:
            webhook_deliveries.gather(session, webhook.id, webhook.kinds, webhooks.scope_of(session, webhook))
        with self._database.reading(EVERYTHING) as session:
            waiting = webhook_deliveries.due(session, webhook.id, _AT_ONCE)
        end, made = time.monotonic() + _TURN_SECONDS, 0
        for delivery in waiting:
            made += 1
            if (
                not self._send(webhook, delivery)
                or webhook.id in self._slow
                or time.monotonic() > end
                or self._stop.is_set()
            ):
                break
        return made

    def _send(self, webhook: Webhook, delivery: WebhookDelivery) -> bool:
        """One request and what came of it."""
        body = json.dumps(delivery.body, ensure_ascii=False, sort_keys=True).encode()
        master = self._settings.keyring().secret(webhooks.KEY)
        at = now()
        headers = webhooks.headers(master, webhook, delivery.message_id, body, at)
        headers |= {"Content-Type": "application/json", "User-Agent": "traceability-webhooks/1"}
        answer = self._post(webhook.address, body, headers)
        if answer.seconds > webhook_deliveries.SLOW.total_seconds():
            self._slow.add(webhook.id)
        else:
            self._slow.discard(webhook.id)
        taken = answer.status is not None and 200 <= answer.status < 300
        attempt = WebhookAttempt(
            delivery_id=delivery.id or 0,
            at=at,
            milliseconds=round(answer.seconds * 1000),
            status=answer.status,
            trouble=answer.trouble,
        )
        with self._database.transaction(SYSTEM) as session:
            state, is_dead = webhook_deliveries.note(
                session, delivery.id or 0, attempt, taken=taken, gone=answer.status == _GONE
            )
            code = "webhook_given_up" if state is DeliveryState.GIVEN_UP else ""
            if is_dead:
                code = "webhook_paused"
                row = session.get_one(Webhook, webhook.id, with_for_update=True)
                webhooks.pause(session, row)
            if code:
                webhooks.tell_owner(session, webhook, code)
        return taken
