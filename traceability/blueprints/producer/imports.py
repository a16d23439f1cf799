"""Imports from Excel: harvests and the farm diary, each with its template; and harvests as a sheet to take along."""

from werkzeug.wrappers import Response

from traceability import access, import_pages
from traceability.blueprints.producer import blueprint
from traceability.domain import areas, products
from traceability.domain.actors import Permission
from traceability.domain.areas import AreaState
from traceability.domain.clock import today
from traceability.domain.diary import DiaryTask
from traceability.domain.import_books import harvests
from traceability.import_pages import DIARY, HARVESTS
from traceability.sheets import Cell
from traceability.wording import name


@blueprint.route("/batches/import", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_import() -> Response | tuple[str, int]:
    """Takes a sheet of harvests and shows what its rows would come to."""
    return import_pages.look(HARVESTS)


@blueprint.route("/batches/import/confirm", methods=["POST"])
@access.requires(Permission.REGISTER_BATCHES)
def batches_import_confirm() -> Response | tuple[str, int]:
    """Registers the harvests that were looked at."""
    return import_pages.keep(HARVESTS)


@blueprint.get("/batches/import/template")
@access.requires(Permission.REGISTER_BATCHES)
def batches_import_template() -> Response:
    """The template for harvests, with an example of the producer's own."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        area = next((row for row in areas.all_of(session, tenant) if row.state is AreaState.APPROVED), None)
        sold = [row for row in products.all_of(session, tenant) if not area or row.crop_id == area.crop_id]
    example: dict[str, Cell] = {"harvested_on": today(), "kilograms": 1250.5, "picker": "Tổ thu hái 2"}
    example |= {
        "product": sold[0].code if sold else "SP-001",
        "area": area.name if area else "Vùng trồng số 1",
    }
    return import_pages.template(HARVESTS, example)


@blueprint.get("/batches/harvests")
@access.requires(Permission.VIEW_OWN)
def batches_harvests() -> Response:
    """All harvests of the producer as a sheet, which the import reads."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        rows = harvests(session, tenant)
        codes = {row.id: row.code for row in products.all_of(session, tenant)}
        names = {row.id: row.name for row in areas.all_of(session, tenant)}
    return import_pages.harvest_sheet(rows, codes, names)


@blueprint.route("/diary/import", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def diary_import() -> Response | tuple[str, int]:
    """Takes a sheet of diary entries and shows what its rows would come to."""
    return import_pages.look(DIARY)


@blueprint.route("/diary/import/confirm", methods=["POST"])
@access.requires(Permission.RECORD_EVENTS)
def diary_import_confirm() -> Response | tuple[str, int]:
    """Writes the entries that were looked at."""
    return import_pages.keep(DIARY)


@blueprint.get("/diary/import/template")
@access.requires(Permission.RECORD_EVENTS)
def diary_import_template() -> Response:
    """The template for the farm diary."""
    with access.reading() as session:
        grounds = areas.all_of(session, access.current_actor().tenant())
    example: dict[str, Cell] = {"area": grounds[0].name if grounds else "Vùng trồng số 1", "done_on": today()}
    return import_pages.template(DIARY, example | {"task": name(DiaryTask.IRRIGATE), "operator": "Tổ 2"})
