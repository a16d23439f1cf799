"""Styles, scripts and pictures of the pages, at addresses that change with them: a browser keeps them for a year.

All files share one version, so that what a script imports by a relative address is of the same one.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, send_from_directory
from werkzeug.wrappers import Response

FOLDER = Path(__file__).parent / "static"
_FOREVER = 365 * 24 * 3600


@cache
def version() -> str:
    """What changes with any of the files; worked out once in a process."""
    digest = hashlib.sha256()
    for path in sorted(found for found in FOLDER.rglob("*") if found.is_file()):
        digest.update(f"{path.relative_to(FOLDER).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _serve(of: str, filename: str) -> Response:
    """A file. A page that was opened before an update may ask for the version before: it gets the newest, unkept."""
    answer = send_from_directory(FOLDER, filename)
    if of == version():
        answer.headers["Cache-Control"] = f"public, max-age={_FOREVER}, immutable"
    else:
        answer.headers["Cache-Control"] = "no-cache"
    return answer


def init_app(app: Flask) -> None:
    """Serves the files, and gives `url_for('static', filename=...)` the version."""
    app.add_url_rule("/static/<of>/<path:filename>", "static", _serve)

    @app.url_defaults
    def with_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("of", version())
