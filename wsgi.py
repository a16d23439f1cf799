"""The WSGI entry point: `gunicorn wsgi:app`."""

from traceability import create_app

app = create_app()
