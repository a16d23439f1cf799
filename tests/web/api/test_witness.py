"""Witnesses: another platform cosigns our checkpoints, and never two that do not continue each other."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import databases
from tests.databases import TestDatabases
from traceability import create_app, log_keeper, witnesses
from traceability.config import Settings, Witness, WrongSettings, load
from traceability.db import Database
from traceability.domain import ledger, merkle
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import Checkpoint, Signer, Verifier, read_checkpoint, read_note
from traceability.domain.producers import LegalForm, Producer
from traceability.domain.records import new_id

SEED = bytes(range(32))
LOG = Signer("elsewhere.example/log", SEED)


def grow(database: Database, count: int) -> None:
    with database.transaction(SYSTEM) as session:
        for _ in range(count):
            row = Producer(code=new_id(), name="x", legal_form=LegalForm.COOPERATIVE)
            session.add(row)
            ledger.record(session, "producer.registered", row)


@dataclass
class Pair:
    """Our log, and another platform that witnesses it."""

    database: Database
    settings: Settings
    witness: str


@pytest.fixture
def pair(
    backend: str,
    database: Database,
    settings: Settings,
    test_databases: TestDatabases,
    tmp_path: Path,
    serve: Callable[..., Any],
) -> Iterator[Pair]:
    log_keeper.begin(database, settings)
    (ours,) = log_keeper.vkeys(database, settings)
    with test_databases.fresh(backend) as url:
        other = databases.open_database(url)
        theirs = replace(
            settings,
            database_url=url,
            key_dir=tmp_path / "their-keys",
            witnessed=(ours,),
            port=settings.port + 1,
        )
        served = serve(create_app(theirs, other))
        vkey = log_keeper.witness_key(theirs).cosigning_vkey
        asked = replace(settings, witnesses=(Witness(served.url + "/witness", vkey),))
        yield Pair(database, asked, vkey)
        other.close()


def test_a_witness_cosigns_each_checkpoint_that_continues_the_last(pair: Pair) -> None:
    for count in (1, 1, 5, 0, 300):
        if count:
            grow(pair.database, count)
        (asked,) = witnesses.ask_all(pair.database, pair.settings)
        assert asked.trouble == ""
    with pair.database.engine.connect() as connection:
        note = log_keeper.checkpoint(connection, pair.settings)
    text, signatures = read_note(note)
    key = Verifier(pair.witness)
    assert [one.name for one in signatures if key.verifies(text, one)] == [key.name]
    assert read_checkpoint(note, key).size == asked.size == 307


def test_a_witness_whose_size_was_forgotten_is_asked_from_where_it_stands(pair: Pair) -> None:
    grow(pair.database, 3)
    witnesses.ask_all(pair.database, pair.settings)
    with pair.database.engine.connect().execution_options(write=True) as connection:
        connection.exec_driver_sql("DELETE FROM log_cosignature")
        connection.commit()
    grow(pair.database, 2)
    (asked,) = witnesses.ask_all(pair.database, pair.settings)
    assert asked.size == 5


def test_a_witness_that_is_away_or_lies_is_told_and_nothing_is_kept(pair: Pair) -> None:
    grow(pair.database, 3)
    here = pair.settings.witnesses[0]
    stranger = Signer(Verifier(here.vkey).name, b"2" * 32).cosigning_vkey
    for witness, trouble in (
        (replace(here, address="http://127.0.0.1:9/witness"), "refused"),
        (replace(here, vkey=stranger), "signature is wrong"),
        (replace(here, address=here.address.replace("/witness", "/nowhere")), "404"),
    ):
        (asked,) = witnesses.ask_all(pair.database, replace(pair.settings, witnesses=(witness,)))
        assert asked.size is None
        assert trouble in asked.trouble


def test_a_witness_never_cosigns_a_fork(database: Database, settings: Settings) -> None:
    app = create_app(replace(settings, witnessed=(LOG.vkey,)), database)
    client = app.test_client()
    leaves = [bytes([number]) for number in range(9)]
    forked = [*leaves[:5], b"other", *leaves[6:]]
    nodes: dict[merkle.Node, bytes] = {}
    tree = merkle.Frontier(0, [])
    for number, leaf in enumerate(leaves):
        nodes[merkle.Node(0, number)] = merkle.leaf_hash(leaf)
        nodes |= dict(tree.append(merkle.leaf_hash(leaf)))

    def ask(old: int, some: list[bytes], proof: list[bytes], key: Signer = LOG) -> tuple[int, str]:
        note = key.note(Checkpoint(LOG.name, len(some), merkle.root(some)))
        lines = "".join(merkle_line(node) for node in proof)
        answer = client.post("/witness/add-checkpoint", data=f"old {old}\n{lines}\n{note}")
        return answer.status_code, answer.text

    assert ask(0, leaves[:6], [])[0] == 200
    proof = merkle.consistency(6, 9, nodes)
    assert ask(6, forked, proof)[0] == 422
    assert ask(6, leaves, proof[:-1])[0] == 422
    assert ask(0, leaves, []) == (409, "6\n")
    assert ask(6, leaves[:5], [])[0] == 400
    assert ask(6, leaves, proof, Signer(LOG.name, b"3" * 32))[0] == 403
    assert ask(6, leaves, proof)[0] == 200
    assert ask(9, leaves, [])[0] == 200


def merkle_line(node: bytes) -> str:
    return base64.b64encode(node).decode() + "\n"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"old 1", 400), (b"old x\n\nnote", 400), (b"old -1\n\nnote\n\n- x\n", 400), (b"\xff\xfe", 400),
        (b"old 0\nnot base64!\n\nx\n1\nx\n\n", 400),
        (b"old 0\n\nunknown.example\n1\nAAAA\n\n\xe2\x80\x94 x AAAAAAAA\n", 404),
        (b"old 0\n" + b"AAAA\n" * 70 + b"\nx\n\n", 400), (b"x" * 70_000, 400),
    ],
)  # fmt: skip
def test_a_request_that_is_none_is_refused(client: FlaskClient, body: bytes, status: int) -> None:
    assert client.post("/witness/add-checkpoint", data=body).status_code == status


def test_wrong_settings_of_witnesses_are_named() -> None:
    for name, value in (
        ("TRACE_WITNESSES", "https://w.example/witness"),
        ("TRACE_WITNESSES", f"ftp://w.example {LOG.vkey}"),
        ("TRACE_WITNESSES", "https://w.example nonsense"),
        ("TRACE_WITNESSED", "nonsense"),
    ):
        with pytest.raises(WrongSettings, match=name):
            load({name: value})
    settings = load(
        {"TRACE_WITNESSES": f"https://w.example/witness {LOG.cosigning_vkey}", "TRACE_WITNESSED": LOG.vkey}
    )
    assert settings.witnesses == (Witness("https://w.example/witness", LOG.cosigning_vkey),)
