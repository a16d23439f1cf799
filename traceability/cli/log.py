"""The transparency log, for whoever holds the server."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from traceability import log_keeper, witnesses
from traceability.cli import base
from traceability.cli.base import commands, plainly
from traceability.config import WrongSettings
from traceability.domain import verification
from traceability.domain.checkpoints import BadNote, Checkpoint
from traceability.domain.verification import Tampered

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
    known = [_read(path.read_text("utf-8", errors="replace"), path.name) for path in files]
    newest = log_keeper.newest_known(settings.keyring())
    if newest is not None:
        known.append(_read(newest, "the newest checkpoint in the key folder"))
    with database.one_state() as session:
        try:
            found = verification.verify(session, known)
        except Tampered as tampered:
            click.echo(f"NOT VERIFIED: {tampered}.", err=True)
            raise SystemExit(_TAMPERED) from None
    rows = sum(found.rows.values())
    click.echo(
        f"Verified: {found.size} leaves, {rows} rows in {len(found.rows)} tables, {len(known)} checkpoints."
    )
    click.echo(f"root {found.root.hex()}")


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


def _read(note: str, name: str) -> Checkpoint:
    try:
        size = note.split("\n")[1] if note.count("\n") > 1 else ""
        at = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None
        return log_keeper.read(note, log_keeper.vkeys(base.database(), base.settings(), at))
    except BadNote as bad:
        raise WrongSettings(f"{name} is no checkpoint of this log: {bad}.") from None
