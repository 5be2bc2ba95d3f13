"""The front end's own weight, and that nothing in it needs a laxer policy."""

import re
from pathlib import Path

import brotli
import django_htmx
import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "templates"
# Mail has no policy, and its readers' programs read nothing but inline style.
PAGES = [
    file
    for file in sorted(TEMPLATES.rglob("*.html"))
    if not {"mail", "email"} & set(file.relative_to(TEMPLATES).parts)
]


def compressed(*files: Path) -> int:
    return sum(len(brotli.compress(file.read_bytes(), quality=11)) for file in files)


def test_the_style_sheets_stay_under_10_kilobytes_compressed() -> None:
    assert compressed(*STATIC.glob("css/*.css")) <= 10 * 1024


def test_the_script_of_every_page_stays_under_5_kilobytes_compressed() -> None:
    assert compressed(STATIC / "js/app.js") <= 5 * 1024


def test_a_first_visit_fetches_at_most_60_kilobytes_of_script_and_style() -> None:
    htmx = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"

    assert compressed(htmx, *STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")) <= (
        60 * 1024
    )


def test_all_scripts_stay_under_8_kilobytes_compressed() -> None:
    assert compressed(*STATIC.glob("js/*.js")) <= 8 * 1024


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_no_template_has_inline_script_or_style(file: Path) -> None:
    source = file.read_text("utf-8")

    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|js:|hx-vars", source)
    # JSON in a script element is data: no browser runs it.
    assert not re.search(r'<script(?![^>]*(\ssrc=|\stype="application/json"))', source)


def test_style_sheets_name_no_physical_sides() -> None:
    sides = r"(margin|padding|border)-(left|right)|\s(left|right):|align: (left|right)"

    for file in STATIC.glob("css/*.css"):
        assert not re.search(sides, file.read_text("utf-8")), file.name
