"""The files that the operator's guide installs: they parse, agree with each other, and name commands that exist."""

import configparser
import re
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from traceability import config
from traceability.cli.base import commands

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/operating"
GUIDE = (ROOT / "docs/operating.md").read_text()
UNITS = sorted([*FOLDER.glob("*.service"), *FOLDER.glob("*.timer")])
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
_PROGRAM = ["/srv/traceability/.venv/bin/flask", "--app", "wsgi", "traceability"]
_LOGS = re.compile(r"^\s*(access_log|error_log)\s+(.+);", re.MULTILINE)


class _Unit(configparser.RawConfigParser):
    """A unit file: names may repeat, and their case counts."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _unit(path: Path) -> _Unit:
    parsed = _Unit(strict=False, delimiters=("=",), interpolation=None)
    parsed.read_string(path.read_text())
    return parsed


def _said(path: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", path.read_text(), re.MULTILINE)


def _named(text: str) -> Iterator[str]:
    yield from re.findall(r"(?:^|`)traceability +([a-z][a-z-]+)", text, re.MULTILINE)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_one_that_the_guide_installs(path: Path) -> None:
    parsed = _unit(path)
    assert set(parsed.sections()) <= {"Unit", "Service", "Timer", "Install"}
    assert path.read_text().startswith(f"# /etc/systemd/system/{path.name}\n")
    assert f"(operating/{path.name})" in GUIDE
    if path.suffix == ".timer":
        assert path.with_suffix(".service").exists()
        assert parsed["Timer"]["Persistent"] == "true"
        assert parsed["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_runs_a_command_that_exists_as_the_platforms_user(path: Path) -> None:
    service = _unit(path)["Service"]
    (start,) = _said(path, "ExecStart")
    words = shlex.split(start)
    assert words[:4] == _PROGRAM
    command = commands.commands[words[4]]
    needed = [one for one in command.params if isinstance(one, click.Argument)]
    assert len(words) - 5 == len(needed)
    assert (service["User"], service["WorkingDirectory"]) == ("traceability", "/srv/traceability")
    assert (service["EnvironmentFile"], service["UMask"]) == ("/etc/traceability/env", "0077")
    writable = service["ReadWritePaths"].split()
    assert {"/var/lib/traceability", "/etc/traceability/keys"} <= set(writable)
    assert all(Path(word).as_posix() in writable for word in words[5:])
    for folder in writable:
        assert re.search(rf"^install -d -o traceability .*{folder}\b", GUIDE, re.MULTILINE), folder


def test_every_command_of_the_guide_exists() -> None:
    named = set(_named(GUIDE))
    assert {"init", "backup", "restore", "backup-keys", "rotate-key", "witness"} <= named
    assert named <= set(commands.commands)


def test_the_settings_of_the_example_are_accepted_once_there_is_a_secret(tmp_path: Path) -> None:
    lines = [line for line in (FOLDER / "env.example").read_text().splitlines() if not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines)
    assert not {"PORT", "TRACE_METRICS_ADDRESS"} & set(settings), "they would win over the units"
    assert settings["TRACE_DATA_DIR"] == "/var/lib/traceability"
    with pytest.raises(config.WrongSettings, match="SECRET_KEY"):
        config.load(settings)
    settings |= {"TRACE_KEY_DIR": str(tmp_path), "SECRET_KEY": secrets.token_urlsafe(48)}
    assert not config.load(settings).demo


def test_each_instance_has_its_own_port_and_nginx_knows_both() -> None:
    service = FOLDER / "traceability@.service"
    assert "PORT=%i" in _said(service, "Environment")
    ports = set(re.findall(r"server 127\.0\.0\.1:(\d+)", (FOLDER / "nginx.conf").read_text()))
    enabled = re.search(r"enable --now (traceability@.*)", GUIDE)
    assert enabled is not None
    assert ports == set(re.findall(r"@(\d+)", enabled[1]))


def test_nginx_logs_no_visitor() -> None:
    """Both lines in every server block: at the level above they would be added to the logs of nginx.conf."""
    text = (FOLDER / "nginx.conf").read_text()
    blocks = re.findall(r"^server \{.*?^\}", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        logs = dict(_LOGS.findall(block))
        assert logs == {"access_log": "off", "error_log": "/var/log/nginx/error.log emerg"}
    assert all(f"proxy_set_header {name} " in text for name in ("Host", "X-Forwarded-For", "X-Request-ID"))


def test_postgresql_keeps_what_was_acknowledged() -> None:
    lines = [line for line in (FOLDER / "postgresql.conf").read_text().splitlines() if " = " in line]
    settings = dict(line.split(" = ", 1) for line in lines if not line.startswith("#"))
    for name in ("fsync", "synchronous_commit", "full_page_writes", "archive_mode"):
        assert settings[name] == "on"


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here")
def test_nginx_reads_its_file(tmp_path: Path) -> None:
    text = (
        (FOLDER / "nginx.conf").read_text().replace("/var/log/nginx/error.log", str(tmp_path / "error.log"))
    )
    text = re.sub(r"listen (\[::\]:)?443 ssl;", r"listen \g<1>8443;", text)  # it would open the certificate
    text = re.sub(r"^\s*ssl_certificate.*$", "", text, flags=re.MULTILINE)
    outer = tmp_path / "nginx.conf"
    outer.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{text}\n}}\n")
    done = subprocess.run(["nginx", "-t", "-c", str(outer)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_script_reads_as_shell() -> None:
    script = FOLDER / "traceability"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
