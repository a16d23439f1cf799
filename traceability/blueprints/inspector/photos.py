"""Pictures of entries and events, as overseers see them."""

from werkzeug.wrappers import Response

from traceability import photo_pages
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain.actors import Permission


@blueprint.get("/photos/<photo_id>")
@requires(Permission.OVERSEE)
def photo(photo_id: str) -> Response:
    """One picture of a producer within the scope, withdrawn or not."""
    return photo_pages.file(photo_id, withdrawn=True)
