"""The commands: what they print, what they refuse, and that keys and passwords are their owner's alone."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlmodel import select

from tests.databases import SQLITE_ONLY
from traceability import create_app, installation, serving
from traceability.config import Mode, Settings, WrongSettings, load
from traceability.db import Database
from traceability.domain.actors import SYSTEM
from traceability.domain.identifiers import DigitalLink, Malformed, parse_digital_link
from traceability.domain.producers import Producer
from traceability.domain.products import Crop
from traceability.domain.stamps import StampEpoch

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "TRACE_MODE": "production",
    "SECRET_KEY": "q7Rk2mVx9Lw4Tz8Bn5Hc3Jd6Fg1Ys0Pe",
    "PUBLIC_ROOT": "https://tx.example.vn",
}


def run(app: Flask, *words: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=["traceability", *words], input=typed)


def command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as a person types it."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")}
    environment = {
        "TRACE_DATA_DIR": str(folder / "data"),
        "TRACE_KEY_DIR": str(folder / "keys"),
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "traceability", *words],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- a real installation ---------------------------------------------------------------------------------------------


@pytest.fixture
def production(tmp_path: Path) -> Flask:
    """A production application over nothing at all."""
    folders = {"TRACE_DATA_DIR": str(tmp_path / "data"), "TRACE_KEY_DIR": str(tmp_path / "keys")}
    return create_app(load(PRODUCTION | folders))


def test_a_real_installation_begins_with_keys_and_one_administrator_and_no_demo(
    production: Flask, tmp_path: Path
) -> None:
    answer = run(production, "init", typed="An.Admin\nNguyễn An\n")
    assert answer.exit_code == 0, answer.output
    link = re.search(r"https://tx\.example\.vn(/\S+)", answer.output)
    assert link is not None
    page = production.test_client().get(link[1], base_url="https://tx.example.vn")
    assert page.status_code == 200
    keys = list((tmp_path / "keys").iterdir())
    others = {key.stem for key in keys if not key.name.startswith("stamp-epoch-")}
    assert len(keys) == len(others) + 1
    assert others == {"log", "manifest", "totp", "webhooks", "witness"}, "the first key backup holds them all"
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert not any(key.suffix == ".key" for key in (tmp_path / "data").rglob("*"))
    listed = run(production, "user", "list").output
    assert re.findall(r"^\S+", listed, re.M) == ["an.admin"]
    with production.extensions["database"].reading(SYSTEM.scope) as session:
        assert session.exec(select(Producer)).all() == []
        assert len(session.exec(select(Crop)).all()) == 34
        assert [epoch.demo for epoch in session.exec(select(StampEpoch)).all()] == [False]


def test_what_is_asked_of_no_installation_yet_says_how_to_make_one(production: Flask, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    answer = run(production, "user", "list")
    assert answer.exit_code == 2
    assert "run `init`" in answer.output


def test_a_backup_in_a_folder_is_named_after_the_moment(production: Flask, tmp_path: Path) -> None:
    run(production, "init", "--username", "an.admin", "--name", "An")
    for place in ("backups", "keys-elsewhere"):
        (tmp_path / place).mkdir()
    assert run(production, "backup", str(tmp_path / "backups")).exit_code == 0
    typed = "an unlikely passphrase\n" * 2
    assert run(production, "backup-keys", str(tmp_path / "keys-elsewhere"), typed=typed).exit_code == 0
    made = sorted(path.name for path in tmp_path.glob("*/traceability-*"))
    assert re.fullmatch(r"traceability-\d{4}-\d\d-\d\dT\d{6}Z\.tar", made[0])
    assert re.fullmatch(r"traceability-keys-\d{4}-\d\d-\d\dT\d{6}Z\.json", made[1])
    nowhere = run(production, "backup", str(tmp_path / "nowhere/x.tar"))
    assert nowhere.exit_code == 2
    assert "No such file or directory" in nowhere.output


def test_an_installation_is_initialised_once(production: Flask) -> None:
    assert (
        run(production, "init", "--username", "an", "--name", "An").exit_code == 2
    )  # three letters at least
    assert run(production, "init", "--username", "an.admin", "--name", "An").exit_code == 0
    again = run(production, "init", "--username", "b.admin", "--name", "B")
    assert again.exit_code == 2
    assert "initialised already" in again.output


def test_a_lost_password_is_renewed_by_a_new_link(production: Flask) -> None:
    run(production, "init", "--username", "an.admin", "--name", "An")
    link = run(production, "user", "link", "an.admin")
    assert link.exit_code == 0
    assert link.output.startswith("https://tx.example.vn/")
    assert run(production, "user", "link", "nobody").exit_code == 2
    second = run(production, "user", "administrator", "binh.admin", "--name", "Bình")
    assert second.exit_code == 0
    assert run(production, "user", "administrator", "binh.admin", "--name", "Bình").exit_code == 2


def test_a_new_installation_is_not_served_before_init(
    production: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "must_be_free", lambda _settings: None)
    answer = run(production, "serve")
    assert answer.exit_code == 2
    assert "init" in answer.output


def test_a_production_database_is_no_demo_and_tells_no_sign_ins(production: Flask) -> None:
    run(production, "init", "--username", "an.admin", "--name", "An")
    answer = run(production, "demo-data", "--json")
    assert answer.exit_code == 2
    assert "no demo here" in answer.output


@SQLITE_ONLY
def test_a_demo_is_not_initialised(app: Flask) -> None:
    answer = run(app, "init", "--username", "an.admin", "--name", "An")
    assert answer.exit_code == 2
    assert "TRACE_MODE=production" in answer.output


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY"),
        ({"FLASK_DEBUG": "1"}, "Debug"),
        ({"PUBLIC_ROOT": "http://tx.example.vn"}, "PUBLIC_ROOT"),
        ({"TRACE_KEY_DIR": ""}, "TRACE_KEY_DIR"),
    ],
)
def test_production_settings_are_refused_in_one_sentence(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    folders = {"TRACE_DATA_DIR": str(tmp_path / "data"), "TRACE_KEY_DIR": str(tmp_path / "keys")}
    with pytest.raises(WrongSettings, match=words):
        load(PRODUCTION | folders | changes)


def test_wrong_settings_end_the_program_with_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    answer = command(tmp_path, "serve", **PRODUCTION | {"SECRET_KEY": "secret"})
    assert answer.returncode == 2
    assert answer.stderr.startswith("Not started: SECRET_KEY")
    assert len(answer.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_a_demo_database_is_not_opened_in_production(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    database = Database(url)
    database.migrate()
    with database.transaction(SYSTEM) as session:
        installation.decide(session, Mode.DEMO.value)
    database.close()
    answer = command(tmp_path, "migrate", **PRODUCTION | {"DATABASE_URL": url})
    assert answer.returncode == 2
    assert "demo stamps never become real" in answer.stderr


# --- the demo --------------------------------------------------------------------------------------------------------


@SQLITE_ONLY
def test_demo_data_tells_what_is_needed_to_try_the_demo(demo_app: Flask, demo_settings: Settings) -> None:
    answer = run(demo_app, "demo-data", "--json")
    assert answer.exit_code == 0, answer.output
    told: dict[str, Any] = json.loads(answer.output)
    assert len(told["producers"]) == 17
    for sign_in in (*told["producers"], *told["sister_producers"]):
        assert {"name", "username", "password", "token"} <= sign_in.keys()
        assert (sign_in["token"] is not None) is (sign_in["code"] in ("F01", "F02"))
    for sign_in in told["producers"][:2]:
        bearer = {"Authorization": f"Bearer {sign_in['token']}"}
        heard = demo_app.test_client().get("/api/v1/batches", headers=bearer)
        assert heard.status_code == 200
        assert heard.get_json()["items"]
    assert told["producers"][0]["username"] == "dn-f01"
    assert (told["inspector"]["username"], told["data_entry"]["username"]) == ("cq-a02", "cq-a03")
    assert [agency["code"] for agency in told["agencies"]] == [f"A{number:02d}" for number in range(1, 13)]
    assert told["administrator"]["username"] == "quan-tri"
    assert {"active", "inactive", "void", "suspended"} <= told["stamps"].keys()
    for address in told["stamps"].values():
        assert re.fullmatch(re.escape(demo_settings.public_root) + r"/s/[0-9A-HJKMNP-TV-Z]{16}", address)
    links = {case: parse_digital_link(path) for case, path in told["digital_link"].items()}
    assert isinstance(links["exists"], DigitalLink)
    assert isinstance(links["missing"], DigitalLink)
    assert isinstance(links["bad_check_digit"], Malformed)


@SQLITE_ONLY
def test_the_stamps_of_demo_data_are_in_the_state_they_are_named_for(
    demo_app: Flask, demo: dict[str, Any]
) -> None:
    client = demo_app.test_client()
    for state, address in demo["stamps"].items():
        path = "/" + address.split("/", 3)[3]
        answer = client.get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 200
        assert answer.get_json()["state"] == state


@SQLITE_ONLY
def test_the_demo_has_a_stamp_with_a_pin_to_try(demo_app: Flask, demo: dict[str, Any]) -> None:
    told = demo["scratch_pin"]
    assert told["pin"] in run(demo_app, "demo-data").output
    client = demo_app.test_client()
    path = "/" + told["address"].split("/", 3)[3]
    form = f"/stamp-checks/new?code={path.rpartition('/')[2]}"
    assert form in client.get(path).text
    answer = client.post(form, data={"pin": told["pin"]})
    assert answer.status_code == 200
    assert "Mã cào đúng" in answer.text
    assert "kiểm đúng lần đầu lúc" in client.get(path).text


@SQLITE_ONLY
def test_every_demo_account_can_sign_in(demo_app: Flask, demo: dict[str, Any]) -> None:
    people = [demo["administrator"], demo["inspector"], demo["data_entry"], demo["producers"][1]]
    for person in people:
        client = demo_app.test_client()
        typed = {"username": person["username"], "password": person["password"]}
        answer = client.post("/account/sign-in", data=typed)
        assert answer.status_code == 303, person["username"]


@SQLITE_ONLY
def test_the_table_names_every_account(demo_app: Flask, demo: dict[str, Any]) -> None:
    printed = run(demo_app, "demo-data").output
    for sign_in in (*demo["producers"], *demo["sister_producers"], *demo["agencies"], demo["administrator"]):
        assert sign_in["username"] in printed
        assert sign_in["password"] in printed


@SQLITE_ONLY
def test_the_start_says_where_it_is_and_who_may_sign_in(
    demo_settings: Settings, demo: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    serving.announce(demo_settings, demo)
    printed = capsys.readouterr().out
    assert demo_settings.public_root in printed
    assert demo["producers"][0]["password"] in printed
    for state in ("active", "inactive", "void"):
        assert demo["stamps"][state] in printed
    assert "Scan this" not in printed
    serving.announce(replace(demo_settings, host="0.0.0.0"), demo)
    assert "Scan this" in capsys.readouterr().out


def test_a_port_in_use_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = command(tmp_path, "serve", PORT=str(taken.getsockname()[1]))
    assert answer.returncode == 2
    assert "cannot be used" in answer.stderr
    assert not (tmp_path / "data" / "trace.db").exists()


@SQLITE_ONLY
def test_a_demo_that_is_loaded_is_served_within_seconds(demo_settings: Settings, free_port: int) -> None:
    environment = {
        **os.environ,
        "TRACE_MODE": "demo",
        "TRACE_DATA_DIR": str(demo_settings.data_dir),
        "DATABASE_URL": demo_settings.database_url,
        "PORT": str(free_port),
    }
    for name in ("TRACE_KEY_DIR", "SECRET_KEY", "PUBLIC_ROOT", "TRACE_LAN"):
        environment.pop(name, None)
    words = [sys.executable, "-m", "flask", "--app", "wsgi", "traceability", "serve"]
    server = subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/healthz", timeout=5) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert server.poll() is None, server.stdout.read() if server.stdout else ""
                assert time.monotonic() < until
                time.sleep(0.2)
    finally:
        server.send_signal(signal.SIGTERM)
        printed = server.communicate(timeout=20)[0].decode()
    assert f"Serving on http://127.0.0.1:{free_port}" in printed
    assert "dn-f01" in printed
