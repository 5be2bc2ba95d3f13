"""Everything that we have against everything that Stripe has."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator

from billing.gateway import GatewayRejected
from billing.gateway.listing import is_gone
from billing.models import BillingProfile
from billing.services.catalogue_check import compare_prices
from billing.services.customer_check import compare_customer
from billing.services.reconcile import compare_cards, compare_invoices
from billing.services.unfinished import compare_events, compare_operations
from licensing.services.counters import compare_counters
from selfservice.accounts.models import Organization
from selfservice.core.drift import Comparison, Difference, Finding, Outcome
from selfservice.subscriptions.services.reconcile import (
    compare_subscriptions,
    rows_of,
)

log = logging.getLogger(__name__)

_PAGE = 100
_NO_CUSTOMER = "Stripe doesn't have this customer any more; nothing else was compared."


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """What is compared: everything, one organization, or one Stripe customer."""

    organization: Organization | None = None
    customer_id: str = ""

    @property
    def everything(self) -> bool:
        return self.organization is None and not self.customer_id


def reconcile(
    run: Comparison,
    scope: Scope,
    progress: Callable[[BillingProfile], None] = lambda profile: None,
) -> Iterator[Finding]:
    """Compare, mend if the run does, and give what was found, as it is found.

    Operations and events first, because what they are about is compared afterwards;
    subscriptions before invoices, which name theirs. Must be called outside any
    transaction. Raises GatewayUnavailable, GatewayRejected: what was given until
    then holds.
    """
    yield from _unfinished(run, scope)
    for profile in profiles(scope):
        progress(profile)
        run.compared["customers"] += 1
        yield from _compare(profile, run)
    if not scope.customer_id:
        organization_id = scope.organization.pk if scope.organization else None
        yield from compare_counters(run, organization_id=organization_id)
    if scope.everything:
        yield from compare_prices(run)


def profiles(scope: Scope) -> Iterator[BillingProfile]:
    """The billing profiles that have a customer at Stripe, a page at a time."""
    found = BillingProfile.objects.exclude(stripe_customer_id="").select_related(
        "account"
    )
    if scope.organization is not None:
        found = found.filter(organization=scope.organization)
    if scope.customer_id:
        found = found.filter(stripe_customer_id=scope.customer_id)
    page = list(found.order_by("pk")[:_PAGE])
    while page:
        yield from page
        page = list(found.filter(pk__gt=page[-1].pk).order_by("pk")[:_PAGE])


def log_drift() -> None:
    """The nightly run: reports into the log, mends nothing."""
    run = Comparison()
    for finding in reconcile(run, Scope()):
        if finding.outcome in {Outcome.DRIFT, Outcome.LEFT}:
            log.error("%s", finding)
        else:
            log.info("%s", finding)
    log.info("reconcile: %s", summary(run))


def summary(run: Comparison) -> str:
    """How much was compared, in words."""
    counts = [f"{count} {what}" for what, count in run.compared.items() if count]
    return f"Compared {', '.join(counts)}." if counts else "Compared nothing."


def _unfinished(run: Comparison, scope: Scope) -> Iterator[Finding]:
    if scope.everything:
        yield from compare_operations(run)
        yield from compare_events(run)
        return
    if scope.organization is not None:
        yield from compare_operations(run, organization_id=scope.organization.pk)
    for profile in profiles(scope):
        if scope.customer_id:
            subjects = [profile.pk, *rows_of(profile)]
            yield from compare_operations(
                run, organization_id=profile.organization_id, subjects=subjects
            )
        yield from compare_events(run, customer_ids=[profile.stripe_customer_id])


def _compare(profile: BillingProfile, run: Comparison) -> Iterator[Finding]:
    try:
        yield from compare_customer(profile, run)
        yield from compare_cards(profile, run)
        yield from compare_subscriptions(profile, run)
        yield from compare_invoices(profile, run)
    except GatewayRejected as error:
        if not is_gone(error):
            raise
        gone = Difference("customer", "known", "not", _NO_CUSTOMER)
        ids = (profile.stripe_customer_id, str(profile.pk))
        yield Finding("billing profile", gone, ids, run.unmended, _NO_CUSTOMER)
