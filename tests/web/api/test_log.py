"""The log over HTTP: whoever has only the public key can check every leaf and any two checkpoints."""

import base64
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import SQLModel

from tests.databases import SQLITE_ONLY
from traceability import log_keeper
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import clock, ledger, log_tree, merkle
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import Checkpoint, Verifier, read_checkpoint
from traceability.domain.producers import LegalForm, Producer

SIZE = 270  # more than one tile


@pytest.fixture
def log(database: Database, client: FlaskClient) -> FlaskClient:
    """A log of some hundred leaves, in commits of several sizes."""
    done = 0
    for count in (1, 2, 3, 8, 100, 1, 155):
        with database.transaction(SYSTEM) as session:
            for number in range(done, done + count):
                row = Producer(code=f"F{number}", name=f"F{number}", legal_form=LegalForm.COOPERATIVE)
                session.add(row)
                ledger.record(session, "producer.registered", row, tenant=row.id)
        done += count
    assert done == SIZE
    return client


def read(client: FlaskClient, key: str, address: str = "/log/checkpoint") -> Checkpoint:
    return read_checkpoint(client.get(address).text, Verifier(key))


def key_of(client: FlaskClient) -> str:
    return client.get("/log/key").text.strip()


def decoded(items: list[str]) -> list[bytes]:
    return [base64.b64decode(item) for item in items]


def entries(client: FlaskClient) -> list[bytes]:
    found: list[bytes] = []
    start: str | None = "0"
    while start is not None:
        page = client.get(f"/log/entries?start={start}&count=100").get_json()
        assert [item["index"] for item in page["items"]] == list(
            range(len(found), len(found) + len(page["items"]))
        )
        found += decoded([item["leaf"] for item in page["items"]])
        start = page["next_cursor"]
    return found


def test_a_stranger_checks_every_leaf_against_the_checkpoint(log: FlaskClient) -> None:
    checkpoint = read(log, key_of(log))
    bodies = entries(log)
    assert checkpoint.size == len(bodies) == SIZE
    assert merkle.root(bodies) == checkpoint.root
    for index in (0, 1, 2, 6, 13, 14, 113, 255, 256, SIZE - 1):
        proof = log.get(f"/log/proof/inclusion?index={index}&size={SIZE}").get_json()
        path = decoded(proof["proof"])
        assert merkle.includes(index, SIZE, merkle.leaf_hash(bodies[index]), path, checkpoint.root)


def test_any_two_checkpoints_are_shown_to_be_one_log(log: FlaskClient) -> None:
    key, bodies = key_of(log), entries(log)
    for first, second in ((1, 2), (1, SIZE), (6, 7), (14, 114), (128, 256), (256, SIZE), (SIZE, SIZE)):
        old, new = (read(log, key, f"/log/checkpoint?size={size}") for size in (first, second))
        assert (old.root, new.root) == (merkle.root(bodies[:first]), merkle.root(bodies[:second]))
        proof = decoded(log.get(f"/log/proof/consistency?from={first}&to={second}").get_json()["proof"])
        assert merkle.extends(first, second, old.root, new.root, proof)


def test_a_mirror_builds_the_tree_from_tiles(log: FlaskClient) -> None:
    checkpoint = read(log, key_of(log), "/checkpoint")
    hashes = log.get("/tile/0/000").data + log.get(f"/tile/0/001.p/{SIZE - 256}").data
    tree = merkle.Frontier(0, [])
    for place in range(SIZE):
        tree.append(hashes[place * 32 : place * 32 + 32])
    assert tree.root() == checkpoint.root
    data, leaves = log.get("/tile/entries/000").data, []
    while data:
        length = int.from_bytes(data[:2], "big")
        leaves.append(data[2 : 2 + length])
        data = data[2 + length :]
    assert leaves == entries(log)[:256]
    above = log.get("/tile/1/000.p/1")
    assert above.data == merkle.root(leaves)
    assert "immutable" in above.headers["Cache-Control"]


@pytest.mark.parametrize(
    "address",
    [
        "/tile/0/001", "/tile/0/002", "/tile/0/0", "/tile/0/x000/000", "/tile/0/000.p/0", "/tile/0/000.p/256",
        "/tile/64/000", "/tile/00/000", "/tile/-1/000", "/tile/7/000", "/tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/entries/002", "/tile/entries/%00", "/tile/entries/١٢٣",
    ],
)  # fmt: skip
def test_a_tile_that_is_not_there_is_not_found(log: FlaskClient, address: str) -> None:
    assert log.get(address).status_code in (400, 404)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/log/entries?start=-1", "start"),
        ("/log/entries?start=1&count=0", "count"),
        ("/log/entries?start=١", "start"),
        ("/log/entries?start=" + "9" * 5000, "start"),
        ("/log/proof/inclusion", "index"),
        ("/log/proof/inclusion?index=1e3", "index"),
        (f"/log/proof/inclusion?index={SIZE}&size={SIZE}", None),
        (f"/log/proof/inclusion?index=0&size={SIZE + 1}", None),
        ("/log/proof/consistency?from=0&to=5", "from"),
        ("/log/proof/consistency?from=6&to=5", None),
        (f"/log/proof/consistency?from=6&to={SIZE + 1}", None),
        (f"/log/checkpoint?size={SIZE + 1}", None),
        ("/log/checkpoint?size=x", "size"),
        ("/log/days?before=2026-02-30", "before"),
        ("/log/days?before=yesterday", "before"),
    ],
)
def test_a_question_that_cannot_be_names_its_parameter(
    log: FlaskClient, address: str, field: str | None
) -> None:
    answer = log.get(address)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["error"]["field"] == field
    assert answer.get_json()["detail"] == answer.get_json()["error"]["message"] != ""


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/log/nothing", 404), ("GET", "/log/", 404), ("GET", "/tile/x", 404), ("GET", "/tile/0/001", 404),
        ("POST", "/log/checkpoint", 405), ("PUT", "/log/proof/code", 405), ("DELETE", "/tile/0/000", 405),
        ("GET", "/log/entries?start=0&x=%00", 400),
    ],
)  # fmt: skip
def test_whatever_is_wrong_under_the_log_is_said_as_a_problem(
    client: FlaskClient, method: str, address: str, status: int
) -> None:
    answer = client.open(address, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    said = answer.get_json()
    assert said["status"] == status
    assert said["error"]["message"].endswith(".")
    if status == 405:
        assert "GET" in answer.headers["Allow"]
        assert "Allow" in said["error"]["message"]


def test_each_day_that_is_over_has_its_signed_root(client: FlaskClient, database: Database) -> None:
    key, today = key_of(client), clock.today()
    times = [(9, 8, 0), (9, 23, 59), (8, 0, 0), (8, 0, 0), (2, 0, 1), (0, 0, 0)]  # days ago, hour, minute
    _leaves_at(database, [_ago(today, *one) for one in times])
    answer = client.get("/log/days").get_json()
    assert answer["next_before"] is None
    assert [(item["day"], item["size"]) for item in answer["items"]] == [
        ((today - timedelta(days=days)).isoformat(), size) for days, size in ((2, 5), (8, 4), (9, 2))
    ], "today is not over, and on a day without a leaf nothing changed"
    for item in answer["items"]:
        checkpoint = read(client, key, item["checkpoint"])
        assert (checkpoint.size, base64.b64encode(checkpoint.root).decode()) == (
            item["size"],
            item["root_hash"],
        )
    earlier = client.get(f"/log/days?before={answer['items'][0]['day']}").get_json()["items"]
    assert earlier == answer["items"][1:]


def test_a_leaf_that_says_only_of_what_day_it_is_counts_on_that_day(
    client: FlaskClient, database: Database
) -> None:
    today = clock.today()
    times = [(3, 9, 0), (3, 0, 0), (2, 9, 0)]  # the second stands after the first, and tells no time
    _leaves_at(database, [_ago(today, *one) for one in times])
    assert [item["size"] for item in client.get("/log/days").get_json()["items"]] == [3, 2]


def test_a_long_list_of_days_goes_on(client: FlaskClient, database: Database) -> None:
    today = clock.today()
    _leaves_at(database, [_ago(today, days, 12, 0) for days in range(40, 0, -1)])
    sizes, before = list[int](), ""
    while before is not None:
        page = client.get("/log/days" + (f"?before={before}" if before else "")).get_json()
        sizes += [item["size"] for item in page["items"]]
        before = page["next_before"]
    assert sizes == list(range(40, 0, -1))


def _ago(today: date, days: int, hour: int, minute: int) -> datetime:
    return datetime.combine(today - timedelta(days=days), time(hour, minute), clock.VIETNAM)


def _leaves_at(database: Database, moments: list[datetime]) -> None:
    """Leaves of nothing that were written at these moments."""
    leaf = SQLModel.metadata.tables["log_leaf"]
    with database.engine.connect().execution_options(write=True) as connection:
        standing = log_tree.tail(connection)
        bodies = [f"{place}".encode() for place in range(len(moments))]
        rows = [
            {"position": place, "kind": "x.y", "at": at, "body": body, "leaf_hash": merkle.leaf_hash(body)}
            for place, (at, body) in enumerate(zip(moments, bodies, strict=True), standing[0])
        ]
        connection.execute(sa.insert(leaf), rows)
        log_tree.extend(connection, standing, [merkle.leaf_hash(body) for body in bodies])
        connection.commit()


def test_an_empty_log_has_a_checkpoint(client: FlaskClient) -> None:
    checkpoint = read(client, key_of(client))
    assert (checkpoint.size, checkpoint.root) == (0, merkle.EMPTY_ROOT)


def test_the_name_of_the_log_is_settled_once(app: Flask, settings: Settings, database: Database) -> None:
    log_keeper.begin(database, settings)
    elsewhere = Settings(**(settings.__dict__ | {"public_root": "https://other.example"}))
    log_keeper.begin(database, elsewhere)
    assert log_keeper.vkeys(database, elsewhere) == log_keeper.vkeys(database, settings)


def test_the_newest_checkpoint_given_out_is_remembered_beside_the_key(
    log: FlaskClient, settings: Settings
) -> None:
    note = log.get("/log/checkpoint").text
    assert log_keeper.newest_known(settings.keyring()) == note
    older = log.get("/log/checkpoint?size=5").text
    log_keeper.remember(settings.keyring(), older)
    assert log_keeper.newest_known(settings.keyring()) == note
