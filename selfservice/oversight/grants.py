"""What the role of the oversight pages may read: no card, no address, no password."""

from __future__ import annotations

from django.db.models import Model

from billing.models import Invoice
from licensing.models import LicenseAssignment
from selfservice.accounts.models import PersonWord, User
from selfservice.activity.models import Activity, ActivityDetail
from selfservice.catalog.models import Plan, Price, Product
from selfservice.core.reading_role import let_read
from selfservice.subscriptions.models import ScheduledChange, Subscription

WHOLE: list[type[Model]] = [
    Product,
    Plan,
    Price,
    PersonWord,
    LicenseAssignment,
    ScheduledChange,
    Activity,
]

PARTS: dict[type[Model], tuple[str, ...]] = {
    User: (
        "id",
        "organization",
        "display_name",
        "department",
        "is_active",
        "removed_at",
    ),
    # Neither the card nor the billing profile, nor why somebody canceled.
    Subscription: (
        "id",
        "organization",
        "purchaser",
        "product",
        "plan",
        "price",
        "order_state",
        "quantity",
        "scheduled_quantity",
        "assigned",
        "recurring_billing",
        "ordered_at",
        "bought_at",
        "term_start",
        "term_end",
        "trial_end",
        "quantity_after_trial",
        "disabled_at",
        "past_due_since",
        "stripe_status",
    ),
    # What was spent on what, and when; not who was billed, nor where.
    Invoice: (
        "organization",
        "title",
        "status",
        "currency",
        "paid_minor",
        "refunded_minor",
        "remaining_minor",
        "finalized_at",
    ),
    ActivityDetail: ("organization_id", "activity_id", "origin", "name"),
}


def register_all() -> None:
    for model in WHOLE:
        let_read(model)
    for model, fields in PARTS.items():
        let_read(model, *fields)
