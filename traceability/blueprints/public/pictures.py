"""Stored pictures, and the cards that links show. Their address changes with them, so an answer is good for ever."""

from flask import abort, request, send_file
from werkzeug.wrappers import Response

from traceability import access, picture_files, share_cards
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue
from traceability.domain.ownership import PUBLIC

_FOREVER = 365 * 24 * 3600
_A_DAY = 24 * 3600


@blueprint.route("/pictures/<string(length=64):sha256>.webp")
@access.requires(access.PUBLIC_VIEW)
def picture(sha256: str) -> Response:
    """One picture; `?small=1` for the small one, `?side=160` for a still smaller one. Reads no database."""
    if sha256.strip("0123456789abcdef"):
        abort(404)
    folder = access.settings().data_dir / picture_files.PUBLIC
    side = _side()
    path = picture_files.path_of(sha256, folder, side)
    if path is None:
        abort(404)
    answer = send_file(
        path, mimetype="image/webp", etag=f"{sha256}-{side}" if side else sha256, max_age=_FOREVER
    )
    answer.headers["Cache-Control"] = f"public, max-age={_FOREVER}, immutable"
    return answer


def _side() -> int | None:
    """The side of the small picture that is asked for; None for the picture itself."""
    if request.args.get("small") == "1":
        return picture_files.SMALL_SIDE
    asked = request.args.get("side", "")
    return next((side for side in picture_files.SIDES if str(side) == asked), None)


@blueprint.route("/share/<code>.jpg")
@access.requires(access.PUBLIC_VIEW)
def share_card(code: str) -> Response:
    """The card of a product for chats and social networks; good for ever where its address says which one."""
    with access.reading(PUBLIC) as session:
        product, producer, _lots = catalogue.product(session, code)
    card = share_cards.of(product, producer)
    answer = send_file(share_cards.file_of(card), mimetype="image/jpeg", etag=card.digest)
    lasting = request.args.get("v") == card.digest
    answer.headers["Cache-Control"] = (
        f"public, max-age={_FOREVER}, immutable" if lasting else f"public, max-age={_A_DAY}"
    )
    return answer
