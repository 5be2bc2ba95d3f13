"""What is really at Stripe, seen by somebody beside the portal.

From step to step by what every event says of its object; at the end of a run by
reading everything once more.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import requests
from django.conf import settings

type Json = dict[str, Any]

LIVE = frozenset({"active", "trialing", "past_due", "unpaid"})
ENDED = frozenset({"canceled", "incomplete_expired"})


@dataclasses.dataclass(slots=True)
class Theirs:
    """A copy of what Stripe has. `customers`: by our billing profile's id."""

    base: str
    subscriptions: dict[str, Json] = dataclasses.field(default_factory=dict)
    invoices: dict[str, Json] = dataclasses.field(default_factory=dict)
    credits: dict[str, Json] = dataclasses.field(default_factory=dict)
    customers: dict[str, list[str]] = dataclasses.field(
        default_factory=lambda: defaultdict(list)
    )
    last_event: str = ""
    _http: requests.Session = dataclasses.field(default_factory=requests.Session)

    def new_events(self) -> list[Json]:
        """What happened since the last time, oldest first; the copy is up to date."""
        found = self._events()
        for event in found:
            thing = event["data"]["object"]
            if event["type"] == "customer.created":
                owner = thing["metadata"].get("billing_profile", "")
                self.customers[owner].append(thing["id"])
            copy = self._copy_of(thing["object"])
            if copy is not None and "id" in thing:
                copy[thing["id"]] = thing
        return found

    def of_subscription(self, stripe_id: str) -> list[Json]:
        """The invoices of one subscription at Stripe."""
        return [i for i in self.invoices.values() if subscription_of(i) == stripe_id]

    def own(self, our_id: object) -> list[Json]:
        """All that were ever made for a subscription of ours, one an attempt."""
        return [
            s
            for s in self.subscriptions.values()
            if s["metadata"].get("subscription") == str(our_id)
        ]

    def asked_by_bank(self) -> list[str]:
        """The secrets of payments that wait for their cardholder, oldest first."""
        secrets = []
        for invoice in self.invoices.values():
            if invoice["status"] != "open":
                continue
            for paid in self.every("invoice_payments", invoice=invoice["id"]):
                intent = paid["payment"]["payment_intent"]
                found = self.get(f"payment_intents/{intent}")
                if found["status"] == "requires_action":
                    secrets.append(found["client_secret"])
        return secrets

    def read_again(self) -> None:
        """Everything, from Stripe itself, in the place of what events said."""
        for name, copy in (
            ("subscriptions", self.subscriptions),
            ("invoices", self.invoices),
            ("credit_notes", self.credits),
        ):
            more = {"status": "all"} if name == "subscriptions" else {}
            copy.clear()
            copy |= {found["id"]: found for found in self.every(name, **more)}
        self.customers.clear()
        for customer in self.every("customers"):
            owner = customer["metadata"].get("billing_profile", "")
            self.customers[owner].append(customer["id"])

    def every(self, name: str, **query: str) -> Iterator[Json]:
        """A list, page by page."""
        page = self.get(name, limit="100", **query)
        yield from page["data"]
        while page["has_more"]:
            last = page["data"][-1]["id"]
            page = self.get(name, limit="100", starting_after=last, **query)
            yield from page["data"]

    def get(self, path: str, **query: str) -> Json:
        answer = self._http.get(
            f"{self.base}/v1/{path}",
            params=query,
            headers={
                "Authorization": "Bearer sk_test_beside",
                "Stripe-Version": settings.STRIPE_API_VERSION,
            },
            timeout=60,
        )
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def _events(self) -> list[Json]:
        """After the last known one, however many."""
        if not self.last_event:
            found = self.get("events", limit="100")["data"][::-1]
            self.last_event = found[-1]["id"] if found else ""
            return list(found)
        found, more = [], True
        while more:
            page = self.get("events", limit="100", ending_before=self.last_event)
            found += page["data"][::-1]
            self.last_event = found[-1]["id"] if found else self.last_event
            more = page["has_more"]
        return found

    def _copy_of(self, kind: str) -> dict[str, Json] | None:
        return {
            "subscription": self.subscriptions,
            "invoice": self.invoices,
            "credit_note": self.credits,
        }.get(kind)


def subscription_of(invoice: Json) -> str:
    parent = invoice["parent"] or {}
    return str((parent.get("subscription_details") or {}).get("subscription", ""))


def quantity_of(subscription: Json) -> int:
    return int(subscription["items"]["data"][0]["quantity"])
