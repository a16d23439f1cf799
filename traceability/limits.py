"""How often may be tried what costs work or could be guessed (signing in, one-time links), and how much a token writes.

Counted in the memory of each process, by the network of the visitor (no single address is kept) or by the token. What
protects an account is another count, in the database: see `traceability.domain.sign_in`.
"""

from flask import Flask, Response, g, request
from flask_limiter import Limiter

from traceability.visitors import network_of

#: A whole office may share one network.
TRIES = "120 per minute"
#: Of one token in one process, over all addresses: a packing line that sends what a day gathered stays below it, a
#: program that runs in a circle does not fill the log by itself.
API_WRITES = "6000 per minute"

limiter = Limiter(key_func=lambda: network_of(request), storage_uri="memory://", headers_enabled=True)
#: Put under `@requires(...)`: sending the form counts, looking at it does not.
tries = limiter.limit(lambda: TRIES, methods=["POST"])
#: What a program writes; the views' `machine_requests.takes` puts it on.
writes = limiter.shared_limit(
    lambda: API_WRITES, scope="api writes", key_func=lambda: str(g.get("machine_token", ""))
)


def init_app(app: Flask) -> None:
    """Wires the limits; tests try as often as they like."""
    app.config["RATELIMIT_ENABLED"] = not app.config["TESTING"]
    # What is added last runs first: the limiter's own stands between these two.
    app.after_request(_told_to_wait_by_limits_only_where_refused)
    limiter.init_app(app)
    app.after_request(_remember_how_long_to_wait)


def _remember_how_long_to_wait(answer: Response) -> Response:
    g.told_to_wait = answer.headers.get("Retry-After")
    return answer


def _told_to_wait_by_limits_only_where_refused(answer: Response) -> Response:
    """The limiter puts `Retry-After` on every answer that it counted, up to the end of its minute. It stands only on
    what a limit refused; other answers keep what they said themselves."""
    if answer.status_code != 429:
        answer.headers.pop("Retry-After", None)
        if g.get("told_to_wait") is not None:
            answer.headers["Retry-After"] = g.told_to_wait
    return answer
