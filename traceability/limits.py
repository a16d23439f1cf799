"""How often one network may try what costs work or could be guessed: signing in, one-time links.

Counted in the memory of each process, by the network of the visitor (no single address is kept). What protects an
account is another count, in the database: see `traceability.domain.sign_in`.
"""

from flask import Flask, request
from flask_limiter import Limiter

from traceability.visitors import network_of

#: A whole office may share one network.
TRIES = "120 per minute"

limiter = Limiter(key_func=lambda: network_of(request), storage_uri="memory://", headers_enabled=True)
#: Put under `@requires(...)`: sending the form counts, looking at it does not.
tries = limiter.limit(lambda: TRIES, methods=["POST"])


def init_app(app: Flask) -> None:
    """Wires the limits; tests try as often as they like."""
    app.config["RATELIMIT_ENABLED"] = not app.config["TESTING"]
    limiter.init_app(app)
