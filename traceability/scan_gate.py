"""The hot path for printed codes, in front of the framework."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Wires the gate."""
