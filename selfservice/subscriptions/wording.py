"""The sentences that say what happens to a subscription, and what happened."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.catalog.models import Frequency, Plan
from selfservice.core import clock
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import lapses_at
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.ending import CancelPreview


def frequency_words(plan: Plan) -> str:
    """What an amount is for."""
    return _("per year") if plan.frequency == Frequency.YEARLY else _("per month")


def next_sentence(
    subscription: Subscription, state: str
) -> tuple[dt.datetime | None, str]:
    """The next date of a subscription and what happens on it."""
    if state == lifecycle.PENDING:
        return lapses_at(subscription), _("Lapses unless the payment is confirmed")
    if state in {lifecycle.EXPIRED, lifecycle.PAST_DUE}:
        return lifecycle.disabled_from(subscription), _("Access ends")
    if state in {lifecycle.DISABLED, lifecycle.DELETED}:
        deleted_at = lifecycle.disabled_from(subscription) + lifecycle.DISABLED_LASTS
        return deleted_at, _("Deleted for good")
    if state == lifecycle.TRIAL:
        return subscription.term_end, _trial_ends(subscription)
    if not subscription.recurring_billing:
        return subscription.term_end, _("Expires")
    if subscription.term_end is not None and subscription.term_end <= clock.now():
        return subscription.term_end, _("Renewal in progress")
    count = subscription.scheduled_quantity or subscription.quantity
    return subscription.term_end, ngettext(
        "Renews with %(count)d license", "Renews with %(count)d licenses", count
    ) % {"count": count}


def _trial_ends(subscription: Subscription) -> str:
    if not subscription.recurring_billing:
        return _("Trial ends")
    return ngettext(
        "Trial ends, then %(count)d license",
        "Trial ends, then %(count)d licenses",
        subscription.paid_quantity,
    ) % {"count": subscription.paid_quantity}


def checking_sentence() -> str:
    """What is said while Stripe's answer is unknown."""
    return _(
        "We're checking with the payment provider. The page shows the result as soon"
        " as it is known."
    )


def cancel_sentence(preview: CancelPreview) -> list[str]:
    """What this cancel does, with its dates and amounts."""
    subscription = preview.subscription
    name = subscription.product.name
    if preview.at_once:
        gone = _(
            "%(product)s is disabled today: nobody can use it from now on. It is"
            " deleted for good on %(day)s."
        ) % {
            "product": name,
            "day": format_day(preview.until + lifecycle.DISABLED_LASTS),
        }
        return [gone, _refund_words(preview)]
    until = format_day(preview.until)
    if subscription.trial_end is not None and subscription.trial_end == preview.until:
        return [
            _("The trial ends on %(day)s, and nothing is charged.") % {"day": until}
        ]
    sentences = [
        _(
            "Recurring billing goes off. %(product)s can be used until %(day)s, and you"
            " can take this back until then."
        )
        % {"product": name, "day": until},
        _("Nothing is refunded, because the first 7 days of the term are over."),
    ]
    if subscription.plan.billing_months < subscription.plan.term_months:
        sentences.append(
            _("You keep being charged each month until %(day)s.") % {"day": until}
        )
    return sentences


def cancelled_sentence(preview: CancelPreview, outcome: Outcome) -> str:
    """What Save did."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    if preview.at_once:
        return f"{_('The subscription is canceled.')} {_refund_words(preview)}"
    return _("The subscription is canceled. It can be used until %(day)s.") % {
        "day": format_day(preview.until)
    }


def recurring_sentence(subscription: Subscription, outcome: Outcome) -> str:
    """What Save did to recurring billing."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    term_end = subscription.term_end
    assert term_end is not None  # noqa: S101  only paid ones have the pane
    if subscription.recurring_billing:
        return _("Recurring billing is on. It renews on %(day)s.") % {
            "day": format_day(term_end)
        }
    return _("Recurring billing is off. It can be used until %(day)s.") % {
        "day": format_day(term_end)
    }


def _refund_words(preview: CancelPreview) -> str:
    if preview.refund is None:
        return _("Nothing was paid, so nothing goes back.")
    return _("%(amount)s goes back to %(card)s.") % {
        "amount": preview.refund,
        "card": preview.subscription.payment_method,
    }


def activity_sentence(
    entry: Activity, reader: User, names: dict[uuid.UUID, str]
) -> tuple[str, str]:
    """Who, as the reader calls them, and what they did."""
    who = _whoever_else(entry.verb)
    if entry.actor_id and not who:
        mine = entry.actor_id == reader.pk
        who = _("You") if mine else names.get(entry.actor_id, "")
    return who or _("The portal"), _verb(entry)


def _whoever_else(verb: str) -> str:
    """Who did it, when neither the portal nor one of its people did."""
    provider = _("The payment provider")
    return {
        "licenses_outside": provider,
        "change_refused": provider,
        "refund_refused": provider,
        "transfer_refused": provider,
        "refunded": _("Money"),
        "order_declined": _("The bank"),
        "order_dropped": _("The order"),
    }.get(verb, "")


def _verb(entry: Activity) -> str:
    count = _count(entry)
    sentences = {
        "bought": ngettext(
            "bought %(count)d license", "bought %(count)d licenses", count
        ),
        "trial_started": ngettext(
            "started a trial with %(count)d license",
            "started a trial with %(count)d licenses",
            count,
        ),
        "trial_quantity": ngettext(
            "chose %(count)d license for after the trial",
            "chose %(count)d licenses for after the trial",
            count,
        ),
        "trial_extended": _("extended the trial by one month"),
        "trial_converted": _("started the paid subscription before the trial's end"),
        "licenses_trial": ngettext(
            "goes on with %(count)d license after the trial",
            "goes on with %(count)d licenses after the trial",
            count,
        ),
        "licenses_assigned": ngettext(
            "assigned %(count)d license", "assigned %(count)d licenses", count
        ),
        "licenses_unassigned": ngettext(
            "unassigned %(count)d license", "unassigned %(count)d licenses", count
        ),
        "licenses_added": ngettext(
            "increased the subscription to %(count)d license",
            "increased the subscription to %(count)d licenses",
            count,
        ),
        "licenses_removed": ngettext(
            "reduced the subscription to %(count)d license",
            "reduced the subscription to %(count)d licenses",
            count,
        ),
        "licenses_renewal": ngettext(
            "renewed with %(count)d license", "renewed with %(count)d licenses", count
        ),
        "licenses_outside": ngettext(
            "says %(count)d license",
            "says %(count)d licenses",
            count,
        ),
        "change_refused": _("refused a change"),
        "change_scheduled": ngettext(
            "scheduled %(count)d license for the renewal",
            "scheduled %(count)d licenses for the renewal",
            count,
        ),
        "given_up": _("ended the subscription, because it was never paid"),
        "purchaser_left": _("turned recurring billing off: the purchaser has left"),
        "transferred": _("handed the subscription to another purchaser"),
        "transfer_refused": _("refused to hand it over"),
        "frequency_scheduled": _("changed the billing frequency from the renewal on"),
        "change_undone": _("undid the change at renewal"),
        "card_replaced": _("replaced the payment method")
        if entry.before.get("card")
        else _("chose a payment method"),
        "cancelled": _("canceled the subscription"),
        "reactivated": _("reactivated the subscription for a new term"),
        "licenses_suspended": ngettext(
            "suspended %(count)d license", "suspended %(count)d licenses", count
        ),
        "licenses_returned": ngettext(
            "gave %(count)d license back", "gave %(count)d licenses back", count
        ),
        "recurring_on": _("turned recurring billing on"),
        "recurring_off": _("turned recurring billing off"),
        "refunded": _("went back to the card"),
        "refund_refused": _("refused a refund"),
        "order_declined": _("declined the payment"),
        "order_dropped": _("was dropped, nothing was charged"),
        "opened": _("opened a billing account"),
        "subscription_given": _("handed a subscription to a colleague"),
        "subscription_received": _("took over a colleague's subscription"),
        "role_granted": _("granted a role"),
        "directory_imported": _("imported the directory"),
        "person_removed": _("removed somebody from the directory"),
        "person_disabled": _("disabled somebody's account"),
    }
    return sentences.get(entry.verb, entry.verb.replace("_", " ")) % {"count": count}


def _count(entry: Activity) -> int:
    for fact in ("quantity", "count"):
        value = entry.after.get(fact)
        if isinstance(value, int):
            return value
    return 1
