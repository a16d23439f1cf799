"""Changing keys, and what an operator is told to do after it."""

import click
from flask.cli import with_appcontext

from traceability import key_rotation, mint, security_log
from traceability.cli import base
from traceability.cli.base import commands, plainly
from traceability.key_rotation import Reason
from traceability.security_log import Kind


@commands.command("rotate-key")
@click.argument("which", type=click.Choice(["log", "stamps"]))
@click.option("--compromised", is_flag=True, help="Somebody else may have the old key: the log says so.")
@with_appcontext
@plainly
def rotate_key(which: str, compromised: bool) -> None:
    """Put a new key in place of that of the log or of the stamp mint. What the old one signed or minted stays good."""
    database, settings = base.database(), base.settings()
    reason = Reason.COMPROMISED if compromised else Reason.PLANNED
    if which == "log":
        vkey = key_rotation.rotate_log_key(database, settings, reason)
        click.echo(f"The log signs with a new key from now on:\n{vkey}")
        click.echo("Give it to the witnesses and print it where the old one stands.")
    else:
        epoch = key_rotation.rotate_stamp_key(database, settings, reason)
        click.echo(
            f"New stamps come from epoch {epoch.number}, key {mint.key_file_name(epoch.key_name)}.key."
        )
        click.echo("Stamps of before are read as before: keep the old key files.")
    security_log.note(Kind.KEY_ROTATED, subject=which, reason=reason.value)
    click.echo("Make a new key backup now (`backup-keys`).")
