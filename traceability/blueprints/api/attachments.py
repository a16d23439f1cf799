"""Pictures of a batch's history and of its papers, for programs."""

from flask import abort, send_file
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, machine_requests, picture_files
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import AttachmentAnswer
from traceability.domain import evidence_photos, history, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.errors import RuleBroken
from traceability.domain.evidence_photos import EvidencePhoto, PhotoInput
from traceability.domain.history import Event
from traceability.domain.pictures import StoredPicture
from traceability.domain.records import RecordId


class AttachmentInput(PhotoInput):
    """What is seen on the picture, and to which event of the batch it belongs: left out, to its beginning.

    A laboratory's report is an event of the type "test".
    """

    event_id: RecordId | None = None


@blueprint.post("/api/v1/batches/<batch_id>/attachments")
@requires(Permission.RECORD_EVENTS)
@without_form_token
@machine_requests.takes(AttachmentInput, picture="picture")
@machine_requests.answers(AttachmentAnswer)
def batches_attach(batch_id: str) -> Response:
    """A picture of what was done, or of a paper about it; place and camera data in the file are removed."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)

    def attach(
        session: Session, actor: Actor, value: AttachmentInput, stored: StoredPicture
    ) -> EvidencePhoto:
        event = _event(session, batch.id, value.event_id)
        return evidence_photos.add(session, actor, event, stored, PhotoInput(note=value.note))

    folder = access.settings().data_dir / picture_files.EVIDENCE
    return machine_requests.upload(attach, AttachmentAnswer.said, folder)


@blueprint.get("/api/v1/batches/<batch_id>/attachments")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(AttachmentAnswer)
def batches_list_attachments(batch_id: str) -> Response:
    """The pictures of a batch's history, the oldest first."""
    with access.reading() as session:
        records.find(session, Batch, batch_id)
        events = [event.id for event in history.history(session, batch_id)]
    return machine_requests.listed(evidence_photos.of_events(events), EvidencePhoto, AttachmentAnswer.said)


@blueprint.get("/api/v1/attachments/<photo_id>/picture")
@requires(Permission.VIEW_OWN)
@machine_requests.gives_file("image/webp")
def attachments_picture(photo_id: str) -> Response:
    """The picture itself, as WebP."""
    with access.reading() as session:
        photo = records.find(session, EvidencePhoto, photo_id)
    if photo.withdrawn_at is not None:
        abort(404)
    path = picture_files.path_of(photo.sha256, access.settings().data_dir / picture_files.EVIDENCE)
    if path is None or photo.sha256 is None:
        abort(404)
    answer = send_file(path, mimetype="image/webp", etag=photo.sha256)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _event(session: Session, batch_id: str, event_id: str | None) -> Event:
    """The event that was named, or the one with which the batch began."""
    events = history.history(session, batch_id)
    if event_id is None:
        return history.beginning(events)
    found = [event for event in events if event.id == event_id]
    if not found:
        raise RuleBroken("evidence_photos.event_unknown", "event_id")
    return found[0]
