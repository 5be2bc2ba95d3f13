"""How the activity log tells what happens to accounts and money."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.activity.words import (
    FactWords,
    Group,
    Verb,
    facts,
    register_verbs,
    verbs,
)
from selfservice.core.money import unpacked

# What others than people do: the verb, its words, and who.
BY_OTHERS = (
    ("tax_id_valid", _("knows the tax ID: it is valid"), _("The VAT register")),
    (
        "tax_id_invalid",
        _("doesn't know the tax ID: it is invalid"),
        _("The VAT register"),
    ),
    ("refunded", _("went back to the card"), _("Money")),
    ("invoice_declined", _("declined the payment of an invoice"), _("The bank")),
    (
        "card_change_refused",
        _("refused a change of a payment method"),
        _("The payment provider"),
    ),
    ("refund_refused", _("refused a refund"), _("The payment provider")),
)


def register_all() -> None:
    register_verbs(
        Group.BILLING,
        opened=_("opened a billing account"),
        account_renamed=_("renamed the billing account"),
        sold_to_changed=_("changed the sold-to address"),
        registration_changed=_("changed the registration number"),
        tax_id_changed=_("changed the tax ID"),
        profile_added=_("added a billing profile"),
        profile_renamed=_("renamed a billing profile"),
        bill_to_changed=_("changed the bill-to address"),
        usage_address_changed=_("changed the service usage address"),
        po_number_changed=_("changed the PO number"),
        invoice_mail_changed=_("changed who gets the invoices by email"),
        invoice_paid=_("paid an invoice"),
        card_added=_("added a payment method"),
        card_edited=_("edited a payment method"),
        card_entered_again=_("changed a card's security code"),
        card_deleted=_("deleted a payment method"),
        profile_card_replaced=_("replaced a billing profile's payment method"),
    )
    for name, words, who in BY_OTHERS:
        verbs.register(name, Verb(Group.BILLING, words, who))
    facts.register(
        "money", FactWords(_("Amount"), written=lambda packed: str(unpacked(packed)))
    )
    facts.register("invoice_number", FactWords(_("Invoice number")))
    facts.register("invoice_mail", FactWords(_("Invoices by email"), only_changed=True))
    facts.register(
        "invoice_recipients", FactWords(_("Additional recipients"), only_changed=True)
    )
