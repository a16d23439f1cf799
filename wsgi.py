"""The WSGI entry point: `gunicorn wsgi:app`."""

import os
import sys

import click

from traceability import create_app, installation, serving
from traceability.config import WrongSettings

os.umask(0o077)  # what the server writes is for its own eyes
try:
    app = create_app()
    by_command = click.get_current_context(silent=True) is not None  # `restore` must be able to start over
    look = installation.must_be_of if by_command else installation.must_suit
    look(app.extensions["database"], app.extensions["settings"].mode)
    if not by_command:
        installation.warn_of_weak_durability(app.extensions["database"], app.extensions["settings"].mode)
except WrongSettings as wrong:
    sys.stderr.write(f"Not started: {wrong}\n")
    raise SystemExit(2) from None
serving.before_fork(app)
