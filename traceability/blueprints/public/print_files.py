"""What a print shop gets without an account: its link, the files once, the signed manifest, the carton label."""

import json

from werkzeug.wrappers import Response

from traceability import (
    access,
    cover_sheets,
    log_keeper,
    mint,
    order_manifests,
    print_files,
    print_room,
    print_streams,
    signatures,
)
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import records, stamp_handoffs, stamp_orders
from traceability.domain.actors import SYSTEM
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.stamp_handoffs import HandoffState
from traceability.domain.stamp_orders import Listed
from traceability.domain.stamp_runs import Keys
from traceability.domain.stamps import FileKind, StampDownload
from traceability.forms import Button, Form
from traceability.labels.packet import Part
from traceability.limits import tries
from traceability.print_files import Made


@blueprint.route("/print/<token>", methods=["GET", "POST"])
@requires(PUBLIC_VIEW)
@tries
def print_file(token: str) -> Response | tuple[str, int]:
    """What the link is for; sending its form uses it up and answers the packet."""
    form = Form(Button)
    if form.valid():
        try:
            return _file(token)
        except RuleBroken as error:
            form.refuse(error)
    download, dossier, producer = _known(token)
    return form.page(
        "public/print_file.html",
        token=token,
        download=download,
        dossier=dossier,
        producer=producer,
        said=json.loads(download.manifest),
        layout=cover_sheets.layout_name(print_room.layout_of(dossier.order)),
        kinds=[kind for kind in FileKind if kind.value in json.loads(download.manifest)],
        state=stamp_handoffs.state_of(download),
        states=HandoffState,
    )


def _file(token: str) -> Response:
    """The packet, or the PDF alone where the link was made when there were no packets."""
    database = access.database()
    keys = mint.epoch_keys(database, access.settings().keyring())
    with database.transaction(SYSTEM) as session:
        download, order = stamp_handoffs.fetch(session, token)
        print_files.must_have_key(order, keys)
    _, dossier, producer = _known(token)
    made = Made.of(order, dossier.batch.lot, keys, download)
    if download.kind is FileKind.PACKET:
        others = [
            *order_manifests.parts(order, download.manifest, download.signature or b""),
            Part.of(f"phieu-{order.number}.pdf", _sheet(dossier, producer, keys, download)),
        ]
        file = print_files.packet_of(made, others)
    else:
        file = print_files.file_of(download.kind, made)
    return print_streams.answer(file, database, SYSTEM, download.id)


@blueprint.get("/print/<token>/manifest.json")
@requires(PUBLIC_VIEW)
def print_file_manifest(token: str) -> Response:
    """The manifest, byte for byte as it was signed."""
    download, dossier, _ = _known(token)
    return _attached(download.manifest.encode(), "application/json", f"{dossier.order.number}.json")


@blueprint.get("/print/<token>/manifest.sig")
@requires(PUBLIC_VIEW)
def print_file_signature(token: str) -> Response:
    """The signature over the manifest: 64 bytes of Ed25519."""
    download, dossier, _ = _known(token)
    return _attached(download.signature or b"", "application/octet-stream", f"{dossier.order.number}.sig")


@blueprint.get("/print/<token>/carton.pdf")
@requires(PUBLIC_VIEW)
def print_file_carton(token: str) -> Response:
    """The label for the carton: first and last code, number of stamps, digests of the files."""
    download, dossier, producer = _known(token)
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    sheet = _sheet(dossier, producer, keys, download)
    return _attached(sheet, "application/pdf", f"phieu-{dossier.order.number}.pdf")


def _sheet(dossier: Listed, producer: Producer, keys: Keys, download: StampDownload) -> bytes:
    """The cover sheet of a hand-off, with the checkpoint of the log when the codes were committed."""
    order_id = dossier.order.id
    checkpoint = log_keeper.checkpoint_when(access.database(), access.settings(), "stamps.ready", order_id)
    return cover_sheets.of_order(dossier, producer, keys, download, checkpoint=checkpoint)


@blueprint.get("/print-key.pem")
@requires(PUBLIC_VIEW)
def print_key() -> Response:
    """The public key of all manifests."""
    pem = signatures.public_pem(access.settings().keyring())
    return _attached(pem, "application/x-pem-file", "print-key.pem")


def _known(token: str) -> tuple[StampDownload, Listed, Producer]:
    """What stands behind a link; whoever has it may know this much. Raises `NotFound`."""
    with access.reading(EVERYTHING) as session:
        download = stamp_handoffs.by_token(session, token)
        dossier = stamp_orders.dossier(session, download.order_id)
        return download, dossier, records.find(session, Producer, download.producer_id)


def _attached(data: bytes, kind: str, name: str) -> Response:
    answer = Response(data, content_type=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
