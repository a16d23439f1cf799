"""Numbers for a monitor: right ones, and on an address that no visitor reaches."""

import http.client
import json
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from tests.clients import FormClient
from tests.databases import SQLITE_ONLY
from traceability import create_app, gunicorn_hooks, log_keeper, metrics
from traceability.config import Settings
from traceability.db import Database
from traceability.metrics_port import MetricsPort
from traceability.scan_gate import gate

pytestmark = SQLITE_ONLY
ROOT = Path(__file__).resolve().parents[2]
Reader = Callable[[], dict[str, float]]


@pytest.fixture
def watched(settings: Settings, database: Database, tmp_path: Path) -> Flask:
    """An application whose numbers are read at a socket file."""
    app = create_app(replace(settings, metrics_address=f"unix:{tmp_path}/m.sock"), database)
    app.test_client_class = FormClient
    return app


@pytest.fixture
def port(watched: Flask) -> Iterator[MetricsPort]:
    found = MetricsPort(watched)
    assert found.listen()
    yield found
    found.close()


def asked(path: Path, what: str = "/metrics") -> tuple[int, str]:
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    connection.sock.connect(str(path))
    connection.request("GET", what)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.fixture
def numbers(port: MetricsPort, tmp_path: Path) -> Reader:
    def read() -> dict[str, float]:
        status, text = asked(tmp_path / "m.sock")
        assert status == 200
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    return read


def test_requests_are_counted_by_page_outcome_and_time(watched: Flask, numbers: Reader) -> None:
    page = 'trace_requests_total{endpoint="public.products",status="2xx"}'
    took = 'trace_request_seconds_count{audience="public"}'
    before = numbers()
    visitor = watched.test_client()
    visitor.get("/products?q=bí-mật", headers={"User-Agent": "Máy-Của-Tôi"})
    visitor.get("/khong-co-trang-nay")
    after = numbers()
    assert after[page] - before.get(page, 0) == 1
    assert after[took] - before.get(took, 0) == 1
    assert 'trace_requests_total{endpoint="none",status="4xx"}' in after
    assert not any("mật" in name or "Của" in name or "khong-co" in name for name in after)


def test_scans_are_counted_without_a_shared_number_on_their_way(
    watched: Flask, numbers: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = numbers()
    shared = []
    for counter in (metrics._ASKED, metrics._RECORDED, metrics._LOST):
        monkeypatch.setattr(counter, "inc", lambda number, _counter=counter: shared.append(number))
    for _ in range(3):
        assert watched.test_client().get("/s/0000000000000000").status_code == 404
    assert shared == []
    monkeypatch.undo()
    recorder = gate(watched).recorder
    recorder.lost, recorder.recorded, recorder.retries = 7, 5, 2
    after = numbers()

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown("trace_scans_asked_total") == 3
    assert grown("trace_scans_lost_total") == 7
    assert grown("trace_scans_recorded_total") == 5
    assert grown("trace_scan_write_retries_total") == 2
    assert after["trace_scans_waiting"] == 0


def test_the_log_and_its_newest_checkpoint_are_told(
    watched: Flask, settings: Settings, database: Database, numbers: Reader
) -> None:
    assert "trace_checkpoint_age_seconds" not in numbers()
    log_keeper.begin(database, settings)
    with database.engine.connect() as connection:
        log_keeper.publish(connection, settings)
    newest = settings.key_dir / "newest-checkpoint"
    os.utime(newest, (newest.stat().st_mtime - 5000,) * 2)
    told = numbers()
    assert 4990 < told["trace_checkpoint_age_seconds"] < 5060
    assert told["trace_log_leaves"] == told["trace_checkpoint_leaves"] == 0
    assert told["trace_database_up"] == 1
    assert told["trace_data_free_bytes"] > 0


def test_nothing_but_the_numbers_is_at_their_address(port: MetricsPort, tmp_path: Path) -> None:
    assert asked(tmp_path / "m.sock", "/")[0] == 404
    assert asked(tmp_path / "m.sock", "/healthz")[0] == 404
    assert (tmp_path / "m.sock").stat().st_mode & 0o007 == 0


def test_the_numbers_are_never_at_the_public_address(watched: Flask, port: MetricsPort) -> None:
    visitor = watched.test_client()
    for path in ("/metrics", "/metrics/", "/api/v1/metrics", "/inspector/metrics"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "trace_requests" not in answer.text
    assert not any("metrics" in str(rule) for rule in watched.url_map.iter_rules())


def test_one_process_listens_and_another_takes_its_place(
    watched: Flask, port: MetricsPort, tmp_path: Path
) -> None:
    other = MetricsPort(watched)
    assert not other.listen()
    port.close()
    assert (tmp_path / "m.sock").exists()  # as a killed process would leave it
    assert other.listen()
    assert asked(tmp_path / "m.sock")[0] == 200
    other.close()


@pytest.mark.usefixtures("backend")
def test_counts_of_all_processes_are_joined(tmp_path: Path) -> None:
    """In processes of their own, since the library decides at its import how it counts."""
    program = textwrap.dedent(
        """
        import json, os, sys
        from pathlib import Path
        from traceability import metrics
        child = os.fork()
        metrics._RECORDED.inc(3)
        metrics._WAITING.set(2)
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
        mark_process_dead(child)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        lines = generate_latest(registry).decode().splitlines()
        print(json.dumps([line for line in lines if line.startswith("trace_scans_")]))
        """
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ | {metrics.SHARED: str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    lines = json.loads(ran.stdout)
    assert "trace_scans_recorded_total 6.0" in lines
    assert "trace_scans_waiting 2.0" in lines  # what waits in a process that has ended waits no more


@pytest.mark.usefixtures("backend")
def test_the_server_s_hooks_tell_of_workers_that_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(metrics.SHARED, "")
    metrics.share()
    folder = Path(os.environ[metrics.SHARED])
    gone = folder / "gauge_livesum_4711.db"
    gone.touch()
    (folder / "counter_4711.db").touch()
    gunicorn_hooks.child_exit(None, SimpleNamespace(pid=4711))
    assert [path.name for path in folder.iterdir()] == ["counter_4711.db"]
    assert folder.stat().st_mode & 0o077 == 0
    gunicorn_hooks.on_exit(None)
    assert not folder.exists()
