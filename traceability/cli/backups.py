"""Backups of the data and of the keys, and putting them back."""

import os
from pathlib import Path

import click
from flask.cli import with_appcontext

from traceability import backups, key_backups, restores, security_log
from traceability.cli import base
from traceability.cli.base import commands, plainly
from traceability.domain.clock import now
from traceability.security_log import Kind

_NEW = click.Path(path_type=Path)
_STANDING = click.Path(exists=True, dir_okay=False, path_type=Path)
_PASSPHRASE = "TRACE_KEY_PASSPHRASE"


def _named(out: Path, beginning: str, ending: str) -> Path:
    return out / f"{beginning}{now():%Y-%m-%dT%H%M%SZ}{ending}" if out.is_dir() else out


@commands.command()
@click.argument("out", type=_NEW)
@with_appcontext
@plainly
def backup(out: Path) -> None:
    """Write a backup of the database and the pictures to OUT, while the platform goes on. It holds no keys.

    In a folder that is there it is named after the moment, as a timer needs it.
    """
    out = _named(out, "traceability-", ".tar")
    manifest = backups.back_up(base.database(), base.settings(), out)
    security_log.note(Kind.BACKED_UP)
    rows = sum(table["rows"] for table in manifest["tables"].values())
    size = manifest["checkpoint"].split("\n")[1]
    click.echo(f"{out}: {rows} rows, {len(manifest['files'])} files, {size} leaves of the log.")
    click.echo("The keys are not in it: `backup-keys` makes their own, encrypted backup.")


@commands.command()
@click.argument("source", metavar="IN", type=_STANDING)
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=_STANDING,
    help="A checkpoint of the log that somebody kept, printed or mailed. May be given several times.",
)
@click.option(
    "--nothing-newer",
    is_flag=True,
    help="You stand for it that nothing was written after the backup: the log keeps its name.",
)
@with_appcontext
@plainly
def restore(source: Path, files: tuple[Path, ...], nothing_newer: bool) -> None:
    """Put the backup IN back: into an empty database and data folder, after `restore-keys`.

    Cut short, it starts over when it is run again. The log goes on under a new name, because nobody can know what was
    signed after the backup; --nothing-newer keeps the name.
    """
    settings = base.settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = {path.name: path.read_text("utf-8", errors="replace") for path in files}
    restored = restores.restore(
        base.any_database(), settings, source, known=known, nothing_newer=nothing_newer
    )
    security_log.note(Kind.RESTORED)
    click.echo(f"Restored and verified: {restored.rows} rows, {restored.leaves} leaves of the log.")
    for one in restored.asked:
        told = f"knows {one.size} leaves" if one.size is not None else f"could not be asked: {one.trouble}"
        click.echo(f"Witness {one.witness} {told}.")
    if restored.missing:
        click.echo(f"A checkpoint outside has {restored.missing} leaves more: those are lost.")
    if restored.new_name:
        click.echo(f"The log goes on under the new name {restored.new_name}: give out its key (`log-key`).")
    if restored.paused:
        click.echo(
            f"{restored.paused} webhooks are paused, so that a trial sends nothing: their owners resume them."
        )
    click.echo("The mint goes on with a new key: no code is issued twice. Everybody signs in anew.")


@commands.command("backup-keys")
@click.argument("out", type=_NEW)
@with_appcontext
@plainly
def backup_keys(out: Path) -> None:
    """Write the key folder, encrypted under a passphrase (TRACE_KEY_PASSPHRASE or typed), to OUT.

    In a folder that is there it is named after the moment.
    """
    out = _named(out, "traceability-keys-", ".json")
    passphrase = os.environ.get(_PASSPHRASE) or click.prompt(
        "Passphrase", hide_input=True, confirmation_prompt=True
    )
    count = key_backups.back_up(base.settings().keyring(), out, passphrase)
    security_log.note(Kind.KEYS_BACKED_UP)
    click.echo(f"{out}: {count} files. Keep it apart from the data, and the passphrase apart from both.")


@commands.command("restore-keys")
@click.argument("source", metavar="IN", type=_STANDING)
@with_appcontext
@plainly
def restore_keys(source: Path) -> None:
    """Put the keys of the key backup IN back. Keys that lie there already are never changed."""
    passphrase = os.environ.get(_PASSPHRASE) or click.prompt("Passphrase", hide_input=True)
    count = key_backups.restore(base.settings().keyring(), source, passphrase)
    security_log.note(Kind.KEYS_RESTORED)
    click.echo(f"{count} files of the key folder are in place.")
