"""Signing in and out, passwords, second factor, and one's own account."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__, url_prefix="/account")
