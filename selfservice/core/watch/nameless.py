"""Traces without people: what is on a list is sent, all else is left out.

What the instrumentation notes by itself has more than it seems: an address that is
asked for at Stripe has the e-mail in its query, and an error of the database the values
of the row. The packages are the extra `traces`; only `tracing` imports this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status

_KEPT = {
    *("http.method", "http.request.method", "http.route", "http.scheme"),
    *("http.status_code", "http.response.status_code", "http.flavor"),
    *("db.system", "db.system.name", "db.name", "db.namespace", "db.user"),
    # With placeholders: the values are sent beside it.
    *("db.statement", "db.query.text", "db.operation.name"),
    *("error.type", "exception.type"),
}
_ASKED = {"http.url", "url.full"}
# Of an address outside: enough to tell customers from invoices, too little for an id.
_SEGMENTS = 2


class Nameless(SpanExporter):
    """Hands spans on to another exporter, without what may tell who it was about."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_without_people(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _without_people(span: ReadableSpan) -> ReadableSpan:
    attributes = _kept(span.attributes)
    if span.kind is SpanKind.CLIENT:
        asked = (span.attributes or {}).items()
        attributes |= {k: _beginning(str(v)) for k, v in asked if k in _ASKED}
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=[Event(e.name, _kept(e.attributes), e.timestamp) for e in span.events],
        kind=span.kind,
        # Its words are the error's.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {k: v for k, v in (attributes or {}).items() if k in _KEPT}


def _beginning(address: str) -> str:
    parts = urlsplit(address)
    path = "/".join(parts.path.split("/")[: _SEGMENTS + 1])
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
