"""The producer's pages: areas, products, batches, stamps. Also used on behalf of a producer without an account."""

from flask import Blueprint

blueprint = Blueprint("producer", __name__, url_prefix="/producer")
