"""The addresses of Bills & payments, and the one that Stripe writes to."""

from __future__ import annotations

from django.urls import path

from billing.views import invoices, stripe_webhook

app_name = "billing"
urlpatterns = [
    path("billing/invoices/", invoices.invoices, name="invoices"),
    path("billing/invoices/<uuid:invoice_id>/", invoices.invoice, name="invoice"),
    path(
        "billing/invoices/<uuid:invoice_id>/pdf/",
        invoices.invoice_pdf,
        name="invoice_pdf",
    ),
    path("stripe/webhook/", stripe_webhook.stripe_webhook, name="stripe_webhook"),
]
