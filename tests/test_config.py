"""Production refuses weak settings in one sentence; a demo needs none."""

import secrets
from pathlib import Path

import pytest

from traceability import config
from traceability.config import Mode, WrongSettings

STRONG = "h7Qv2mXkL9tRw4ZcN8pYb3sFg6JdA1eU"


def production(tmp_path: Path, **changes: str) -> dict[str, str]:
    return {
        "TRACE_MODE": "production",
        "SECRET_KEY": STRONG,
        "TRACE_DATA_DIR": str(tmp_path / "data"),
        "TRACE_KEY_DIR": str(tmp_path / "keys"),
        "PUBLIC_ROOT": "https://tx.example.vn",
    } | changes


def test_good_settings_are_taken(tmp_path: Path) -> None:
    settings = config.load(production(tmp_path))
    assert settings.mode is Mode.PRODUCTION
    assert settings.public_host == "tx.example.vn"


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "dev",
        "a" * 40,
        "secret",
        "change-me-change-me-change-me-change-me",
        "secret-key-secret-key-secret-key-secret",
        "abcdefghijabcdefghijabcdefghijabcdefghij",
        "MyDefaultSecretKey-Replace-It-9f3b2c",
        STRONG[:31],
    ],
)
def test_production_refuses_a_missing_default_or_weak_secret(tmp_path: Path, weak: str) -> None:
    with pytest.raises(WrongSettings, match="SECRET_KEY"):
        config.load(production(tmp_path, SECRET_KEY=weak))


@pytest.mark.parametrize("made", [secrets.token_hex, secrets.token_urlsafe])
def test_a_random_secret_is_strong(tmp_path: Path, made: type) -> None:
    for _turn in range(20):
        config.load(production(tmp_path, SECRET_KEY=made(32)))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"TRACE_KEY_DIR": ""}, "TRACE_KEY_DIR"),
        ({"PUBLIC_ROOT": "http://tx.example.vn"}, "PUBLIC_ROOT"),
        ({"PORT": "0"}, "PORT"),
        ({"TRACE_MODE": "prod"}, "TRACE_MODE"),
    ],
)
def test_each_wrong_setting_is_named(tmp_path: Path, changes: dict[str, str], named: str) -> None:
    with pytest.raises(WrongSettings, match=named):
        config.load(production(tmp_path, **changes))


def test_keys_inside_the_data_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="TRACE_KEY_DIR"):
        config.load(production(tmp_path, TRACE_KEY_DIR=str(tmp_path / "data" / "keys")))


def test_production_refuses_a_key_that_others_may_read(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys/log.key"
    key.write_text("00" * 32)
    key.chmod(0o640)
    with pytest.raises(WrongSettings, match=r"log\.key .* chmod 600"):
        config.load(production(tmp_path))
    key.chmod(0o600)
    assert config.load(production(tmp_path)).mode is Mode.PRODUCTION


def test_a_demo_needs_no_settings_and_keeps_its_keys_to_its_owner(tmp_path: Path) -> None:
    settings = config.load({"TRACE_DATA_DIR": str(tmp_path)})
    assert settings.demo
    key = tmp_path / "keys" / "sign-in.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert config.load({"TRACE_DATA_DIR": str(tmp_path)}).secret_key == settings.secret_key


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("", ""),
        ("9108", "127.0.0.1:9108"),
        (":9108", "127.0.0.1:9108"),
        ("localhost:9108", "127.0.0.1:9108"),
        ("127.0.0.1:9108", "127.0.0.1:9108"),
        ("[::1]:9108", "[::1]:9108"),
        ("unix:/run/m.sock", "unix:/run/m.sock"),
    ],
)
def test_the_address_lies_on_this_machine(tmp_path: Path, given: str, address: str) -> None:
    env = {"TRACE_DATA_DIR": str(tmp_path), "TRACE_METRICS_ADDRESS": given}
    assert config.load(env).metrics_address == address


@pytest.mark.parametrize(
    "given",
    [
        "0.0.0.0:9108",
        "203.0.113.7:9108",
        "[::]:9108",
        "tx.example.vn:9108",
        "x",
        "unix:m",
        "0",
        "123456789",
    ],
)
def test_an_address_that_others_reach_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(WrongSettings, match="TRACE_METRICS_ADDRESS"):
        config.load({"TRACE_DATA_DIR": str(tmp_path), "TRACE_METRICS_ADDRESS": given})


def test_mail_needs_a_server_and_a_sender(tmp_path: Path) -> None:
    env = {"TRACE_DATA_DIR": str(tmp_path)}
    assert config.load(env).mail is None
    found = config.load(
        env | {"TRACE_MAIL": "smtps://u:p@mail.example.vn", "TRACE_MAIL_FROM": "tx@example.vn"}
    ).mail
    assert found is not None
    assert (found.host, found.sender) == ("mail.example.vn", "tx@example.vn")
    assert "u:p" not in repr(found)
    for wrong in ("mail.example.vn", "http://mail.example.vn", "smtp://"):
        with pytest.raises(WrongSettings, match="TRACE_MAIL "):
            config.load(env | {"TRACE_MAIL": wrong, "TRACE_MAIL_FROM": "tx@example.vn"})
    with pytest.raises(WrongSettings, match="TRACE_MAIL_FROM"):
        config.load(env | {"TRACE_MAIL": "smtp://mail.example.vn"})
