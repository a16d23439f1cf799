"""What stands in the log: lines that a machine reads, and nothing in them that may not be kept."""

import logging

import pytest
import structlog

from tests.listening import Heard
from traceability import logs


@pytest.mark.parametrize(
    "said",
    [
        "from 203.0.113.77 and 2001:db8:1:2::77",
        "from fe80::77ab, ::77ab and [2001:db8::77ab]:443",
        "code abcd1234efgh5678, abcd-1234-efgh-5678 or Abcd 1234 efgh 5678",
        "signed with whsec_aHVzaC1odXNo/aHVzaC1o+HVzaA==",
        "GET /s/ABCD1234EFGH5678 and /01/08930001/21/XYZ99 were odd",
        "code ABCD-1234-EFGH-5678 again",
        "at /account/set-password/Qb3-x_9aQb3-x_9aQb3-x_9aQb3-x_9aQb3-x_9aQb3",
        "token trc_Abc123_-xyz",
        "Authorization: Bearer hush-hush and password=hush-hush",
        "cookie: hush-hush",
        "asked /inspector/search?q=hush-hush&page=2",
        "key 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        'duplicate key value\nDETAIL:  Key (username)=(hush-hush) already exists.',
        "1 error\n  input_value='hush-hush', input_type=str",
        "INSERT failed\n[parameters: ('hush-hush', 1)]\n(Background)",
        "write to nguyen.van.a@example.vn or 0909 123 456 or +84909123456",
    ],
)  # fmt: skip
def test_what_may_not_be_kept_is_taken_out_of_every_line(heard: Heard, said: str) -> None:
    logging.getLogger("some.library").error("it said: %s", said)
    structlog.stdlib.get_logger("traceability.x").warning("odd", told=said, deep=[{"told": said}])
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    own = [line for line in heard.lines if line["logger"] in ("some.library", "traceability.x")]
    assert len(own) == 3  # a thread of an application that another test made may speak in between
    hidden = [
        "203.0.113.77",
        "2001:db8",
        "77ab",
        "abcd",
        "Abcd",
        "5678",
        "aHVzaC",
        "ABCD",
        "XYZ99",
        "Qb3-x",
        "Abc123",
        "hush",
        "0011223",
        "nguyen",
        "123456",
    ]
    hidden.append("123 456")
    assert [word for word in hidden if word in heard.text] == []


def test_ordinary_words_stay(heard: Heard) -> None:
    said = "3 scans wait since 2026-11-24T11:35:33+00:00, test_a_rather_long_name_of_a_function_stays, version 3.11.2"
    said += ", account:0123456789abcdef, at tests/test_x.py::test_b, they have been sent"
    logging.getLogger("traceability.scan_recorder").warning("%s", said)
    assert heard.lines[0]["event"] == said
    assert heard.lines[0]["logger"] == "traceability.scan_recorder"


def test_nobody_writes_a_line_of_its_own(heard: Heard) -> None:
    said = 'x\n{"event": "sign_in.ok", "logger": "security"}\r\n\x1b[2K'
    logging.getLogger("some.library").error("typed: %s", said)
    assert [line["logger"] for line in heard.lines] == ["some.library"]
    assert "\x1b" not in heard.text


def test_the_server_s_own_lines_join_ours(heard: Heard) -> None:
    server = logging.getLogger("gunicorn.error")
    server.addHandler(logging.NullHandler())
    server.propagate = False
    logs.join_server()
    server.warning("Invalid request from ip=203.0.113.77: bad line")
    logging.getLogger("gunicorn.access").info("203.0.113.77 GET /s/ABCD1234EFGH5678")
    [line] = heard.lines
    assert (line["logger"], line["event"]) == ("gunicorn.error", "Invalid request from ip=…: bad line")
