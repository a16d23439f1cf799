"""What a timer runs once a day."""

import click
from flask.cli import with_appcontext

from traceability import daily as rounds
from traceability.cli import base
from traceability.cli.base import commands, plainly


@commands.command()
@with_appcontext
@plainly
def daily() -> None:
    """Tidy up, and send yesterday's digest with the checkpoint of the log. Ends with 1 if a mail was not taken."""
    done = rounds.run(base.database(), base.settings())
    click.echo(f"{done.day}: {done.posted} digests, {done.mailed} mails, checkpoint of {done.size} leaves.")
    gone = ", ".join(f"{table} {rows}" for table, rows in sorted(done.gone.items()) if rows)
    click.echo(f"Past their time and deleted: {gone or 'nothing'}.")
    if done.unmailed:
        click.echo(f"{done.unmailed} mails were not taken; the log says why.", err=True)
        raise SystemExit(1)
