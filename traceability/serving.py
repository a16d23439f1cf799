"""Starting the server: what is printed, and the gunicorn that takes the place of the command."""

import gc
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
import qrcode
from flask import Flask

from traceability import metrics
from traceability.config import Settings, WrongSettings

_ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
THREADS = 6
#: For so long (seconds) one thread may keep the others waiting; Python's own 5 ms is felt when scans are written.
SWITCH = 0.001


def must_be_free(settings: Settings) -> None:
    """Demands that nobody listens where the server is to listen: better said now than after a long start.

    Raises `WrongSettings`.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as wrong:
            raise WrongSettings(
                f"Port {settings.port} cannot be used ({wrong.strerror}): choose another one, for example PORT=8080."
            ) from None


def announce(settings: Settings, demo: dict[str, Any] | None) -> None:
    """Prints where the platform is; of a demo also who may sign in and stamps to open; on the network a QR code."""
    click.echo(f"\nServing on {settings.public_root}   (Ctrl+C stops)")
    if demo is not None:
        click.echo(
            "\nDemo sign-ins (made for this folder; all of them: flask --app wsgi traceability demo-data)"
        )
        signs = [("producer", demo["producers"][0]), ("producer", demo["producers"][1])]
        signs += [("inspector", demo["inspector"]), ("data entry", demo["data_entry"])]
        signs += [("administrator", demo["administrator"])]
        for who, sign_in in signs:
            click.echo(f"  {who:14}{sign_in['username']:10}{sign_in['password'] or '(not on file)'}")
        if demo["stamps"]:
            click.echo("\nDemo stamps")
            for state in ("active", "inactive", "void"):
                if state in demo["stamps"]:
                    click.echo(f"  {state:14}{demo['stamps'][state]}")
    if settings.host != "127.0.0.1":
        click.echo("\nScan this with a phone on the same network:")
        code = qrcode.QRCode(border=2)
        code.add_data(settings.public_root)
        code.print_ascii(out=sys.stdout, invert=sys.stdout.isatty())
    click.echo("")


def before_fork(app: Flask) -> None:
    """What must be done once the application is loaded, and before the workers are forked from it."""
    app.extensions["database"].close()  # none may inherit a connection
    gc.collect()
    gc.freeze()  # nothing of the program itself is ever collected: the workers need not walk through it again
    sys.setswitchinterval(SWITCH)


def command(settings: Settings) -> list[str]:
    """The gunicorn that serves: two workers with threads; the application is loaded once and shared."""
    options = ["wsgi:app", "--bind", f"{settings.host}:{settings.port}", "--preload", "--no-control-socket"]
    options += ["--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS)]
    options += ["--config", "python:traceability.gunicorn_hooks"]
    options += ["--timeout", "120", "--graceful-timeout", "10", "--log-level", "warning"]
    if os.access("/dev/shm", os.W_OK):
        options += ["--worker-tmp-dir", "/dev/shm"]  # the heartbeat file must not wait for a disk
    return [sys.executable, "-m", "gunicorn", *options]


def become_gunicorn(settings: Settings) -> NoReturn:
    """Replaces this process by gunicorn."""
    if settings.metrics_address:
        metrics.share()
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(_ROOT)
    os.execv(sys.executable, command(settings))
