"""What every form does with what it refuses."""

from flask import Flask, render_template_string
from pydantic import BaseModel

from tests.databases import SQLITE_ONLY
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
