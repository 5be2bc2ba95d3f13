"""Traces for an OpenTelemetry collector, when one is named.

`OTEL_EXPORTER_OTLP_ENDPOINT` turns it on; the packages are the extra `traces`. The
libraries that are traced: Django, psycopg, and the client that calls Stripe.
"""

from __future__ import annotations

from django.conf import settings


def start(service: str) -> None:
    """Begin to trace this process as `service`; without an endpoint nothing.

    Must be called after a fork and before the application is made.
    """
    if settings.TRACES_ENDPOINT:
        _start(service)


def _start(service: str) -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from selfservice.core.watch.nameless import Nameless

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(Nameless(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument()
    PsycopgInstrumentor().instrument()
    RequestsInstrumentor().instrument()
