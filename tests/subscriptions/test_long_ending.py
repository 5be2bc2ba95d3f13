"""How a subscription's life ends: unpaid, not renewed, and whether jobs ran or not."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from licensing.models import LicenseAssignment
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.queries import first_unpaid
from tests.dates import later, years_ahead
from tests.factories.catalog import make_product
from tests.stripe_sandbox import put_on_sale
from tests.subscriptions.changing import *
from tests.subscriptions.changing import at_stripe, pay_with
from tests.subscriptions.living import *
from tests.subscriptions.living import CHARGED, DAY, Life, day

pytestmark = pytest.mark.sandbox_only
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def monthly(sandbox: object, db: None) -> Offer:
    product = make_product("Boards")
    return put_on_sale(product, 1030, term=Term.MONTH, frequency=Frequency.MONTHLY)


@pytest.fixture
def started(life: Life, monthly: Offer) -> Life:
    """Bought on 31 January; the renewal of February is a short month away."""
    go_to(life, "2027-01-31")
    life.buy(monthly)
    return life


def go_to(life: Life, written: str) -> None:
    """To a day that is ahead, in a year with the same days."""
    written = later(written, years_ahead(written))
    life.go_to(dt.datetime.fromisoformat(f"{written}T10:00+00:00"))


def fail_renewal(life: Life) -> dt.datetime:
    """Let the card fail at the renewal; when that was."""
    pay_with(life.stripe, life.bought, "pm_card_chargeCustomerFail")
    due = life.now.period_end
    assert due is not None
    life.go_to(due + CHARGED)
    return due


def pay(life: Life, card: str) -> None:
    """Pay what is open at Stripe, as somebody does on its page of the invoice."""
    customer = life.profile.stripe_customer_id
    chosen = life.stripe.v1.payment_methods.attach(card, {"customer": customer}).id
    invoices = life.stripe.v1.invoices.list({"customer": customer, "status": "open"})
    for invoice in invoices.data:
        life.stripe.v1.invoices.pay(invoice.id, {"payment_method": chosen})
    life.hear()


@pytest.mark.parametrize("after", [1, 20, 29])
def test_a_renewal_that_failed_is_paid_and_goes_on_as_if_nothing_was(
    started: Life, after: int
) -> None:
    life = started
    due = fail_renewal(life)
    assert life.now.past_due_since == due
    ends = due + lifecycle.PAST_DUE_LASTS
    life.says(lifecycle.PAST_DUE, day(ends), "Past due €124.63")
    assert life.subtotals("open") == [10300]

    life.go_to(due + DAY * after)
    pay(life, "pm_card_visa")

    row = life.now
    assert (row.past_due_since, row.disabled_at) == (None, None)
    assert row.term_start == due
    life.says(lifecycle.ACTIVE, f"Next charge on {day(row.term_end)}")
    pay_with(life.stripe, life.bought, "pm_card_visa")
    life.go_to(row.term_end + CHARGED)
    start = life.now.term_start
    assert start is not None
    assert (start.day, start.month) == (31, 3)
    assert life.subtotals() == [10300] * 3


def test_it_counts_from_the_first_unpaid_day_whenever_it_is_heard_of(
    started: Life,
) -> None:
    """Nothing is heard for more than a month, as when the demo's clock is moved."""
    life = started
    pay_with(life.stripe, life.bought, "pm_card_chargeCustomerFail")
    due = life.now.period_end
    assert due is not None

    life.go_to(due + DAY * 31 + CHARGED)

    assert life.now.past_due_since == due
    life.says(lifecycle.DISABLED, f"Past due {day(due)}")


def test_paying_the_first_of_two_leaves_thirty_days_for_the_second(
    life: Life, monthly: Offer
) -> None:
    go_to(life, "2027-01-01")
    life.buy(monthly)
    first = fail_renewal(life)
    second = life.now.period_end
    assert second is not None
    life.go_to(first + DAY * 29)

    answer = life.web.post(f"/subscriptions/{life.bought.pk}/pay/")
    oldest = life.invoices()[1]
    assert first_unpaid(life.now) == oldest.pk
    assert answer.status_code == 302
    visa = {"payment_method": life.card.stripe_payment_method_id}
    life.stripe.v1.invoices.pay(oldest.stripe_invoice_id, visa)
    life.hear()

    assert life.now.past_due_since == second
    life.says(lifecycle.PAST_DUE, day(second + lifecycle.PAST_DUE_LASTS))


def test_cancelled_while_past_due_nothing_is_left_to_pay(started: Life) -> None:
    life = started
    fail_renewal(life)

    said = life.change("cancel", reason="expensive")
    life.hear()

    assert "Nothing was paid, so nothing goes back." in said
    assert (life.subtotals("open"), life.subtotals("void")) == ([], [10300])
    life.says(lifecycle.DISABLED)


def test_what_is_never_paid_ends_after_thirty_days(started: Life) -> None:
    life = started
    due = fail_renewal(life)
    gone = due + lifecycle.PAST_DUE_LASTS

    life.go_to(gone - SECOND * 30)
    life.says(lifecycle.PAST_DUE, day(gone))
    assert at_stripe(life.stripe, life.bought).status == "past_due"
    life.go_to(gone)
    life.says(lifecycle.DISABLED, day(gone + lifecycle.DISABLED_LASTS))

    assert life.now.disabled_at == gone
    assert at_stripe(life.stripe, life.bought).status == "canceled"
    assert (life.subtotals("open"), life.subtotals("void")) == ([], [10300])
    assert life.subtotals() == [10300]
    life.go_to(gone + lifecycle.DISABLED_LASTS)
    life.says(lifecycle.DELETED)
    assert not LicenseAssignment.objects.filter(ended_at=None).exists()
    assert life.subtotals() == [10300]


def test_the_thirty_days_count_from_the_first_of_two_renewals(life: Life) -> None:
    """February is so short that the next renewal comes before they are over."""
    product = make_product("Boards")
    offer = put_on_sale(product, 1030, term=Term.MONTH, frequency=Frequency.MONTHLY)
    go_to(life, "2027-01-01")
    life.buy(offer)
    first = fail_renewal(life)
    life.go_to(first + DAY * 29)
    assert life.subtotals("open") == [10300, 10300]
    life.says(lifecycle.PAST_DUE, day(first + lifecycle.PAST_DUE_LASTS))

    life.go_to(first + DAY * 30)

    life.says(lifecycle.DISABLED)
    assert life.now.disabled_at == first + lifecycle.PAST_DUE_LASTS
    assert life.subtotals("open") == []
    assert life.subtotals("void") == [10300, 10300]


def test_without_recurring_billing_it_runs_out_step_by_step(started: Life) -> None:
    life = started
    ends = life.now.term_end
    assert ends is not None
    said = life.change("recurring-billing", recurring="off")
    assert f"It can be used until {day(ends)}" in said
    life.says(lifecycle.ACTIVE, f"Off Expires on {day(ends)}")

    steps = [
        (ends, lifecycle.EXPIRED),
        (ends + lifecycle.EXPIRED_LASTS, lifecycle.DISABLED),
        (
            ends + lifecycle.EXPIRED_LASTS + lifecycle.DISABLED_LASTS,
            lifecycle.DELETED,
        ),
    ]
    before = lifecycle.ACTIVE
    for begins, state in steps:
        life.go_to(begins - SECOND * 30)
        life.says(before, f"{day(begins)}")
        life.go_to(begins)
        life.says(state)
        row = life.now
        assert lifecycle.state_at(row, begins - SECOND) == before
        assert lifecycle.state_at(row, begins) == state
        before = state
    assert life.now.term_end == ends
    assert life.subtotals() == [10300]
    assert at_stripe(life.stripe, life.bought).status == "canceled"


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What is left of a life, its times as distances from the purchase."""

    times: dict[str, dt.timedelta | None]
    invoices: list[tuple[str, int]]
    stripe_status: str
    live: int


def result_of(life: Life) -> Result:
    row = life.now
    assert row.bought_at is not None
    names = ("term_start", "term_end", "past_due_since", "disabled_at")
    instants = {name: getattr(row, name) for name in names}
    return Result(
        {name: each and each - row.bought_at for name, each in instants.items()},
        [(each.status, each.subtotal_minor) for each in life.invoices()][:2],
        row.stripe_status,
        LicenseAssignment.objects.filter(ended_at=None).count(),
    )


DAILY = [*range(26, 32), *range(56, 62), *range(146, 152)]
LATE = [20, 35, 42, 49, 56, 65, 72, 100, 155]


@pytest.mark.parametrize(
    ("days", "rounds"),
    [
        pytest.param(DAILY, 1, id="daily"),
        pytest.param(DAILY, 2, id="twice-a-day"),
        pytest.param(LATE, 1, id="not-for-a-week"),
    ],
)
def test_jobs_that_run_twice_or_late_change_nothing(
    started: Life, days: list[int], rounds: int
) -> None:
    """Nor do webhooks: they come with the jobs here."""
    life = started
    life.rounds = rounds
    pay_with(life.stripe, life.bought, "pm_card_chargeCustomerFail")
    bought = life.now.bought_at
    assert bought is not None

    for number in days:
        life.go_to(bought + DAY * number)

    assert result_of(life) == Result(
        times={
            "term_start": DAY * 28,
            "term_end": DAY * 59,
            "past_due_since": DAY * 28,
            "disabled_at": DAY * 58,
        },
        invoices=[("paid", 10300), ("void", 10300)],
        stripe_status="canceled",
        live=0,
    )
