"""What machines ask: health, and the addresses that scripts and monitors use."""

from flask import Blueprint

blueprint = Blueprint("api", __name__)
