"""A visitor without a browser: Flask's test client that fills in the hidden token of every form."""

import hashlib
import re
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class FormClient(FlaskClient):
    """Sends forms as a page of ours would. `csrf=False` leaves the token out, as a foreign page would."""

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> TestResponse:
        """As Flask's own, with the token of forms."""
        if csrf and str(kwargs.get("method", "GET")).upper() in _UNSAFE:
            headers = dict(kwargs.pop("headers", None) or {})
            headers.setdefault("X-CSRFToken", self._form_token())
            kwargs["headers"] = headers
        return super().open(*args, **kwargs)

    def _form_token(self) -> str:
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", hashlib.sha1(b"a test's form").hexdigest())
        secret = self.application.secret_key
        assert secret is not None
        signer = URLSafeTimedSerializer(secret, salt="wtf-csrf-token")
        return str(signer.dumps(raw))


def without_tokens(page: str, *told_apart: str) -> str:
    """A page without what differs each time it is made: nonces, tokens of forms, and the texts given."""
    page = re.sub(r'nonce="[^"]+"', "", page)
    page = re.sub(r'name="(csrf_token|once|sealed)" value="[^"]*"', "", page)
    for text in told_apart:
        page = page.replace(text, "")
    return page
