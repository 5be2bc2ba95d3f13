"""Traces: off without an endpoint; on, they say what was done and to nobody's name."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.sandbox_process import ROOT, SandboxProcess

# In a process of its own: what the libraries patch, nobody takes back.
ASK = """
from selfservice import wsgi
from django.db import IntegrityError, connection
from django.test import Client
from opentelemetry import trace
from billing import gateway

Client().get(
    "/help/?q=anna@noordzee.example",
    headers={"User-Agent": "anna's", "X-Forwarded-For": "192.0.2.7"},
)
Client().get("/nothing/of/anna@noordzee.example/")
with connection.cursor() as cursor:
    cursor.execute("CREATE TEMP TABLE people (email text CONSTRAINT one UNIQUE)")
    cursor.execute("INSERT INTO people VALUES (%s)", ["anna@noordzee.example"])
    try:
        cursor.execute("INSERT INTO people VALUES (%s)", ["anna@noordzee.example"])
    except IntegrityError as error:
        assert "anna" in str(error)
gateway.find_customer(email="anna@noordzee.example", own_key="profile", own_value="1")
trace.get_tracer_provider().force_flush()
"""
OFF = """
import gc
import sys
from selfservice import wsgi
assert gc.get_freeze_count() > 10_000, "full collections look at all that was loaded"
print([name for name in sys.modules if "opentelemetry" in name or "prometheus" in name])
"""


class Collector:
    """Takes what is sent by OTLP over HTTP, as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        kept = self.requests = list[ExportTraceServiceRequest]()

        class Talk(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                kept.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quietly."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Talk)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self) -> dict[str, list[Span]]:
        """By name."""
        found: dict[str, list[Span]] = {}
        for request in self.requests:
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        found.setdefault(span.name, []).append(span)
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def run(code: str, **environment: str) -> str:
    settings = {"DJANGO_SETTINGS_MODULE": "selfservice.settings.test"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | settings | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def said_of(span: Span) -> dict[str, str]:
    return {item.key: item.value.string_value for item in span.attributes}


@pytest.mark.slow
def test_a_collector_is_told_what_was_done_and_to_nobody(
    collector: Collector, sandbox_process: SandboxProcess
) -> None:
    run(
        ASK,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        STRIPE_API_BASE=sandbox_process.base,
    )

    spans = collector.spans()
    page = said_of(spans["GET help/"][0])
    asked = said_of(spans["GET"][-1])
    twice = spans["INSERT"][-1]
    service = collector.requests[0].resource_spans[0].resource.attributes
    assert page["http.route"] == "help/"
    assert asked["http.url"] == f"{sandbox_process.base}/v1/customers"
    assert said_of(twice)["db.statement"] == "INSERT INTO people VALUES (%s)"
    assert [item.value.string_value for item in twice.events[0].attributes] == [
        "psycopg.errors.UniqueViolation"
    ]
    assert {"portal-web"} == {
        item.value.string_value for item in service if item.key == "service.name"
    }
    told = "".join(str(request) for request in collector.requests)
    assert not [word for word in ("anna", "192.0.2.7", "127.0.0.1/") if word in told]


def test_what_is_off_is_not_even_loaded() -> None:
    assert run(OFF).splitlines()[-1] == "[]"
