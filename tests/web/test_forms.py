"""What every form does with what it refuses."""

from io import BytesIO

import pytest
from flask import Flask, Response, render_template_string
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from tests.databases import SQLITE_ONLY
from traceability import forms
from traceability.db import Database
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.quantities import Kilograms
from traceability.forms import Form

pytestmark = SQLITE_ONLY

PAGE = """{% import 'macros/forms.html' as forms with context %}
{% call forms.form(form, 'Lưu') %}{{ forms.field(form, 'kilograms', 'Khối lượng') }}{% endcall %}"""


class Weight(BaseModel):
    kilograms: Kilograms


def test_the_list_of_errors_names_each_field(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"kilograms": ""}):
        form = Form(Weight)
        assert not form.valid()
        page = render_template_string(PAGE, form=form)
    assert '<a href="#f-kilograms"><b>Khối lượng:</b> ' in page
    assert page.index("error-summary") < page.index('id="f-kilograms"')


def test_a_refused_form_keeps_what_was_typed(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"kilograms": "<b>nhiều</b>"}):
        form = Form(Weight)
        assert not form.valid()
        page = render_template_string(PAGE, form=form)
    assert "&lt;b&gt;nhiều&lt;/b&gt;" in page


@pytest.mark.parametrize("failures", [1, 2])
def test_an_act_that_the_database_ended_is_tried_once_more_and_loses_nothing(
    app: Flask, database: Database, failures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    tries: list[int] = []

    def use_case(_session: Session, _actor: Actor, _value: Weight) -> str:
        tries.append(1)
        if len(tries) <= failures:
            raise OperationalError("UPDATE", {}, Deadlock())
        return "/x"

    with app.test_request_context("/", method="POST", data={"kilograms": "12,5"}):
        form = Form(Weight)
        saved = form.save(use_case, str, actor=SYSTEM)
        assert (saved, len(tries)) == (failures == 1, 2)
        if not saved:
            page = render_template_string(PAGE, form=form)
            assert 'value="12,5"' in page
            assert "vẫn còn" in page
            monkeypatch.setattr(forms, "render_template", lambda template, **_values: template)
            assert form.page("x.html") == ("x.html", 503)
            assert app.process_response(Response(status=503)).headers["Retry-After"] == "5"


def test_another_picture_under_the_same_name_is_another_thing(app: Flask, database: Database) -> None:
    done: list[bytes] = []

    def sent(picture: bytes) -> None:
        data = {"kilograms": "1", "once": "a-token", "photo": (BytesIO(picture), "image.jpg")}
        with app.test_request_context("/", method="POST", data=data):
            form = Form(Weight)
            form.typed.poplist("once")

            def use_case(_session: Session, _actor: Actor, _value: Weight) -> str:
                upload = form.file("photo")
                assert upload is not None
                done.append(upload.read())
                return "/x"

            assert form.save(use_case, str, actor=SYSTEM)

    for picture in (b"one", b"two", b"two"):
        sent(picture)
    assert done == [b"one", b"two"]
