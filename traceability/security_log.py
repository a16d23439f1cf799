"""The security log: who came in or failed to, what was done with accounts, tokens and keys, what was refused.

One logger, `security`, and the same fields in every line: they are listed in docs/operating.md. A line names accounts,
producers, agencies and rows by their opaque ids, and a network (/24, /48) where guessing has to be told from mistyping;
never a name, a password, a token or a code. Facts of the transparency log that concern access stand in it once they are
committed; so nothing is said that did not happen.
"""

import threading
from collections.abc import Sequence
from enum import StrEnum
from time import monotonic
from typing import Any

import structlog
from flask import Flask, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, visitors
from traceability.domain.actors import Actor
from traceability.domain.errors import NotFound
from traceability.domain.ledger import Fact
from traceability.domain.ownership import EVERYTHING, owned_tables

_log = structlog.stdlib.get_logger("security")


class Kind(StrEnum):
    """What the program itself notes, besides the facts of `FACTS`."""

    SIGNED_IN = "sign_in.ok"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_IN_LOCKED = "sign_in.locked"
    SIGNED_OUT = "sign_in.ended"
    FORBIDDEN = "access.forbidden"
    FOREIGN = "access.foreign"
    TOKEN_REFUSED = "access.token_refused"
    LIMIT = "limit.reached"
    PERSONAL_READ = "personal_data.read"
    EXPORTED = "export.made"
    BACKED_UP = "backup.made"
    RESTORED = "backup.restored"
    KEYS_BACKED_UP = "keys.backed_up"
    KEYS_RESTORED = "keys.restored"
    KEY_ROTATED = "keys.rotated"


#: Facts of the transparency log that the security log repeats: who may do what, and how they prove to be themselves.
FACTS = frozenset(
    {
        "account.opened", "account.disabled", "account.enabled", "account.handed_over", "account.role_followed",
        "account.link_made", "account.password_set", "account.second_factor_on", "account.second_factor_off",
        "account.sessions_ended",
        "person.erasure_asked", "person.erasure_refused", "person.erased",
        "agency.registered", "agency.revised", "agency.closed", "agency.opened",
        "api_token.issued", "api_token.revoked", "webhook.registered", "webhook.secret_renewed", "webhook.ended",
        "papers.link_made", "papers.link_revoked", "rule.setting_made", "rule.overridden",
        "log.continued", "log.restored", "log.key_changed", "stamp_epoch.begun", "stamp_epoch.retired",
    }
)  # fmt: skip
_BAD = frozenset(
    {Kind.SIGN_IN_FAILED, Kind.SIGN_IN_LOCKED, Kind.FORBIDDEN, Kind.FOREIGN, Kind.TOKEN_REFUSED, Kind.LIMIT}
)
#: What a flood could repeat without end is said at most so often (seconds), with how often it happened.
_SELDOM = 10.0
_said: dict[str, tuple[float, int]] = {}
_lock = threading.Lock()


def note(
    kind: Kind | str,
    *,
    actor: Actor | None = None,
    account: str = "",
    subject: str = "",
    reason: str = "",
    count: int = 1,
) -> None:
    """Writes a line. `account` is whom it is about where nobody is signed in; `subject` is `table:id` or what was made.

    `reason` is a code of ours.
    """
    by = actor
    if by is None and has_request_context():
        by = access.current_actor()
    say = _log.warning if kind in _BAD else _log.info
    say(
        str(kind),
        account=account or (by.user_id if by is not None else None) or "",
        agency=(by.agency_id if by is not None else None) or "",
        producer=(by.producer_id if by is not None else None) or "",
        subject=subject,
        reason=reason,
        network=visitors.network_of(request) if has_request_context() else "",
        count=count,
    )


def note_seldom(kind: Kind, place: str, **said: Any) -> None:
    """As `note`, for what may come in floods: the first of its place at once, then how many came meanwhile."""
    moment = monotonic()
    with _lock:
        last, waiting = _said.get(place, (-_SELDOM, 0))
        if moment - last < _SELDOM:
            _said[place] = (last, waiting + 1)
            return
        _said[place] = (moment, 0)
    note(kind, count=waiting + 1, **said)


def committed(actor: Actor, session: Session, facts: Sequence[Fact]) -> None:
    """After a commit: the facts that concern access, and looks at personal data that were written down."""
    for fact in facts:
        if fact.kind in FACTS:
            row = fact.records[0] if fact.records else None
            note(fact.kind, actor=actor, subject=f"{type(row).__tablename__}:{row.id}" if row else "")
    for table, row_id, purpose in session.info.get("looks", ()):
        note(Kind.PERSONAL_READ, actor=actor, subject=f"{table}:{row_id}", reason=purpose)


def note_missing(error: NotFound) -> None:
    """Somebody who is signed in asked for a row that is not there: said if it is there, and another's.

    Both get the same answer, with the same question to the database behind it.
    """
    actor = access.current_actor()
    table = next((one for one in owned_tables() if one.__name__ == error.kind), None)
    if actor.user_id is None or table is None:
        return
    try:
        with access.database().reading(EVERYTHING) as session:
            found = session.get(table, error.key)
    except SQLAlchemyError:
        return
    if found is not None:
        note(Kind.FOREIGN, subject=f"{table.__tablename__}:{error.key}")


def note_refusal(status: int) -> None:
    """A request was refused for who sent it, or for how much it sent."""
    place = f"{status} {request.endpoint}"
    if status == 403 and access.current_actor().user_id is not None:
        note(Kind.FORBIDDEN)
    elif status == 401:
        note_seldom(Kind.TOKEN_REFUSED, place)
    elif status == 429:
        note_seldom(Kind.LIMIT, place, reason="requests")


def _note_file(response: Response) -> Response:
    """Whoever is signed in and takes a file away is noted; what is in it, nobody looks at here."""
    taken = response.headers.get("Content-Disposition", "").startswith("attachment")
    if taken and response.status_code == 200 and access.current_actor().user_id is not None:
        note(Kind.EXPORTED, subject=str(response.mimetype))
    return response


def init_app(app: Flask) -> None:
    """Listens to what is committed and to files that are taken away."""
    app.extensions["database"].listener = committed
    app.after_request(_note_file)
