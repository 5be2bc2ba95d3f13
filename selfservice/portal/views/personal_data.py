"""Your personal data: what is kept about the reader, to read and to take along."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.addresses import address_lines
from selfservice.accounts.requests import person
from selfservice.core import clock, personal
from selfservice.core.csv_export import csv_chunks
from selfservice.core.htmx import HtmxHttpRequest, render_page

# Bytes of a ZIP file that are held in memory; more of them go to a file.
IN_MEMORY = 5_000_000


@never_cache
@require_safe
def personal_data(request: HtmxHttpRequest) -> HttpResponseBase:
    user = person(request)
    asked = personal.Asked(user.organization_id, user.pk)
    parts = [part for told in personal.personal_data.send(asked) for part in told]
    context = {"parts": parts, "support_address": settings.SUPPORT_ADDRESS}
    return render_page(
        request, "portal/personal_data.html", context, partial="personal-data"
    )


@never_cache
@require_safe
def download(request: HtmxHttpRequest, kind: str) -> HttpResponseBase:
    """All of it as one JSON file, or as a ZIP file with a CSV file for each part."""
    user = person(request)
    asked = personal.Asked(user.organization_id, user.pk)
    parts = [part for told in personal.personal_data.send(asked) for part in told]
    if kind == "json":
        return StreamingHttpResponse(
            _in_the_readers_words(_json(parts)),
            content_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
        )
    if kind != "zip":
        raise Http404
    return FileResponse(_zip(parts), as_attachment=True, filename="my-data.zip")


def _in_the_readers_words(pieces: Iterator[str]) -> Iterator[str]:
    """The same language and time zone, also when the request is over."""
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def spoken() -> Iterator[str]:
        while True:
            with translation.override(language), timezone.override(zone):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    return spoken()


def _json(parts: list[personal.Part]) -> Iterator[str]:
    yield f'{{\n"made_at": {_dumped(clock.now())}'
    for part in parts:
        yield f",\n{_dumped(part.name)}: ["
        names = [name for name, _label in part.columns]
        for number, row in enumerate(part.rows):
            line = dict(zip(names, row, strict=True))
            yield ("," if number else "") + "\n  " + _dumped(line)
        yield "\n]"
    yield "\n}\n"


def _dumped(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _zip(parts: list[personal.Part]) -> Any:
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the answer closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for part in parts:
            with bundle.open(f"{part.name}.csv", "w") as member:
                for chunk in csv_chunks(_head(part), _cells(part)):
                    member.write(chunk)
    file.seek(0)
    return file


def _head(part: personal.Part) -> list[str]:
    return [str(label) for _name, label in part.columns]


def _cells(part: personal.Part) -> Iterator[list[object]]:
    words = [part.words.get(name, {}) for name, _label in part.columns]
    for row in part.rows:
        yield [
            _cell(said.get(value, value) if said else value)
            for said, value in zip(words, row, strict=True)
        ]


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return "; ".join(str(each) for each in value)
    if isinstance(value, dict):
        more = (value.get("email"), value.get("tax_id"))
        return "; ".join([*address_lines(value), *filter(None, more)])
    return value
