"""The shopper's pages: what a stamp says, and the public catalogue. No sign-in, no cookie, no script needed."""

from flask import Blueprint

blueprint = Blueprint("public", __name__)
