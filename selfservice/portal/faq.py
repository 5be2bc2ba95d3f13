"""The Self-service purchases FAQ: what people ask, answered for this portal."""

from __future__ import annotations

import dataclasses

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """`key` is its place in the page's address, and never translated."""

    key: str
    question: str | Promise
    answer: str | Promise


QUESTIONS = (
    Question(
        "buy",
        _("How do I buy something?"),
        _(
            "Open Purchase services, choose a product and a plan, say how many licenses"
            " you want and pay with your card at Checkout. The licenses can be used as"
            " soon as the payment went through."
        ),
    ),
    Question(
        "who",
        _("Who can buy?"),
        _(
            "Everybody with an account of your organization, except guests. Nobody has"
            " to approve it, and nobody else sees your purchases but your"
            " organization's admins."
        ),
    ),
    Question(
        "pay",
        _("How do I pay, and who pays?"),
        _(
            "With a credit or debit card, which belongs to whoever buys. Paying on"
            " account isn't possible. Every payment has an invoice under Bills &"
            " payments, with the name and the VAT number of your organization."
        ),
    ),
    Question(
        "assign",
        _("To whom can I give licenses?"),
        _(
            "To people in your organization's directory, yourself included, but not to"
            " guests. Open Licenses, choose the product and press Assign licenses, for"
            " up to 20 people at a time. Taken back, a license is free at once."
        ),
    ),
    Question(
        "admins",
        _("What do my organization's admins see?"),
        _(
            "The product, your name, the number of licenses, who has them, the price,"
            " the dates and the order history. They never see your card or your"
            " address, and they can't change or cancel what you bought."
        ),
    ),
    Question(
        "cancel",
        _("Can I cancel?"),
        _(
            "Within 7 days of the purchase you get a prorated refund and the"
            " subscription ends at once. Later it stays usable until its term ends, and"
            " isn't renewed."
        ),
    ),
    Question(
        "renew",
        _("What happens when the term ends?"),
        _(
            "With recurring billing on, it renews and your card is charged. With it"
            " off, the subscription expires: people keep their licenses for 30 days,"
            " then lose access for 90 days, and after that it is deleted for good."
        ),
    ),
    Question(
        "failed",
        _("What if a payment fails?"),
        _(
            "Nobody loses a license that day. The subscription becomes Past due, and"
            " Home says what to do. At most 30 days later the licenses stop working."
        ),
    ),
    Question(
        "data",
        _("Whose data is it?"),
        _(
            "What people make with a product belongs to your organization, under the"
            " same rules as products that it bought centrally."
        ),
    ),
    Question(
        "leave",
        _("What if the buyer leaves the organization?"),
        _(
            "The subscriptions aren't renewed any more, and people keep their licenses"
            " until the term ends. The admins are told and can have the subscriptions"
            " handed over to a colleague."
        ),
    ),
)
