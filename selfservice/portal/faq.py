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
            " soon as the payment has gone through."
        ),
    ),
    Question(
        "trial",
        _("Can I try a product first?"),
        _(
            "Many products have a free trial: a month with 25 licenses, once for"
            " your organization. The page of the product says so, and whether a"
            " card is asked for. Nothing is charged before the trial ends."
        ),
    ),
    Question(
        "who",
        _("Who can buy?"),
        _(
            "Everybody with an account of your organization, except guests; it makes no"
            " difference whether the account comes from a directory of its own. Nobody"
            " has to approve it, and nobody else sees your purchases but your"
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
        "price",
        _("Does it cost the same as what my organization buys?"),
        _(
            "Not always: your organization may have agreed on other prices. Here"
            " you pay the price on the page of the product, and Checkout shows the"
            " exact amount with tax before you place the order."
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
        "manage",
        _("Where do I look after what I bought?"),
        _(
            "Your products has every subscription with its licenses, its dates"
            " and its invoices. There you buy or remove licenses, replace the"
            " payment method and cancel."
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
        "central",
        _("Can my organization take over what I bought?"),
        _(
            "An admin can give people licenses that the organization bought"
            " centrally; then you can cancel yours. Nobody has to lose access in"
            " between: assign first, cancel afterwards."
        ),
    ),
    Question(
        "where",
        _("I am an admin. Where do I see the purchases?"),
        _(
            "Under Self-service purchases, with who bought what, who has a"
            " license, the price and the order history. It needs the role of"
            " billing administrator, global administrator or global reader, and it"
            " is read-only."
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
        "support",
        _("Does our IT department have to help with it?"),
        _(
            "No. Whoever bought it asks the support that is named on this page,"
            " and the product's own website has its manuals."
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
