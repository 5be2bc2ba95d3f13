"""The only application code that talks to Stripe.

Verbs named after our use, our own frozen dataclasses back, Stripe's errors mapped
to a few of ours. Every write takes the idempotency key that its `StripeOperation`
row was committed with.
"""

from billing.gateway.cards import (
    detach_card,
    read_card,
    read_card_setup,
    read_hosted_card_page,
    start_card_setup,
    start_hosted_card_page,
    update_card,
)
from billing.gateway.catalogue import (
    create_price,
    put_product,
    read_prices,
    read_products,
    restore_price,
    retire_price,
)
from billing.gateway.changes import (
    Feedback,
    add_licenses,
    end_at,
    end_now,
    give_up,
    quote_cancel,
    quote_quantity,
    quote_renewal,
    remove_licenses,
    set_card,
)
from billing.gateway.customers import (
    create_customer,
    find_customer,
    forget_customer,
    read_customer,
    read_default_card,
    set_default_card,
    set_language,
    set_party,
    set_po_number,
)
from billing.gateway.errors import (
    ActionRequired,
    GatewayRejected,
    GatewayUnavailable,
    KeyUsedOtherwise,
    PaymentDeclined,
    decline_sentence,
    decline_sentences,
)
from billing.gateway.events import NotFromStripe, verify_event
from billing.gateway.handover import PaidPeriod, end_for_good, take_over
from billing.gateway.invoices import (
    hosted_invoice_url,
    invoice_ids_of_subscription,
    invoice_of_credit,
    invoice_pdf,
    last_payment_try,
    pay_invoice,
    read_invoice,
    void_invoice,
)
from billing.gateway.patience import in_a_hurry
from billing.gateway.receipts import (
    charges_of_invoice,
    credit_note_pdf,
    credit_notes_of_invoice,
)
from billing.gateway.refunds import (
    find_credit,
    refund_invoice,
    refundable_invoices,
)
from billing.gateway.schedules import (
    read_schedule,
    release_schedule,
    schedule_change,
    set_card_of_schedule,
)
from billing.gateway.shapes import StripePrice, StripeProduct
from billing.gateway.subscriptions import (
    buy_subscription,
    drop_subscription,
    find_subscription,
    quote_purchase,
    read_subscription,
)
from billing.gateway.tax_numbers import (
    add_tax_number,
    drop_tax_number,
    tax_numbers_of,
)
from billing.gateway.trials import (
    end_trial,
    extend_trial,
    keep_after_trial,
    quote_trial_end,
    set_paid_licenses,
    start_trial,
)

__all__ = [
    "ActionRequired",
    "Feedback",
    "GatewayRejected",
    "GatewayUnavailable",
    "KeyUsedOtherwise",
    "NotFromStripe",
    "PaidPeriod",
    "PaymentDeclined",
    "StripePrice",
    "StripeProduct",
    "add_licenses",
    "add_tax_number",
    "buy_subscription",
    "charges_of_invoice",
    "create_customer",
    "create_price",
    "credit_note_pdf",
    "credit_notes_of_invoice",
    "decline_sentence",
    "decline_sentences",
    "detach_card",
    "drop_subscription",
    "drop_tax_number",
    "end_at",
    "end_for_good",
    "end_now",
    "end_trial",
    "extend_trial",
    "find_credit",
    "find_customer",
    "find_subscription",
    "forget_customer",
    "give_up",
    "hosted_invoice_url",
    "in_a_hurry",
    "invoice_ids_of_subscription",
    "invoice_of_credit",
    "invoice_pdf",
    "keep_after_trial",
    "last_payment_try",
    "pay_invoice",
    "put_product",
    "quote_cancel",
    "quote_purchase",
    "quote_quantity",
    "quote_renewal",
    "quote_trial_end",
    "read_card",
    "read_card_setup",
    "read_customer",
    "read_default_card",
    "read_hosted_card_page",
    "read_invoice",
    "read_prices",
    "read_products",
    "read_schedule",
    "read_subscription",
    "refund_invoice",
    "refundable_invoices",
    "release_schedule",
    "remove_licenses",
    "restore_price",
    "retire_price",
    "schedule_change",
    "set_card",
    "set_card_of_schedule",
    "set_default_card",
    "set_language",
    "set_paid_licenses",
    "set_party",
    "set_po_number",
    "start_card_setup",
    "start_hosted_card_page",
    "start_trial",
    "take_over",
    "tax_numbers_of",
    "update_card",
    "verify_event",
    "void_invoice",
]
