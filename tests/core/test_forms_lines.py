"""A line of text is one line, and is read as what was stored."""

from __future__ import annotations

import pytest
from django import forms

from selfservice.core.forms import LineField


class Named(forms.Form):
    name = LineField(max_length=20)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Kade 1", "Kade 1"),
        ("Kade\r\nBcc: x@x.nl", "Kade Bcc: x@x.nl"),
        ("Kade\t\x0b1\x85\u2028x", "Kade 1 x"),
        ("Acme \u202egpj.exe", "Acme gpj.exe"),
        ("\u2066Acme\u2069\ufeff \u200b", "Acme"),
        ("  Acme   B.V. ", "Acme B.V."),
        # Persian and Sinhala are written with them.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
    ],
)
def test_what_is_kept(typed: str, kept: str) -> None:
    form = Named({"name": typed})

    assert form.is_valid()
    assert form.cleaned_data["name"] == kept


@pytest.mark.parametrize("typed", ["\u200b", "\r\n\t", "\u202e \u2060", "", "a\x00b"])
def test_what_is_refused(typed: str) -> None:
    assert not Named({"name": typed}).is_valid()


def test_its_length_is_that_of_what_is_kept() -> None:
    assert Named({"name": "x" * 20 + "\u200b" * 9}).is_valid()
    assert not Named({"name": "x" * 21}).is_valid()
