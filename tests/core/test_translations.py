"""The Dutch words: whole, up to date, and one word for one thing."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings

CHECKS = settings.BASE_DIR / ".ci" / "checks.py"
# %(name)s with its type, %% and the two brackets of a tag with what stands in it.
KEPT = re.compile(r"%\(\w+\)[a-z]|%%|</?[a-z][^>]*>")
FORBIDDEN = ("betalingsmethode", "mijn producten", "factureringsaccount")
INFORMAL = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)

COMPILE = """
import pathlib, sys
from selfservice.core.translations import compile_translations
compile_translations(pathlib.Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    path = Path(settings.LOCALE_PATHS[0]) / "nl" / "LC_MESSAGES" / "django.po"
    return polib.pofile(str(path))


def pairs(catalogue: polib.POFile) -> Iterator[tuple[str, str]]:
    """Each Dutch sentence with the English one of the same number."""
    for entry in catalogue:
        if entry.msgid_plural:
            yield entry.msgid, entry.msgstr_plural[0]
            yield entry.msgid_plural, entry.msgstr_plural[1]
        else:
            yield entry.msgid, entry.msgstr


def test_the_words_of_the_code_and_of_the_file_are_the_same() -> None:
    extract = runpy.run_path(str(CHECKS))["MESSAGES"]
    done = subprocess.run(
        (*extract, "--check"), cwd=settings.BASE_DIR, capture_output=True, check=False
    )
    assert done.returncode == 0, "run `make messages` and translate what is new"


def test_every_sentence_is_translated_and_none_is_guessed(
    catalogue: polib.POFile,
) -> None:
    unsure = catalogue.untranslated_entries() + catalogue.fuzzy_entries()
    assert [entry.msgid for entry in unsure] == []


def test_placeholders_and_tags_stay_as_they_are(catalogue: polib.POFile) -> None:
    wrong = [
        english
        for english, dutch in pairs(catalogue)
        if sorted(KEPT.findall(english)) != sorted(KEPT.findall(dutch))
    ]
    assert wrong == []


def test_one_thing_has_one_word(catalogue: polib.POFile) -> None:
    texts = [dutch.lower() for _, dutch in pairs(catalogue)]
    assert [text for text in texts for word in FORBIDDEN if word in text] == []


def test_the_reader_is_addressed_formally(catalogue: polib.POFile) -> None:
    texts = [dutch for _, dutch in pairs(catalogue)]
    assert [text for text in texts if INFORMAL.search(text)] == []


def test_no_plural_is_hidden_from_the_extraction() -> None:
    """The tool that collects sentences passes over a `count` that isn't first."""
    hidden = re.compile(r"{% blocktranslate\s+(?!count\b)[^%]*\bcount\s+\w+=")
    templates = (settings.BASE_DIR / "templates").rglob("*.*")

    assert [path.name for path in templates if hidden.search(path.read_text())] == []


def test_processes_that_start_at_once_compile_side_by_side(tmp_path: Path) -> None:
    """As in a fresh clone, where every process of the tests finds none compiled."""
    folder = tmp_path / "nl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = Path(settings.LOCALE_PATHS[0]) / "nl" / "LC_MESSAGES" / "django.po"
    shutil.copy(source, folder)
    start = [sys.executable, "-c", COMPILE, str(tmp_path)]

    started = [subprocess.Popen(start, cwd=settings.BASE_DIR) for _ in range(3)]

    assert [each.wait(60) for each in started] == [0, 0, 0]
    assert {path.name for path in folder.iterdir()} == {"django.po", "django.mo"}
