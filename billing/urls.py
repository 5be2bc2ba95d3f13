"""The addresses of Bills & payments, and the one that Stripe writes to."""

from __future__ import annotations

from django.urls import path

from billing.views import (
    account_edits,
    accounts,
    activity,
    card_changes,
    card_form,
    card_replacing,
    invoice_export,
    invoice_pay,
    invoices,
    payment_methods,
    profile_wizard,
    spend,
    stripe_webhook,
)

app_name = "billing"
ACCOUNT = "billing/accounts/<uuid:account_id>/"
PROFILE = "billing/profiles/<uuid:profile_id>/"
ACCOUNTS = [
    path("billing/accounts/", accounts.accounts, name="accounts"),
    path(ACCOUNT, accounts.account, name="account"),
    path(f"{ACCOUNT}profiles/", accounts.account_profiles, name="account_profiles"),
    path(f"{ACCOUNT}name/", account_edits.account_name, name="account_name"),
    path(f"{ACCOUNT}address/", account_edits.account_address, name="account_address"),
    path(f"{ACCOUNT}tax-id/", account_edits.account_tax_id, name="account_tax_id"),
    path(
        f"{ACCOUNT}registration/",
        account_edits.account_registration,
        name="account_registration",
    ),
    path(
        "billing/address-fields/", account_edits.address_fields, name="address_fields"
    ),
    path("billing/profiles/new/", profile_wizard.start, name="profile_add"),
    path(
        "billing/profiles/new/<uuid:key>/<slug:name>/",
        profile_wizard.step,
        name="profile_step",
    ),
    path(PROFILE, accounts.profile, name="profile"),
    path(f"{ACCOUNT}activity/", activity.account_activity, name="account_activity"),
    path(f"{PROFILE}activity/", activity.profile_activity, name="profile_activity"),
    path(f"{PROFILE}name/", account_edits.profile_name, name="profile_name"),
    path(f"{PROFILE}bill-to/", account_edits.profile_bill_to, name="profile_bill_to"),
    path(f"{PROFILE}usage/", account_edits.profile_usage, name="profile_usage"),
    path(
        f"{PROFILE}po-number/",
        account_edits.profile_po_number,
        name="profile_po_number",
    ),
    path(
        f"{PROFILE}invoices/", account_edits.profile_invoices, name="profile_invoices"
    ),
]
urlpatterns = [
    *ACCOUNTS,
    path("billing/invoices/", invoices.invoices, name="invoices"),
    path(
        "billing/invoices/export.csv", invoice_export.invoices_csv, name="invoices_csv"
    ),
    path("billing/invoices/export/", invoice_export.invoices_zip, name="invoices_zip"),
    path(
        "billing/invoices/export/<uuid:archive_id>/",
        invoice_export.archive,
        name="archive",
    ),
    path(
        "billing/invoices/export/<uuid:archive_id>/zip/",
        invoice_export.archive_zip,
        name="archive_zip",
    ),
    path("billing/invoices/<uuid:invoice_id>/", invoices.invoice, name="invoice"),
    path(
        "billing/invoices/<uuid:invoice_id>/pdf/",
        invoices.invoice_pdf,
        name="invoice_pdf",
    ),
    path(
        "billing/invoices/<uuid:invoice_id>/credits/<uuid:credit_id>/pdf/",
        invoices.credit_pdf,
        name="credit_pdf",
    ),
    path(
        "billing/invoices/<uuid:invoice_id>/pay/",
        invoice_pay.invoice_pay,
        name="invoice_pay",
    ),
    path(
        "billing/invoices/<uuid:invoice_id>/confirm/",
        invoice_pay.confirm,
        name="invoice_confirm",
    ),
    path(
        "billing/payment-methods/",
        payment_methods.payment_methods,
        name="payment_methods",
    ),
    path(
        "billing/payment-methods/add/",
        card_changes.payment_method_add,
        name="payment_method_add",
    ),
    path(
        "billing/payment-methods/entry/<uuid:profile_id>/",
        card_form.card_setup,
        name="card_setup",
    ),
    path(
        "billing/payment-methods/<uuid:method_id>/",
        payment_methods.payment_method,
        name="payment_method",
    ),
    path(
        "billing/payment-methods/<uuid:method_id>/menu/",
        payment_methods.payment_method_menu,
        name="payment_method_menu",
    ),
    path(
        "billing/payment-methods/<uuid:method_id>/edit/",
        card_changes.payment_method_edit,
        name="payment_method_edit",
    ),
    path(
        "billing/payment-methods/<uuid:method_id>/security-code/",
        card_changes.payment_method_security_code,
        name="payment_method_security_code",
    ),
    path(
        "billing/payment-methods/<uuid:method_id>/use/",
        card_replacing.payment_method_use,
        name="payment_method_use",
    ),
    path(
        "billing/payment-methods/<uuid:method_id>/replace/",
        card_replacing.payment_method_replace,
        name="payment_method_replace",
    ),
    path(
        "billing/payment-methods/<uuid:method_id>/delete/",
        card_replacing.payment_method_delete,
        name="payment_method_delete",
    ),
    path("billing/spend/", spend.spend, name="spend"),
    path("stripe/webhook/", stripe_webhook.stripe_webhook, name="stripe_webhook"),
]
