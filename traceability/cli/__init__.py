"""Commands: `flask --app wsgi traceability ...`. One module per concept; `base` holds what they share."""

from flask import Flask

from traceability.cli import backups, daily, keys, log, lost_orders, platform, users
from traceability.cli.base import commands

MODULES = (platform, users, log, keys, backups, lost_orders, daily)


def init_app(app: Flask) -> None:
    """Registers the commands."""
    app.cli.add_command(commands)
