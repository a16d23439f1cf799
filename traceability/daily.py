"""What is done once a day: tidying up, the checkpoint, and the digest with which the checkpoint leaves the machine."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

from flask import g
from sqlmodel import Session

from traceability import consignment_round, i18n, log_keeper, mail, picture_sweep, unprepared
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import digests, housekeeping
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.domain.digests import Digest
from traceability.domain.ownership import EVERYTHING
from traceability.i18n import gettext
from traceability.mail import Letter, MailServer
from traceability.wording.facts import fact

_PORTION = 50
_LOCK_KEY = 0x6461_696C_79  # "daily": its advisory lock on PostgreSQL

T = TypeVar("T")


@dataclass
class Done:
    """What a run did."""

    day: date
    checkpoint: str
    size: int
    gone: dict[str, int] = field(default_factory=dict)
    posted: int = 0
    mailed: int = 0
    unmailed: int = 0
    #: notices about consignments that wait and may not go any more, or whose market's list has changed
    watched: int = 0


def run(database: Database, settings: Settings) -> Done:
    """Tidies up, and sends yesterday's digests. Run again on the same day, it sends nothing twice, but again what a
    mail server did not take. Of two machines that run it at once the second waits for the first."""
    with database.alone(_LOCK_KEY):
        done = _run(database, settings)
    database.fold()
    return done


def _run(database: Database, settings: Settings) -> Done:
    gone = database.act(SYSTEM, lambda session: housekeeping.tidy(session, today()))
    watched = consignment_round.look_again(database)
    with database.reading(EVERYTHING) as session:
        gone |= picture_sweep.sweep(session, settings.data_dir)
    unprepared.prepare_left(database, settings)
    with database.engine.connect() as connection:
        note = log_keeper.publish(connection, settings)
    size, root = note.split("\n")[1:3]
    done = Done(today() - timedelta(days=1), note, int(size), gone, watched=watched)
    with database.reading(EVERYTHING) as session:
        every = digests.of_day(session, done.day)

    def post(some: list[Digest], session: Session) -> int:
        return sum(digests.post(session, one, size=done.size, root=root) for one in some)

    for some in _portions(every):
        done.posted += database.act(SYSTEM, partial(post, some))
    if settings.mail is not None:
        _mail(database, settings, settings.mail, every, note, done)
    return done


def _mail(
    database: Database, settings: Settings, server: MailServer, every: list[Digest], note: str, done: Done
) -> None:
    """Mails what has not gone out yet, and notes of each portion what was taken."""
    with database.reading(EVERYTHING) as session:
        waiting = digests.unmailed(session, every)
    key = log_keeper.vkeys(database, settings)[-1]
    subject = _subject(done.day, settings)
    letters = (
        Letter(digest.email or "", subject, _letter(digest, note, key, settings)) for digest, _ in waiting
    )
    with closing(mail.send(server, letters)) as answers:
        for some in _portions(waiting):
            taken = [notice_id for _, notice_id in some if next(answers)]
            database.act(SYSTEM, partial(digests.mark_mailed, notice_ids=taken))
            done.mailed += len(taken)
            done.unmailed += len(some) - len(taken)


def _portions(items: list[T]) -> list[list[T]]:
    """So many at a time that nobody waits for the database meanwhile."""
    return [items[start : start + _PORTION] for start in range(0, len(items), _PORTION)]


def _subject(day: date, settings: Settings) -> str:
    g.language = i18n.DEFAULT
    return gettext("Log of %(day)s – %(host)s", day=i18n.day(day), host=settings.public_host)


def _letter(digest: Digest, note: str, key: str, settings: Settings) -> str:
    g.language = i18n.DEFAULT
    lines = [gettext("On %(day)s the log wrote down, of what concerns you:", day=i18n.day(digest.day)), ""]
    lines += [f"- {fact(kind)}: {number}" for kind, number in sorted(digest.counts.items())]
    if not digest.counts:
        lines.append(gettext("- nothing"))
    lines += [
        "",
        gettext(
            "Checkpoint of the log. Please keep this mail: with it anybody can prove that nothing was rewritten."
        ),
        "",
        note.rstrip("\n"),
        "",
        gettext("Key of the log: %(key)s", key=key),
        gettext("How it is checked: %(address)s", address=f"{settings.public_root}/log/checkpoint"),
    ]
    return "\n".join(lines) + "\n"
