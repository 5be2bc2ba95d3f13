"""Old pages, second tabs, and ids that belong to somebody or something else."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
import stripe
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from billing import gateway
from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.catalog import make_price, make_product
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import put_on_sale
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY, invoices_at_stripe, pass_time, read
from tests.subscriptions.views.test_checkout import KEY, fill, page_of, shown

pytestmark = pytest.mark.usefixtures("moving")
STALE = "Something has changed since this was shown, so nothing was done."


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def names_with(converter: str) -> Iterator[str]:
    """The addresses that take such an id and nothing else."""
    for room in ("subscriptions", "licensing"):
        for pattern in get_resolver(f"{_package(room)}.urls").url_patterns:
            assert isinstance(pattern, URLPattern)
            if set(pattern.pattern.converters) == {converter}:
                yield f"{room}:{pattern.name}"


def _package(room: str) -> str:
    return {"subscriptions": "selfservice.subscriptions"}.get(room, room)


def statuses(web: Client, name: str, pk: uuid.UUID) -> set[int]:
    url = reverse(name, args=[pk])
    return {web.get(url).status_code, web.post(url).status_code}


@pytest.mark.parametrize("name", sorted(names_with("subscription_id")))
def test_a_subscription_of_somebody_else_is_not_found(
    web: Client, name: str, bram: User, dirk: User
) -> None:
    for owner in (bram, dirk):
        found = statuses(web, name, make_subscription(owner).pk)

        assert found <= {404, 405}, owner
        assert 404 in found
    assert 404 in statuses(web, name, uuid.uuid4())


@pytest.mark.parametrize("name", sorted(names_with("subscription_id")))
@pytest.mark.parametrize(
    "state", [OrderState.DECLINED, OrderState.DROPPED, OrderState.PENDING]
)
def test_what_was_never_paid_has_no_page_but_its_order(
    web: Client, anna: User, name: str, state: OrderState
) -> None:
    order = make_subscription(
        anna, order_state=state, term_start=None, bought_at=None, term_end=None
    )
    about_orders = {"order", "finish_payment", "drop_order", "row_menu"}
    if name.partition(":")[2] in about_orders:
        return

    assert statuses(web, name, order.pk) <= {404, 405}


def seal_of(web: Client, subscription: Subscription, pane: str, **query: object) -> str:
    url = f"/subscriptions/{subscription.pk}/{pane}/"
    found = re.search(r'name="seal" value="([^"]+)"', shown(web.get(url, query)))
    assert found
    return found[1]


def test_a_pane_left_open_over_another_change_does_nothing(
    web: Client, bought: Subscription, stripe_client: stripe.StripeClient
) -> None:
    more = seal_of(web, bought, "licenses", total=15)
    cancel = seal_of(web, bought, "cancel")
    web.post(f"/subscriptions/{bought.pk}/frequency/", {"plan": str(uuid.uuid4())})
    web.post(f"/subscriptions/{bought.pk}/recurring-billing/", {"recurring": "off"})

    for pane, data in (
        ("licenses", {"total": 15, "seal": more}),
        ("cancel", {"reason": "other", "seal": cancel}),
    ):
        answer = web.post(f"/subscriptions/{bought.pk}/{pane}/", data)

        assert answer.status_code == 422
        assert STALE in shown(answer)
    assert read(bought).quantity == 12
    assert len(invoices_at_stripe(stripe_client, bought)) == 1


def test_a_pane_left_open_past_the_renewal_does_nothing(
    web: Client, bought: Subscription, sandbox: SandboxProcess
) -> None:
    seal = seal_of(web, bought, "licenses", total=15)
    pass_time(sandbox, DAY * 366)

    answer = web.post(
        f"/subscriptions/{bought.pk}/licenses/", {"total": 15, "seal": seal}
    )

    assert answer.status_code == 422
    assert read(bought).quantity == 12


def test_what_was_shown_for_another_subscription_counts_for_none(
    web: Client, bought: Subscription, anna: User
) -> None:
    other = make_subscription(anna, quantity=12)
    more = seal_of(web, bought, "licenses", total=15)
    cancel = seal_of(web, bought, "cancel")

    for pane, data in (
        ("licenses", {"total": 15, "seal": more}),
        ("cancel", {"reason": "other", "seal": cancel}),
    ):
        answer = web.post(f"/subscriptions/{other.pk}/{pane}/", data)
        assert answer.status_code == 422, pane
    assert (read(other).quantity, read(other).disabled_at) == (12, None)


def test_a_change_that_is_undone_in_another_tab_is_said(
    web: Client, bought: Subscription
) -> None:
    answer = web.post(f"/subscriptions/{bought.pk}/undo-change/", follow=True)

    assert "Nothing is scheduled for the renewal any more." in shown(answer)


def test_the_plan_of_another_product_is_not_bought_by_this_pages_address(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    other = put_on_sale(make_product("Boards"), 900, term=Term.YEAR)
    form = fill(web, diagrams, str(visa.pk), plan=str(other.plan.pk))
    form_of_other = fill(web, other, str(visa.pk))

    for data in (form, form_of_other):
        answer = web.post(page_of(diagrams), data)

        assert answer.status_code == 422
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("plan", ["", "x", "01a20000-0000-7000-8000-00000000ffff"])
def test_a_plan_that_is_none_is_refused(
    web: Client, diagrams: Offer, visa: PaymentMethod, plan: str
) -> None:
    form = fill(web, diagrams, str(visa.pk), plan=plan)

    assert web.post(page_of(diagrams), form).status_code == 422
    assert not Subscription.objects.exists()


def test_a_price_that_was_retired_meanwhile_is_not_charged(
    web: Client, diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    diagrams.price.retired_at = clock.now()
    diagrams.price.save()
    new_price(diagrams, 5100)

    answer = web.post(page_of(diagrams), form)

    assert answer.status_code == 422
    assert "The amount has changed to €740.52." in shown(answer)
    assert sandbox.calls("POST", "/v1/subscriptions") == []


def new_price(offer: Offer, amount_minor: int) -> None:
    price_id = gateway.create_price(
        product_id=str(offer.plan.product_id),
        currency="EUR",
        amount_minor=amount_minor,
        months=offer.plan.billing_months,
        own_id=str(uuid.uuid4()),
        key=f"price-{uuid.uuid4()}",
    )
    make_price(offer.plan, amount_minor, stripe_price_id=price_id)


def test_a_plan_without_a_price_any_more_is_not_sold(
    web: Client, bought: Subscription, diagrams: Offer, visa: PaymentMethod
) -> None:
    monthly = put_on_sale(
        bought.product, 450, term=Term.YEAR, frequency=Frequency.MONTHLY
    )
    url = f"/subscriptions/{bought.pk}/frequency/"
    assert "€54.00" in shown(web.get(url))
    monthly.price.retired_at = clock.now()
    monthly.price.save()

    answer = web.post(url, {"plan": str(monthly.plan.pk)})

    assert answer.status_code == 422
    assert "Choose another billing frequency" in shown(answer)


def test_the_frequency_of_another_product_is_refused(
    web: Client, bought: Subscription
) -> None:
    other = put_on_sale(make_product("Boards"), 900, term=Term.YEAR)

    answer = web.post(
        f"/subscriptions/{bought.pk}/frequency/", {"plan": str(other.plan.pk)}
    )

    assert answer.status_code == 422
    assert read(bought).change_number == 0


def test_a_retired_plan_has_no_checkout(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    monthly = put_on_sale(diagrams.plan.product, 450, term=Term.MONTH)
    diagrams.plan.retired_at = clock.now()
    diagrams.plan.save()

    answer = web.post(page_of(diagrams), form)

    assert web.get(page_of(diagrams), {"order": str(KEY)}).status_code == 404
    assert answer.status_code == 422
    assert "This plan is no longer sold. Select another one." in shown(answer)
    assert not Subscription.objects.exists()
    assert web.get(page_of(monthly), {"order": str(KEY)}).status_code == 200


@pytest.mark.parametrize("quantity", ["", "0", "1.5", "100001"])
def test_no_amount_is_shown_for_a_number_that_cannot_be(
    web: Client, diagrams: Offer, visa: PaymentMethod, quantity: str
) -> None:
    data = {**fill(web, diagrams, str(visa.pk)), "quantity": quantity}
    data["action"] = "update"

    answer = web.post(page_of(diagrams), data, headers={"HX-Request": "true"})

    assert "Today you pay" not in shown(answer)
    assert 'role="alert"' in shown(answer)
    assert 'value="place"' not in shown(answer)
