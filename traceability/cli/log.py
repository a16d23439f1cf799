"""The transparency log, for whoever holds the server."""

from pathlib import Path
from typing import NoReturn

import click
from flask.cli import with_appcontext

from traceability import log_keeper, witnesses
from traceability.cli import base
from traceability.cli.base import commands, plainly
from traceability.config import WrongSettings
from traceability.domain import verification
from traceability.domain.checkpoints import BadNote, Checkpoint
from traceability.domain.verification import Tampered
from traceability.log_keeper import Reign

_TAMPERED = 1


@commands.command("verify-log")
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that somebody kept. May be given several times.",
)
@with_appcontext
@plainly
def verify_log(files: tuple[Path, ...]) -> None:
    """Recompute the log from the rows. Ends with 1 and names the first bad row if anything was changed.

    The newest checkpoint in the key folder is always compared; older ones that others kept come by --checkpoint.
    """
    database, settings = base.database(), base.settings()
    notes = [(path.name, path.read_text("utf-8", errors="replace")) for path in files]
    newest = log_keeper.newest_known(settings.keyring())
    if newest is not None:
        notes.append(("the newest checkpoint in the key folder", newest))
    with database.engine.connect() as connection:
        try:
            verification.compare_names(connection)  # first: what a checkpoint is read with must be ours
        except (Tampered, ValueError, KeyError, TypeError) as tampered:  # a leaf that is none is named below
            if isinstance(tampered, Tampered):
                _not_verified(str(tampered))
        reigns = log_keeper.reigns(connection, settings)
    known, lost = [], []
    for name, note in notes:
        found = _read(note, name, [reign.origin for reign in reigns])
        ended = log_keeper.ended_at(reigns, found.origin)
        if ended is None or found.size <= ended:
            known.append(found)
        else:
            lost.append(_lost(name, found, ended, reigns))
    with database.one_state() as session:
        try:
            verified = verification.verify(session, known)
        except Tampered as tampered:
            _not_verified(str(tampered))
    for told in lost:
        _not_verified(told)
    if not verified.size:
        click.echo("There is no leaf yet: nothing was written so far, so there is nothing to verify.")
        return
    rows = sum(verified.rows.values())
    click.echo(
        f"Verified: {verified.size} leaves, {rows} rows in {len(verified.rows)} tables, {len(known)} checkpoints."
    )
    click.echo(f"root {verified.root.hex()}")


def _not_verified(reason: str) -> NoReturn:
    click.echo(f"NOT VERIFIED: {reason}.", err=True)
    raise SystemExit(_TAMPERED)


def _lost(name: str, found: Checkpoint, ended: int, reigns: list[Reign]) -> str:
    """What became of leaves that a checkpoint covers and a restore has lost: they cannot be verified here."""
    after = next(reign.origin for reign in reigns if reign.first_size == ended + 1)
    return (
        f"{name} covers {found.size} leaves under the name {found.origin}. A backup of {ended} leaves was put back"
        f" since, and the log goes on from there under the name {after}, as leaf {ended} says: the"
        f" {found.size - ended} leaves after it were lost"
    )


@commands.command("log-key")
@with_appcontext
@plainly
def log_key() -> None:
    """Print the verifier key (vkey) of the log; the last line is the one that signs now."""
    for key in log_keeper.vkeys(base.database(), base.settings()):
        click.echo(key)


@commands.command("checkpoint")
@with_appcontext
@plainly
def print_checkpoint() -> None:
    """Print the newest signed checkpoint: keep it, mail it, print it."""
    with base.database().engine.connect() as connection:
        click.echo(log_keeper.publish(connection, base.settings()), nl=False)


@commands.command("witness")
@with_appcontext
@plainly
def ask_witnesses() -> None:
    """Ask the witnesses of the settings to cosign the newest checkpoint. Ends with 1 if one did not."""
    asked = witnesses.ask_all(base.database(), base.settings())
    if not asked:
        raise WrongSettings("There is no witness: TRACE_WITNESSES names them.")
    for one in asked:
        click.echo(
            f"{one.witness}: " + (f"cosigned {one.size} leaves" if one.size is not None else one.trouble)
        )
    if any(one.size is None for one in asked):
        raise SystemExit(1)


def _read(note: str, name: str, origins: list[str]) -> Checkpoint:
    """A checkpoint of this log. One that a key of ours has signed under a name that stands nowhere tells of another
    history than the database's."""
    database, settings = base.database(), base.settings()
    try:
        size = note.split("\n")[1] if note.count("\n") > 1 else ""
        at = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None
        if note.split("\n")[0] in origins:
            return log_keeper.read(note, log_keeper.vkeys(database, settings, at))
        found = log_keeper.read_own(note, database, settings)
    except BadNote as bad:
        raise WrongSettings(f"{name} is no checkpoint of this log: {bad}.") from None
    _not_verified(
        f"log_origin: {name} was signed under the name {found.origin}, and this log knows of no such name"
    )
