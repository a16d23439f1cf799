"""Traceability platform of a Vietnamese province: from the hectare to the stamp."""

from flask import Flask
from flask_compress import Compress

from traceability import (
    access,
    blueprints,
    cli,
    config,
    errors,
    headers,
    limits,
    logs,
    metrics,
    page,
    request_marks,
    scan_gate,
    security_log,
    share_cards,
    static_files,
)
from traceability.db import Database

MAX_UPLOAD = 10 * 1024 * 1024
#: A drawn boundary of 100,000 corners still gets its own sentence.
MAX_FIELD = 6 * 1024 * 1024


def create_app(settings: config.Settings | None = None, database: Database | None = None) -> Flask:
    """The application: settings, database, the four nets, pages, commands. Nothing is wired anywhere else."""
    settings = settings or config.load()
    if settings.testing:
        logs.prepare()  # who runs the tests listens in its own way
    else:
        logs.begin(machine=not settings.demo)
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TESTING=settings.testing,
        MAX_CONTENT_LENGTH=MAX_UPLOAD,
        MAX_FORM_MEMORY_SIZE=MAX_FIELD,
        MAX_FORM_PARTS=2000,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.over_tls,
        SESSION_COOKIE_NAME=settings.cookie("trace"),
        LANGUAGE_COOKIE_NAME=settings.cookie("lang"),
        REMEMBER_COOKIE_HTTPONLY=True,
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        WTF_CSRF_SSL_STRICT=False,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "application/javascript",
            "text/javascript",
            "image/svg+xml",
        ],
    )
    app.extensions["settings"] = settings
    app.extensions["database"] = database or Database(settings.database_url)
    request_marks.init_app(app)
    metrics.init_app(app)
    access.csrf.init_app(app)
    Compress(app)
    limits.init_app(app)
    access.init_app(app)
    security_log.init_app(app)
    static_files.init_app(app)
    page.init_app(app)
    headers.init_app(app)
    errors.init_app(app)
    blueprints.init_app(app)
    cli.init_app(app)
    share_cards.init_app(app)
    scan_gate.init_app(app)
    return app
