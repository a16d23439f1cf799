"""Pictures of what was done: sent with an entry of the diary or an event of a batch, and seen again."""

from flask import flash, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, photo_pages, picture_files, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import evidence_photos, records
from traceability.domain.actors import Actor, Permission
from traceability.domain.batches import Batch
from traceability.domain.diary import DiaryEntry
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.evidence_photos import EvidencePhoto, PhotoInput, WithdrawalInput
from traceability.domain.history import Event
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.route("/diary/<entry_id>/photos", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def diary_photos(entry_id: str) -> Response | tuple[str, int]:
    """The pictures of an entry of the diary, and one more."""
    with access.reading() as session:
        entry = records.find(session, DiaryEntry, entry_id)
    back = {"url": url_for("producer.diary", area=entry.area_id), "label": gettext("Farm diary")}
    return _photos(entry, wording.name(entry.task), back, url_for("producer.diary_photos", entry_id=entry_id))


@blueprint.route("/batches/<batch_id>/events/<event_id>/photos", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def batches_photos(batch_id: str, event_id: str) -> Response | tuple[str, int]:
    """The pictures of an event of a batch, and one more."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        event = records.find(session, Event, event_id)
    if event.batch_id != batch.id:
        raise NotFound("Event", event_id)
    back = {"url": url_for("producer.batches_show", batch_id=batch_id), "label": batch.lot}
    here = url_for("producer.batches_photos", batch_id=batch_id, event_id=event_id)
    return _photos(event, wording.name(event.type), back, here)


@blueprint.get("/photos/<photo_id>")
@access.requires(Permission.VIEW_OWN)
def photo(photo_id: str) -> Response:
    """One picture."""
    return photo_pages.file(photo_id)


@blueprint.route("/photos/<photo_id>/withdraw", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def photo_withdraw(photo_id: str) -> Response | tuple[str, int]:
    """Takes a picture back, with a reason."""
    with access.reading() as session:
        photo = records.find(session, EvidencePhoto, photo_id)
        event = records.find(session, Event, photo.event_id) if photo.event_id else None
    if event is not None:
        back = url_for("producer.batches_photos", batch_id=event.batch_id, event_id=event.id)
    else:
        back = url_for("producer.diary_photos", entry_id=photo.diary_entry_id)
    form = Form(WithdrawalInput)

    def withdraw(session: Session, actor: Actor, value: WithdrawalInput) -> EvidencePhoto:
        return evidence_photos.withdraw(session, actor, photo_id, value)

    if form.save(withdraw, lambda _photo: back):
        flash(gettext("The photo is withdrawn."), "success")
        return form.redirect()
    return form.page("producer/photo_withdraw.html", photo=photo, back=back)


def _photos(
    subject: DiaryEntry | Event, what: str, back: dict[str, str], here: str
) -> Response | tuple[str, int]:
    form = Form(PhotoInput)
    if request.method == "POST":
        upload = form.file("photo")
        try:
            if upload is None:
                raise RuleBroken("forms.upload_missing", "photo")
            picture = picture_files.prepare(upload.read(), "photo")
        except RuleBroken as refused:
            form.valid()  # says also what else is wrong
            form.refuse(refused)
        else:
            folder = access.settings().data_dir / picture_files.EVIDENCE

            def add(session: Session, actor: Actor, value: PhotoInput) -> EvidencePhoto:
                photo = evidence_photos.add(session, actor, subject, picture.stored, value)
                picture_files.keep(picture, folder)  # what is refused leaves no file
                return photo

            if form.save(add, lambda _photo: here):
                return form.redirect()
    with access.reading() as session:
        shown = evidence_photos.of_subjects(session, [subject]).get(subject.id, [])
    standing = [photo for photo in shown if photo.withdrawn_at is None]
    full = len(standing) >= evidence_photos.MOST
    return form.page(
        "producer/photos.html", what=what, back=back, photos=shown, full=full, most=evidence_photos.MOST
    )
