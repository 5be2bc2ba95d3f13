"""What the sandbox's tests have in common: a client, customers, prices, cards."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe

from billing.sandbox.contract import faults_of, match, resources

EU_NUMBERS = {"NL": "NL123456789B01", "DE": "DE123456789"}


class CheckedHttp(stripe.RequestsClient):
    """Checks every answer, and every event in it, against Stripe's own classes."""

    def __init__(self) -> None:
        super().__init__(timeout=(3, 20))
        self.faults: list[str] = []
        # Names of operations that were answered with a 200.
        self.seen: set[str] = set()

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> tuple[str, int, Any]:
        body, status, answered = super().request(method, url, headers, post_data)
        found = match(method.upper(), urlsplit(url).path)
        if status == 200 and found is not None:
            answer = json.loads(body)
            self.seen.add(found[0].name)
            self._check(found[0].name, answer, found[0].answers)
        return body, status, answered

    def _check(self, where: str, answer: Any, owner: Any) -> None:
        self.faults += [f"{where}: {fault}" for fault in faults_of(answer, owner)]
        rows = answer["data"] if answer.get("object") == "list" else [answer]
        for event in rows:
            if event.get("object") == "event":
                inner = event["data"]["object"]
                self._check(event["type"], inner, resources()[inner["object"]])


class Shop:
    """A seller's account: makes the few things that most tests begin with."""

    def __init__(self, base: str, http: CheckedHttp, retries: int = 0) -> None:
        self.base = base
        self.client = stripe.StripeClient(
            "sk_test_shop",
            base_addresses={"api": base},
            http_client=http,
            max_network_retries=retries,
        )
        self.v1 = self.client.v1

    def customer(
        self, country: str = "NL", card: str = "", **more: Any
    ) -> stripe.Customer:
        """A customer in `country`, with a test card by default when one is named."""
        made = self.v1.customers.create(
            {
                "name": "Noordzee Advies",
                "email": "billing@noordzee.example",
                "address": {
                    "line1": "Maaskade 85",
                    "postal_code": "3071 NE",
                    "city": "Rotterdam",
                    "country": country,
                },
                **more,
            }
        )
        if card:
            self.give_card(made.id, card)
        return made

    def give_card(self, customer_id: str, named: str = "pm_card_visa") -> str:
        """Enter a card, and make it the default; its id."""
        method = self.v1.payment_methods.attach(named, {"customer": customer_id})
        self.v1.customers.update(
            customer_id, {"invoice_settings": {"default_payment_method": method.id}}
        )
        return method.id

    def price(
        self, amount: int = 4920, currency: str = "eur", interval: str = "year"
    ) -> str:
        """The id of a recurring price of a new product. Minor units."""
        product = self.v1.products.create({"name": "Diagrams Pro"})
        return self.v1.prices.create(
            {
                "product": product.id,
                "currency": currency,
                "unit_amount": amount,
                "tax_behavior": "exclusive",
                "recurring": {"interval": interval},
            }
        ).id

    def subscribe(
        self, customer_id: str, price_id: str, quantity: int = 1, **more: Any
    ) -> stripe.Subscription:
        return self.v1.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": price_id, "quantity": quantity}],
                "automatic_tax": {"enabled": True},
                **more,
            }
        )

    def invoice_of(self, subscription: stripe.Subscription) -> stripe.Invoice:
        return self.v1.invoices.retrieve(str(subscription.latest_invoice))

    def clock(self, frozen_time: int) -> str:
        """The id of a new test clock."""
        made = self.v1.test_helpers.test_clocks.create({"frozen_time": frozen_time})
        return made.id

    def advance(self, clock_id: str, to: int) -> int:
        """Send a test clock to an instant, and wait for it."""
        self.v1.test_helpers.test_clocks.advance(clock_id, {"frozen_time": to})
        return self.arrived(clock_id)

    def arrived(self, clock_id: str) -> int:
        """Wait until a test clock is where it was sent; its instant."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.v1.test_helpers.test_clocks.retrieve(clock_id)
            if found.status == "ready":
                return found.frozen_time
            time.sleep(0.02)
        raise AssertionError(f"{clock_id} doesn't arrive")

    def events(self, *types: str) -> list[stripe.Event]:
        """Newest first; all of them without `types`."""
        page = self.v1.events.list(
            {"limit": 100, "types": list(types)} if types else {"limit": 100}
        )
        return list(page.auto_paging_iter())

    def post(self, path: str, **form: str) -> requests.Response:
        """What a browser's form sends."""
        return requests.post(
            f"{self.base}{path}", data=form, timeout=20, allow_redirects=False
        )

    def bank(self, client_secret: str, outcome: str = "ok") -> dict[str, Any]:
        """Answer a 3-D Secure challenge: `ok` or `failed`."""
        answer = self.post(
            "/elements/authenticate", client_secret=client_secret, outcome=outcome
        )
        found: dict[str, Any] = answer.json()
        return found
