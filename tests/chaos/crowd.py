"""People with a browser without JavaScript who buy, assign and cancel, and go on
whatever is answered; they note only what they were told is done.
"""

from __future__ import annotations

import dataclasses
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable

import requests

PATIENCE = 20
CARD = {
    "number": "4242424242424242",
    "exp_month": "12",
    "exp_year": "2040",
    "cvc": "123",
    "name": "Somebody",
}
SOLD_TO = {
    "name": "Crowd",
    "line1": "Kade 1",
    "postal_code": "3011 AB",
    "city": "Rotterdam",
    "country": "NL",
}


class NotNow(Exception):
    """No answer, or one that says: later."""


@dataclasses.dataclass(slots=True)
class Ledger:
    """What somebody was told is done."""

    bought: dict[str, str] = dataclasses.field(default_factory=dict)
    assigned: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    cancelled: set[str] = dataclasses.field(default_factory=set)
    tried: Counter[str] = dataclasses.field(default_factory=Counter)
    done: Counter[str] = dataclasses.field(default_factory=Counter)
    errors: Counter[str] = dataclasses.field(default_factory=Counter)


class Person(threading.Thread):
    """Does something all the time until `over` is set."""

    def __init__(self, base: str, email: str, over: threading.Event, seed: int) -> None:
        super().__init__(daemon=True, name=email)
        self.base, self.email, self.over = base, email, over
        self.dice = random.Random(seed)
        self.ledger = Ledger()
        self.web = requests.Session()
        self.plans: list[str] = []
        self.people: list[str] = []
        # Orders whose answer got lost: they are placed again, with the same key.
        self.lost: list[tuple[str, str]] = []

    def run(self) -> None:
        while not self.over.is_set():
            name, act = self._next()
            self.ledger.tried[name] += 1
            try:
                if act():
                    self.ledger.done[name] += 1
            except (NotNow, requests.RequestException) as error:
                said = str(error) if isinstance(error, NotNow) else "no answer"
                self.ledger.errors[said] += 1
                self.over.wait(0.5)

    def _next(self) -> tuple[str, Callable[[], bool]]:
        if not self.plans:
            return "begin", self._begin
        if self.lost:
            return "buy again", self._again
        mine = [s for s in self.ledger.bought if s not in self.ledger.cancelled]
        if not mine or self.dice.random() < 0.3:
            return "buy", self._buy
        if self.dice.random() < 0.15 and len(mine) > 1:
            return "cancel", lambda: self._cancel(self.dice.choice(mine))
        return "assign", lambda: self._assign(self.dice.choice(mine))

    # Asking ---------------------------------------------------------------

    def ask(
        self, verb: str, path: str, data: dict[str, object] | None = None
    ) -> requests.Response:
        """Raises NotNow when there is no answer, or an error of the portal's."""
        url = path if path.startswith("http") else self.base + path
        if data is not None:
            token = self.web.cookies.get_dict().get(self._csrf(), "")
            data = {"csrfmiddlewaretoken": token, **data}
        try:
            answer = self.web.request(
                verb, url, data=data, timeout=PATIENCE, allow_redirects=False
            )
        except requests.RequestException as error:
            raise NotNow(type(error).__name__) from None
        if answer.status_code >= 500:
            raise NotNow(str(answer.status_code))
        if "/accounts/login/" in answer.headers.get("Location", ""):
            self.plans.clear()  # signed out: begin anew
            raise NotNow("signed out")
        return answer

    def _csrf(self) -> str:
        return f"portal_csrf_{self.base.rpartition(':')[2]}"

    def page(self, path: str) -> str:
        answer = self.ask("GET", path)
        if answer.status_code != 200:
            raise NotNow(f"{answer.status_code} at a page")
        return answer.text

    # Acting ---------------------------------------------------------------

    def _begin(self) -> bool:
        """Sign in, and look what there is."""
        self.web = requests.Session()
        self.page("/accounts/login/")
        signed_in = self.web.post(
            f"{self.base}/accounts/login/",
            data={
                "csrfmiddlewaretoken": self.web.cookies.get_dict()[self._csrf()],
                "login": self.email,
                "password": "demo",
            },
            timeout=PATIENCE,
            allow_redirects=False,
        )
        if signed_in.status_code != 302:
            raise NotNow(f"{signed_in.status_code} at signing in")
        found = re.findall(
            r'href="(/marketplace/[a-z0-9-]+/)"', self.page("/marketplace/")
        )
        plans: list[str] = []
        for path in list(dict.fromkeys(found))[:4]:
            plans += re.findall(r"/checkout/([0-9a-f-]{36})/", self.page(path))
            plans += re.findall(r'name="plan" value="([0-9a-f-]{36})"', self.page(path))
        self.plans = sorted(set(plans))
        if not self.plans:
            raise NotNow("no plans")
        return True

    def _buy(self) -> bool:
        return self._place(self.dice.choice(self.plans), str(uuid.uuid4()))

    def _again(self) -> bool:
        plan, key = self.lost.pop()
        return self._place(plan, key)

    def _place(self, plan: str, key: str) -> bool:
        """One order, with the same key however often it is placed."""
        path = f"/checkout/{plan}/?order={key}&quantity=3"
        try:
            shown = self.ask("GET", path)
            if shown.status_code == 302:
                return self._placed(shown.headers["Location"], plan, key)
            if 'name="line1"' in shown.text:
                form = {**SOLD_TO, "email": self.email, "order": key, "quantity": 3}
                self.ask("POST", path, form)
                shown = self.ask("GET", path)
            cards = re.findall(r'name="payment" value="([0-9a-f-]{36})"', shown.text)
            sealed = re.search(r'name="quote" value="([^"]+)"', shown.text)
            if sealed is None:
                return False
            form = {
                "order": key,
                "plan": plan,
                "quantity": 3,
                "quote": sealed[1],
                "terms": "on",
                "action": "place",
                "payment": cards[0] if cards else "new",
            }
            setup = re.search(r'name="setup_intent" value="([^"]*)"', shown.text)
            if not cards and setup and setup[1]:
                form["setup_intent"] = setup[1]
            answer = self.ask("POST", path, form)
        except NotNow:
            self.lost.append((plan, key))
            raise
        return self._placed(answer.headers.get("Location", ""), plan, key)

    def _placed(self, location: str, plan: str, key: str) -> bool:
        if "/c/pay/" in location:
            return self._enter_card(location, plan, key)
        found = re.search(r"/orders/([0-9a-f-]{36})/", location)
        if not found:
            return False
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self.over.is_set():
            shown = self.page(f"/orders/{found[1]}/")
            if "Order confirmed" in shown or "Order bevestigd" in shown:
                product = re.search(r"/licenses/([0-9a-f-]{36})/", shown)
                self.ledger.bought[found[1]] = product[1] if product else ""
                return True
            if "Payment declined" in shown:
                return False
            self.over.wait(0.7)
        self.lost.append((plan, key))
        return False

    def _enter_card(self, location: str, plan: str, key: str) -> bool:
        """On the payment provider's own page, and back."""
        try:
            entered = requests.post(
                location, data=CARD, timeout=PATIENCE, allow_redirects=False
            )
        except requests.RequestException as error:
            raise NotNow(type(error).__name__) from None
        back = entered.headers.get("Location", "")
        if not back:
            return False
        shown = self.page(back)
        setup = re.search(r'name="setup_intent" value="([^"]+)"', shown)
        sealed = re.search(r'name="quote" value="([^"]+)"', shown)
        if not setup or not sealed:
            return False
        form: dict[str, object] = {
            "order": key,
            "plan": plan,
            "quantity": 3,
            "quote": sealed[1],
            "terms": "on",
            "action": "place",
            "payment": "new",
            "setup_intent": setup[1],
        }
        answer = self.ask("POST", back, form)
        return self._placed(answer.headers.get("Location", ""), plan, key)

    def _assign(self, subscription: str) -> bool:
        product = self.ledger.bought[subscription]
        if not product:
            return False
        if not self.people:
            self._find_people(product)
        person = self.dice.choice(self.people)
        path = f"/licenses/{product}/assign/"
        if (product, person) in self.ledger.assigned:
            return False
        self.page(path)
        answer = self.ask("POST", path, {"people": person})
        if answer.status_code != 302:
            return False
        self.ledger.assigned.add((product, person))
        return True

    def _find_people(self, product: str) -> None:
        path = f"/licenses/{product}/assign/"
        self.page(path)
        for letters in ("an", "de", "ma", "va"):
            found = self.ask("POST", path, {"q": letters, "find": "1"}).text
            self.people += re.findall(r'name="people" value="([0-9a-f-]{36})"', found)
        if not self.people:
            raise NotNow("nobody found")

    def _cancel(self, subscription: str) -> bool:
        path = f"/subscriptions/{subscription}/cancel/"
        sealed = re.search(r'name="seal" value="([^"]+)"', self.page(path))
        if sealed is None:
            return False
        answer = self.ask("POST", path, {"reason": "other", "seal": sealed[1]})
        if answer.status_code != 302:
            return False
        self.ledger.cancelled.add(subscription)
        return True
