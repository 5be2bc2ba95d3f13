from django import forms
from django.utils import translation

from selfservice.core.forms import CountField
from selfservice.portal.views.gallery import QuantityForm, SampleForm


class OneField(forms.Form):
    total = forms.IntegerField(max_value=300, help_text="The new total.")

    def clean(self) -> None:
        raise forms.ValidationError("Nothing changed.")


def test_a_field_names_its_help_and_its_error() -> None:
    html = str(OneField({"total": "301"}))

    assert 'aria-describedby="id_total_helptext id_total_error"' in html
    assert 'id="id_total_helptext"' in html
    assert 'id="id_total_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_refused_form_starts_with_a_summary_that_links_to_its_fields() -> None:
    html = str(OneField({"total": "301"}))

    assert '<div class="message bad" role="alert" tabindex="-1">' in html
    assert '<a href="#id_total">Total</a>' in html
    assert "<p>Nothing changed.</p>" in html


def test_a_question_is_no_label_before_a_colon() -> None:
    class Asking(forms.Form):
        reason = forms.CharField(label="Why?")

    html = str(Asking({}))

    assert '<a href="#id_reason">Why?</a> This field' in html


def test_a_limit_is_told_as_people_write_it() -> None:
    class Counting(forms.Form):
        count = CountField(
            max_value=100_000, error_messages={"max_value": "At most %(limit_value)s."}
        )

    with translation.override("nl"):
        html = str(Counting({"count": "100001"}))

    assert "At most 100.000." in html
    assert 'max="100000"' in html


def test_a_form_that_was_not_sent_has_no_summary() -> None:
    assert "role=" not in str(OneField())


def test_what_need_not_be_filled_in_says_so() -> None:
    html = str(SampleForm())

    assert html.count("(optional)") == 2


def test_choices_are_a_group_with_a_legend() -> None:
    html = str(SampleForm()["reason"].as_field_group())

    assert html.startswith('<fieldset class="field" id="id_reason">')
    assert "<legend>Reason</legend>" in html.replace("\n", "")


def test_a_tick_box_has_its_label_after_it() -> None:
    html = str(SampleForm()["terms"].as_field_group())

    assert html.index("<input") < html.index("<label")


def test_no_control_carries_a_style() -> None:
    assert "style=" not in str(SampleForm({})) + str(QuantityForm())
