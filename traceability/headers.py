"""What every answer tells the browser: a strict content security policy with a nonce, no sniffing, no framing.

In the office pages the language that somebody chose from the header is kept in a cookie; public pages set none.

The nonce is made on first use, because a request may be refused before any hook of ours has run.
"""

import secrets

from flask import Flask, current_app, g, request
from werkzeug.wrappers import Response

from traceability.access import settings
from traceability.i18n import OFFICE_LANGUAGES

#: The audiences that have an account, and therefore cookies.
OFFICE = frozenset({"auth", "producer", "inspector"})
_A_YEAR = 365 * 24 * 3600


def csp_nonce() -> str:
    """The nonce of this request's own styles and scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _policy() -> str:
    nonce = f"'nonce-{csp_nonce()}'"
    tiles = settings().tile_url.split("/{", 1)[0]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {nonce}",
            f"style-src 'self' {nonce}",
            f"img-src 'self' data: blob: {tiles}".rstrip(),
            "font-src 'self'",
            "connect-src 'self'",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def apply(response: Response) -> Response:
    """After every request."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=(), payment=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if settings().over_tls:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    page = request.endpoint != "static" and response.mimetype == "text/html"
    if page or request.blueprint in OFFICE:  # what somebody signed in for is left in no cache, a file neither
        headers.setdefault("Cache-Control", "no-store")
    return response


def keep_language(response: Response) -> Response:
    """After an office page with `?lang=`: the next pages are in that language too."""
    chosen = request.args.get("lang")
    if chosen in OFFICE_LANGUAGES and request.blueprint in OFFICE and response.status_code < 400:
        set_language(response, chosen)
    return response


def set_language(response: Response, language: str) -> None:
    """Keeps a language on this device for a year."""
    name, secure = current_app.config["LANGUAGE_COOKIE_NAME"], settings().over_tls
    response.set_cookie(name, language, max_age=_A_YEAR, samesite="Lax", secure=secure, httponly=True)


def init_app(app: Flask) -> None:
    """Wires the headers and gives templates the nonce."""
    app.after_request(apply)
    app.after_request(keep_language)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
