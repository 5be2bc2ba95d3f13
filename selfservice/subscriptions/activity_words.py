"""How the activity log tells what happens to a subscription."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from selfservice.activity.models import Activity
from selfservice.activity.words import FactWords, Group, Verb, facts, verbs
from selfservice.activity.words import register_verbs as register
from selfservice.subscriptions.models import CancelReason


def register_all() -> None:
    _orders()
    _trials()
    _counts()
    _billing()
    facts.register("quantity", FactWords(_("Number of licenses"), only_changed=True))
    facts.register("at_once", FactWords(_("Ended at once")))
    facts.register("reason", FactWords(_("Reason"), values=dict(CancelReason.choices)))
    facts.register("purchaser", FactWords(_("Purchaser"), people=True))


def _orders() -> None:
    register(
        Group.ORDERS,
        bought=ngettext_lazy(
            "bought %(count)s license", "bought %(count)s licenses", "count"
        ),
        given_up=_("ended the subscription, because it was never paid"),
        purchaser_left=_("turned recurring billing off: the purchaser has left"),
        transferred=_("handed the subscription to another purchaser"),
        subscription_given=_("handed a subscription to a colleague"),
        subscription_received=_("took over a colleague's subscription"),
        frequency_scheduled=_("changed the billing frequency from the renewal on"),
        change_undone=_("undid the change at renewal"),
        cancelled=_("canceled the subscription"),
        reactivated=_("reactivated the subscription for a new term"),
        licenses_renewal=ngettext_lazy(
            "renewed with %(count)s license",
            "renewed with %(count)s licenses",
            "count",
        ),
    )
    provider = _("The payment provider")
    orders = {
        "change_refused": (_("refused a change"), provider),
        "transfer_refused": (_("refused to hand it over"), provider),
        "order_declined": (_("declined the payment"), _("The bank")),
        "order_dropped": (_("was dropped, nothing was charged"), _("The order")),
    }
    for name, (words, who) in orders.items():
        verbs.register(name, Verb(Group.ORDERS, words, who))


def _trials() -> None:
    register(
        Group.ORDERS,
        trial_started=ngettext_lazy(
            "started a trial with %(count)s license",
            "started a trial with %(count)s licenses",
            "count",
        ),
        trial_quantity=ngettext_lazy(
            "chose %(count)s license for after the trial",
            "chose %(count)s licenses for after the trial",
            "count",
        ),
        trial_extended=_("extended the trial by one month"),
        trial_converted=_("started the paid subscription before the trial's end"),
        licenses_trial=ngettext_lazy(
            "went on with %(count)s license after the trial",
            "went on with %(count)s licenses after the trial",
            "count",
        ),
    )


def _counts() -> None:
    register(
        Group.COUNT,
        licenses_added=ngettext_lazy(
            "increased the subscription to %(count)s license",
            "increased the subscription to %(count)s licenses",
            "count",
        ),
        licenses_removed=ngettext_lazy(
            "reduced the subscription to %(count)s license",
            "reduced the subscription to %(count)s licenses",
            "count",
        ),
        change_scheduled=ngettext_lazy(
            "scheduled %(count)s license for the renewal",
            "scheduled %(count)s licenses for the renewal",
            "count",
        ),
    )
    said = ngettext_lazy("says %(count)s license", "says %(count)s licenses", "count")
    verbs.register(
        "licenses_outside", Verb(Group.COUNT, said, _("The payment provider"))
    )


def _billing() -> None:
    register(
        Group.BILLING,
        card_replaced=_card_words,
        recurring_on=_("turned recurring billing on"),
        recurring_off=_("turned recurring billing off"),
    )


def _card_words(entry: Activity) -> str | Promise:
    if entry.before.get("card"):
        return _("replaced the payment method")
    return _("chose a payment method")
