"""Addresses that no printer ever made: each gets a short page that helps, and none is ever an error of ours.

The requests go in as gunicorn hands them on: the raw target beside the decoded path.
"""

import gzip
import re
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot

pytestmark = SQLITE_ONLY

GTIN = "09520001000010"
#: Where something can be put into an address.
PLACES = (
    "/{}", "/s/{}", "/S/{}", "/s?code={}", "/01/{}", "/01/" + GTIN + "/10/{}", "/01/" + GTIN + "/21/{}",
    "/01/" + GTIN + "?linkType={}", "/01/" + GTIN + "/{}", "/414/{}", "/414/9520001000010/254/{}", "/417/{}",
    "/eh{}", "/ex{}", "/.well-known/{}", "/lots/{}/{}", "/lots/SP1/{}", "/as-packed/SP1/{}", "/products/{}",
    "/products?q={}", "/producers/{}", "/doubts/{}", "/doubts/new?code={}", "/pictures/{}.webp", "/share/{}.jpg",
    "/papers/{}", "/?lang={}", "/static/{}",
)  # fmt: skip
BAD = {
    "nothing": "",
    "a broken escape": "%",
    "half an escape": "%4",
    "an escape of no digits": "%zz",
    "NUL": "%00",
    "a NUL in a code": "ABCD%00EFGH",
    "a line for the headers": "x%0d%0aSet-Cookie:%20a=b",
    "encoded twice": "%252F%252e%252e%25",
    "encoded thrice": "%25252F",
    "the folder above": "..%2f..%2f..%2fetc%2fpasswd",
    "the folder above, plainly": "../../../etc/passwd",
    "the folder above of Windows": "..%5c..%5cwindows",
    "dots alone": "%2e%2e",
    "too long a slash": "%c0%af",
    "letters of another encoding": "t%E1%BB%ABm%E1",
    "half a letter": "%E1%BB",
    "half a pair": "%ED%A0%80",
    "digits of Arabic": "%D9%A0%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6%D9%A7%D9%A8%D9%A9",
    "wide digits": "%EF%BC%90%EF%BC%91",
    "wide letters": "%EF%BC%A1%EF%BC%A2%EF%BC%A3",
    "writing from right to left": "%E2%80%AE1234",
    "nothing to be seen": "%E2%80%8B%EF%BB%BF",
    "a letter in two pieces": "a%CC%81",
    "a mark for people": "%F0%9F%8D%8A",
    "longer than any code": "9" * 3000,
    "longer than any address that the server takes": "A" * 4000,
    "many steps": "a/" * 900,
    "empty steps": "////",
    "a second question": "a?b?c=d&&=&=x&%",
    "semicolons": ";a=b;c",
    "markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "quotes": "%22%27%60",
    "a template": "%7B%7B7*7%7D%7D",
    "SQL": "'%20OR%201=1--",
    "a number below all": "-1",
    "a number above all": "18446744073709551616",
    "powers": "1e999",
}
HEADERS = (
    {"Accept": ""}, {"Accept": ";q=x,,*/*;q=2"}, {"Accept-Language": "%00, *;q=-1, " + "vi," * 3000},
    {"Accept-Language": "\xff\xfe"}, {"Accept-Encoding": "gzip;q=nan, \x7f"}, {"User-Agent": "\xff" * 900},
    {"X-Forwarded-For": "not an address, , %"}, {"X-Forwarded-For": "::ffff:1.2.3.4"}, {"Range": "bytes=9-1,-"},
    {"If-None-Match": '"'}, {"Sec-Purpose": "\xff"}, {"Cookie": "trace=%00; =; lang=xx"}, {"Host": "evil.example"},
)  # fmt: skip


def ask(app: Flask, target: str, method: str = "GET", **headers: str) -> tuple[int, str, Any]:
    """The answer to a raw target: status, body, headers."""
    path, _question, query = target.partition("?")
    environ = EnvironBuilder(method=method, headers=headers or None).get_environ()
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    environ["QUERY_STRING"] = query
    environ["RAW_URI"] = target
    body, status, answered = run_wsgi_app(app.wsgi_app, environ, buffered=True)
    data = b"".join(body)
    if answered.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    return int(status.split()[0]), data.decode("utf-8", "replace"), answered


def must_help(target: str, answer: tuple[int, str, Any]) -> None:
    status, page, headers = answer
    assert status < 500, (status, target[:200])
    assert "\r" not in str(headers.get("Location", "")), target[:200]
    assert "Set-Cookie: a" not in str(headers), target[:200]
    assert "<script>alert" not in page, target[:200]
    assert "root:" not in page, target[:200]
    if status >= 400 and headers["Content-Type"].startswith("text/html"):
        assert len(page) < 40_000, (len(page), target[:200])
        assert len(re.findall(r"<h1[ >]", page)) == 1, target[:200]
        assert 'href="/' in page, "a way to go on"


def test_a_bad_address_gets_a_short_page_that_helps(app: Flask, lot: Lot) -> None:
    for kind, bad in BAD.items():
        for place in PLACES:
            target = place.replace("{}", bad)
            must_help(f"{kind}: {target}", ask(app, target))
        for place in ("/01/{}", "/01/" + GTIN + "/10/{}"):
            target = place.replace("{}", bad)
            for method in ("HEAD", "OPTIONS", "POST", "TRACE"):
                assert ask(app, target, method)[0] < 500, (kind, method, target[:200])


def test_bad_headers_are_no_error_either(app: Flask, lot: Lot) -> None:
    for path in (f"/s/{lot.code(0)}", "/s/KHONGCO", f"/01/09520001000010/21/{lot.code(0)}", "/", "/products"):
        for headers in HEADERS:
            assert ask(app, path, **headers)[0] < 500, (path, headers)


_PIECES = st.one_of(
    st.sampled_from([*BAD.values(), GTIN, "01", "10", "21", "s", "S", "eh", "/", "//", "?", "&", "=", "#"]),
    st.binary(max_size=12).map(lambda data: quote_from_bytes(data, safe="")),
    st.text(max_size=12).map(
        lambda text: quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="/?&=")
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.lists(_PIECES, min_size=1, max_size=6).map("".join))
def test_no_address_at_all_is_an_error_of_ours(app: Flask, lot: Lot, place: str, said: str) -> None:
    target = place.replace("{}", said)
    must_help(target, ask(app, target))


def test_what_is_wrong_with_a_code_is_pointed_at_and_never_put_right(app: Flask, lot: Lot) -> None:
    code = lot.code(0)
    wrong = code[:5] + ("7" if code[5] != "7" else "1") + code[6:]
    for typed in (wrong, code[:-1] + "U", code[:-1], "%EF%BC%91" + code[1:]):
        status, page, _headers = ask(app, f"/s?code={typed}")
        assert status == 422, typed
        assert code not in page
        status, page, _headers = ask(app, f"/s/{typed}")
        assert status == 404
        assert code not in page
