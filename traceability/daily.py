"""What is done once a day: tidying up, the checkpoint, and the digest with which the checkpoint leaves the machine."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from flask import g

from traceability import i18n, log_keeper, mail
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import digests, housekeeping
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.domain.digests import Digest
from traceability.i18n import gettext
from traceability.wording.facts import fact


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


def run(database: Database, settings: Settings) -> Done:
    """Tidies up, and sends yesterday's digests. Run again on the same day, it sends nothing twice."""
    with database.transaction(SYSTEM) as session:
        gone = housekeeping.tidy(session, today())
    with database.engine.connect() as connection:
        note = log_keeper.publish(connection, settings)
    size, root = note.split("\n")[1:3]
    done = Done(today() - timedelta(days=1), note, int(size), gone)
    with database.transaction(SYSTEM) as session:
        fresh = [
            digest
            for digest in digests.of_day(session, done.day)
            if digests.post(session, digest, size=done.size, root=root)
        ]
    done.posted = len(fresh)
    if settings.mail is not None:
        server = settings.mail
        key = log_keeper.vkeys(database, settings)[-1]
        subject, letters = _subject(done.day, settings), []
        for digest in fresh:
            if digest.email:
                text = _letter(digest, note, key, settings)
                letters.append(mail.message(server, digest.email, subject, text))
        done.mailed, done.unmailed = mail.send(server, letters)
    database.fold()
    return done


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
