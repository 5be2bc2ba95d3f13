"""Numbers in sentences."""

import re

import polib
import pytest
from django.conf import settings
from django.template import engines
from django.utils.translation import ngettext_lazy, override

from selfservice.core.numbers import Grouped

SENTENCE = ngettext_lazy("says %(count)s license", "says %(count)s licenses", "count")


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", 1, "says 1 license"),
        ("en", 2500, "says 2,500 licenses"),
        ("nl", 2500, "2.500"),
        ("nl", 1234567, "1.234.567"),
    ],
)
def test_a_sentence_groups_thousands_as_its_reader_does(
    language: str, number: int, said: str
) -> None:
    with override(language):
        assert said in str(SENTENCE % {"count": Grouped(number)})


@pytest.mark.parametrize(("language", "said"), [("en", "2,500"), ("nl", "2.500")])
def test_so_does_a_template(language: str, said: str) -> None:
    template = engines.all()[0].from_string("{{ n }} {{ n|unlocalize }}")

    with override(language):
        assert template.render({"n": 2500}) == f"{said} 2500"


def test_no_sentence_writes_a_number_as_a_machine_does() -> None:
    words = polib.pofile(str(settings.BASE_DIR / "locale/nl/LC_MESSAGES/django.po"))
    plain = [entry.msgid for entry in words if re.search(r"%\(\w+\)d", entry.msgid)]

    years = [text for text in plain if "year" in text]
    assert plain == years, "say %(count)s, with core.numbers.Grouped"
