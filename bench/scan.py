"""The scan: CPU, tail and bytes of a stamp's page with the scan recorded, beside bare WSGI on the same gunicorn.

One gunicorn answers everything: the product, the naive variant and static bytes of the page's size. The slices take
turns; CPU is the user and system time of the workers, read from the kernel, so that what the load costs does not count.
"""

import functools
import http.client
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import SQLModel

from bench.runner import Comparison, Contender, Row, benchmark, compare
from tests import stamped
from traceability.config import Mode, Settings
from traceability.db import Database
from traceability.domain import scan_lookup, stamp_codes
from traceability.domain.clock import today
from traceability.domain.stamps import RangeState

CONNECTIONS = 16
SLICE = 1.5
ROUNDS = 5
_AGENT = "Mozilla/5.0 (Linux; Android 14) Mobile"


class Server:
    """A gunicorn of two workers over a fresh province with one lot of 300 active stamps."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        url = f"sqlite:///{folder / 'trace.db'}"
        self.database = Database(url)
        self.database.migrate()
        self.settings = Settings(
            mode=Mode.DEMO,
            database_url=url,
            data_dir=folder,
            key_dir=folder / "keys",
            secret_key=b"a secret that is only good enough for a benchmark",
            public_root=f"http://127.0.0.1:{self.port}",
            port=self.port,
            host="127.0.0.1",
            tile_url="",
        )
        self.lot = stamped.lot(self.database, self.settings.keyring(), quantity=300)
        stamped.put(self.database, self.lot, 0, 299, RangeState.ACTIVE)
        self.codes = [self.lot.code(number) for number in range(300)]
        self.database.close()
        environ = os.environ | {
            "TRACE_MODE": "demo",
            "DATABASE_URL": url,
            "TRACE_DATA_DIR": str(folder),
            "PORT": str(self.port),
            "PYTHONPATH": ".",
        }
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "bench.scan_server:app",
            "--bind",
            f"127.0.0.1:{self.port}",
        ]
        command += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"]
        command += ["--log-level", "error", "--no-control-socket", "--keep-alive", "30"]
        self.process = subprocess.Popen(command, env=environ)
        for _try in range(200):
            try:
                self.size = len(self.page())
                break
            except OSError:
                time.sleep(0.1)

    def page(self, packed: bool = False) -> bytes:
        """The body of one page as it comes over the wire."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"User-Agent": _AGENT} | ({"Accept-Encoding": "gzip"} if packed else {})
        connection.request("GET", f"/s/{self.codes[0]}", headers=headers)
        body = connection.getresponse().read()
        connection.close()
        return body

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
        return [int(pid) for pid in children.split()]

    def cpu_seconds(self) -> float:
        """What the workers have used so far."""
        ticks = 0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def load(port: int, paths: list[str], seconds: float) -> list[float]:
    """Asks for the paths in turn over 16 connections; the latencies in seconds."""
    asked = [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {_AGENT}\r\nAccept: text/html\r\n"
        f"Accept-Language: vi\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        for path in paths
    ]
    latencies: list[float] = []
    turn = 0
    with selectors.DefaultSelector() as selector:
        for _number in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(asked[turn % len(asked)])
            turn += 1
            selector.register(connection, selectors.EVENT_READ, [time.perf_counter(), b""])
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for key, _events in selector.select(0.5):
                connection = key.fileobj  # type: ignore[assignment]
                key.data[1] += connection.recv(1 << 16)
                head, gap, body = key.data[1].partition(b"\r\n\r\n")
                if not gap or len(body) < _length(head):
                    continue
                latencies.append(time.perf_counter() - key.data[0])
                key.data[:] = [time.perf_counter(), b""]
                connection.sendall(asked[turn % len(asked)])
                turn += 1
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return latencies


def _length(head: bytes) -> int:
    return int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])


def _cpu(server: Server, paths: list[str]) -> float:
    """Milliseconds of the workers' CPU per request, the recording of the scans included."""
    before = server.cpu_seconds()
    number = len(load(server.port, paths, SLICE))
    time.sleep(1.0)  # what still waits to be written belongs to this slice
    return (server.cpu_seconds() - before) / number * 1000


def _p99(server: Server, paths: list[str]) -> float:
    return statistics.quantiles(load(server.port, paths, SLICE), n=100)[98] * 1000


@benchmark("scan")
def scans() -> Iterator[Row]:
    """CPU, tail and bytes of the page."""
    folder = Path(tempfile.mkdtemp(prefix="bench-scan-"))
    server = Server(folder)
    try:
        pages = [f"/s/{code}" for code in server.codes]
        bare = [f"/bare/{server.size}"]
        naive = [f"/naive/{code}" for code in server.codes]
        forged = [f"/s/{_forged(code)}" for code in server.codes]
        cpu: Callable[[list[str]], Contender] = lambda paths: Contender(  # noqa: E731
            paths[0].split("/")[1], functools.partial(_cpu, server, paths)
        )
        yield Row.of(
            "scan_cpu", "ms CPU/request", _named(compare(cpu(pages), cpu(bare), ROUNDS), "bare WSGI, static bytes"),
            "page kept ready, scan recorded, gzip; 300 stamps of one lot",
        )  # fmt: skip
        yield Row.of(
            "scan_vs_naive", "ms CPU/request",
            _named(compare(cpu(pages), cpu(naive), 3), "mapped classes and template per request, a commit per scan"),
        )  # fmt: skip
        yield Row.of(
            "scan_p99", "ms",
            _named(
                compare(
                    Contender("page", functools.partial(_p99, server, pages)),
                    Contender("bare", functools.partial(_p99, server, bare)),
                    ROUNDS,
                ),
                "bare WSGI, static bytes",
            ),
            f"{CONNECTIONS} connections",
        )  # fmt: skip
        yield Row.of(
            "scan_forged", "ms CPU/request", _named(compare(cpu(forged), cpu(pages), 3), "the page of a stamp"),
            "no question to the database",
        )  # fmt: skip
        packed = len(server.page(packed=True))
        yield Row.single(
            "wire_bytes", "bytes", packed, server.size, "the plain page", "nothing compressed per request"
        )
    finally:
        server.close()
        shutil.rmtree(folder)


def _forged(code: str) -> str:
    """A code that nobody issued, with a check character that is right."""
    body = code[:-2] + ("0" if code[-2] != "0" else "1")
    return body + stamp_codes.check_character(body)


@benchmark("scan")
def lookup() -> Iterator[Row]:
    """The one question of a scan with 10^7 issued stamps against 10^5; one in a hundred was opened before."""
    folder = Path(tempfile.mkdtemp(prefix="bench-lookup-"))
    try:
        large, small = _issued(folder / "large.db", 10_000_000), _issued(folder / "small.db", 100_000)
        comparison = compare(
            Contender("10^7", functools.partial(_look_up, large, 10_000_000)),
            Contender("10^5", functools.partial(_look_up, small, 100_000)),
            7,
        )
        yield Row.of(
            "lookup_growth", "us/lookup", _named(comparison, "10^5 issued stamps"), "orders of 10,000 stamps"
        )
        large.close()
        small.close()
    finally:
        shutil.rmtree(folder)


def _issued(path: Path, stamps: int, order: int = 10_000) -> Database:
    """A database in which so many stamps were issued, in orders of one lot."""
    from traceability.keys import Keyring

    database = Database(f"sqlite:///{path}")
    database.migrate()
    lot = stamped.lot(database, Keyring(path.parent / path.stem, demo=True), quantity=10)
    tables = SQLModel.metadata.tables
    with database.engine.connect().execution_options(write=True) as connection:
        one = dict(connection.execute(sa.select(tables["stamp_range"])).mappings().one())
        epoch = dict(connection.execute(sa.select(tables["stamp_epoch"])).mappings().one())
        connection.execute(
            sa.insert(tables["stamp_epoch"]), epoch | {"id": "0" * 16, "number": 2, "key_name": "b"}
        )
        ranges = [
            one
            | {
                "id": f"{first:016}",
                "epoch_number": 2,
                "first_serial": first,
                "last_serial": first + order - 1,
            }
            for first in range(0, stamps, order)
        ]
        connection.execute(sa.insert(tables["stamp_range"]), ranges)
        moment = lot.batch.created_at
        opened = [
            {"epoch_number": 2, "serial": serial, "opened": 1, "first_at": moment, "last_at": moment}
            for serial in range(0, stamps, 100)
        ]
        connection.execute(sa.insert(tables["stamp_count"]), opened)
        connection.commit()
    return database


def _look_up(database: Database, stamps: int) -> float:
    """Microseconds of CPU per question, over serials from everywhere."""
    number, day = 3000, today()
    start = time.process_time()
    for turn in range(number):
        assert scan_lookup.look_up(database.rows, 2, turn * 7919 % stamps, day) is not None
    return (time.process_time() - start) / number * 1e6


def _named(comparison: Comparison, base: str) -> Comparison:
    return Comparison(**(comparison.__dict__ | {"base_name": base}))
