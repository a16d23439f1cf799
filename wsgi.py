"""The WSGI entry point: `gunicorn wsgi:app`."""

import os
import sys

from traceability import create_app, installation, serving
from traceability.config import WrongSettings

os.umask(0o077)  # what the server writes is for its own eyes
try:
    app = create_app()
    installation.must_suit(app.extensions["database"], app.extensions["settings"].mode)
except WrongSettings as wrong:
    sys.stderr.write(f"Not started: {wrong}\n")
    raise SystemExit(2) from None
serving.before_fork(app)
