"""The overseers' pages: the agencies' panel, within each agency's scope, and the administrator's room."""

from flask import Blueprint

blueprint = Blueprint("inspector", __name__, url_prefix="/inspector")
