"""What is really at Stripe, seen by a client beside the portal's."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

import requests
import stripe
from django.conf import settings

type Json = dict[str, Any]

LIVE = frozenset({"active", "trialing", "past_due", "unpaid"})
ENDED = frozenset({"canceled", "incomplete_expired"})


@dataclasses.dataclass(slots=True)
class Theirs:
    """A copy of what Stripe has, read again whenever an event says that it moved."""

    base: str
    client: stripe.StripeClient
    subscriptions: dict[str, stripe.Subscription] = dataclasses.field(
        default_factory=dict
    )
    invoices: dict[str, stripe.Invoice] = dataclasses.field(default_factory=dict)
    credits: dict[str, stripe.CreditNote] = dataclasses.field(default_factory=dict)
    # By whose they are: the ids of the customers made for each billing profile.
    customers: dict[str, list[str]] = dataclasses.field(
        default_factory=lambda: defaultdict(list)
    )
    last_event: str = ""
    _http: requests.Session = dataclasses.field(default_factory=requests.Session)

    def new_events(self) -> list[Json]:
        """What happened since the last time, oldest first; the copy is up to date."""
        found = self._events()
        moved = set()
        for event in found:
            thing = event["data"]["object"]
            if event["type"] == "customer.created":
                owner = thing["metadata"].get("billing_profile", "")
                self.customers[owner].append(thing["id"])
            if _moves(event["type"]) and thing.get("customer"):
                moved.add(thing["customer"])
        for customer in sorted(moved):
            self._read(customer)
        return found

    def of_subscription(self, stripe_id: str) -> list[stripe.Invoice]:
        """The invoices of one subscription at Stripe."""
        return [i for i in self.invoices.values() if subscription_of(i) == stripe_id]

    def own(self, our_id: object) -> list[stripe.Subscription]:
        """All that were ever made for a subscription of ours, one an attempt."""
        return [
            s
            for s in self.subscriptions.values()
            if s.metadata.to_dict().get("subscription") == str(our_id)
        ]

    def asked_by_bank(self) -> list[str]:
        """The secrets of payments that wait for their cardholder, oldest first."""
        v1, secrets = self.client.v1, []
        for invoice in self.invoices.values():
            if invoice.status != "open":
                continue
            for paid in v1.invoice_payments.list({"invoice": str(invoice.id)}).data:
                intent = v1.payment_intents.retrieve(str(paid.payment.payment_intent))
                if intent.status == "requires_action":
                    secrets.append(str(intent.client_secret))
        return secrets

    def _read(self, customer: str) -> None:
        v1 = self.client.v1
        page = {"customer": customer, "limit": 100}
        for found in v1.subscriptions.list(
            {**page, "status": "all"}  # type: ignore[typeddict-item]
        ).auto_paging_iter():
            self.subscriptions[found.id] = found
        for invoice in v1.invoices.list(page).auto_paging_iter():  # type: ignore[arg-type]
            self.invoices[str(invoice.id)] = invoice
        for credit in v1.credit_notes.list(page).auto_paging_iter():  # type: ignore[arg-type]
            self.credits[credit.id] = credit

    def _events(self) -> list[Json]:
        found: list[Json] = []
        more = True
        while more:
            query = {"limit": "100"}
            if self.last_event:
                query["ending_before"] = self.last_event
            answer = self._http.get(
                f"{self.base}/v1/events",
                params=query,
                headers={
                    "Authorization": "Bearer sk_test_beside",
                    "Stripe-Version": settings.STRIPE_API_VERSION,
                },
                timeout=60,
            ).json()
            more = answer["has_more"] and bool(self.last_event)
            page = answer["data"][::-1]
            found += page
            self.last_event = page[-1]["id"] if page else self.last_event
        return found


def _moves(event_type: str) -> bool:
    return event_type.startswith(("customer.subscription.", "invoice.", "credit_note."))


def subscription_of(invoice: stripe.Invoice) -> str:
    parent = invoice.parent
    details = parent.subscription_details if parent is not None else None
    return str(details.subscription) if details is not None else ""


def quantity_of(subscription: stripe.Subscription) -> int:
    return subscription["items"].data[0].quantity or 0
