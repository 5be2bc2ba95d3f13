"""In which orders the list of purchases, and its groups, can be asked for."""

from __future__ import annotations

from django.db.models import F, Func, IntegerField
from django.db.models.expressions import OrderBy

from selfservice.subscriptions.lifecycle import LABELS
from selfservice.subscriptions.queries import period_minor

# The states as a subscription goes through them, not as some language spells them.
_STAGE = Func(
    "state",
    template=f"array_position('{{{','.join(LABELS)}}}'::text[], %(expressions)s)",
    output_field=IntegerField(),
)

# Of rows with `state`, `purchased_at` and `expires_at`. Every tie is broken, so that
# no row stands on two pages.
ORDERS: dict[str, tuple[str | OrderBy, ...]] = {
    "product": ("product__name", "purchaser__display_name", "id"),
    "-product": ("-product__name", "purchaser__display_name", "id"),
    "purchaser": ("purchaser__display_name", "product__name", "id"),
    "-purchaser": ("-purchaser__display_name", "product__name", "id"),
    "purchased": ("purchased_at", "id"),
    "-purchased": ("-purchased_at", "-id"),
    "assigned": ("assigned", "id"),
    "-assigned": ("-assigned", "-id"),
    "bought": ("quantity", "id"),
    "-bought": ("-quantity", "-id"),
    "status": (OrderBy(_STAGE), "expires_at", "id"),
    "-status": (OrderBy(_STAGE, descending=True), "expires_at", "id"),
    # What was never paid has no such date, and stands last both ways.
    "expiry": ("expires_at", "id"),
    "-expiry": (F("expires_at").desc(nulls_last=True), "-id"),
    # Two currencies can't be compared: each by itself.
    "price": ("price__currency", OrderBy(period_minor()), "id"),
    "-price": ("price__currency", OrderBy(period_minor(), descending=True), "id"),
}
# The columns of groups: `grouping` has the values.
GROUP_ORDERS = (
    "name",
    "others",
    "subscriptions",
    "assigned",
    "bought",
    "idle",
    "spend",
)
ALL_ORDERS = frozenset(
    [*ORDERS, *GROUP_ORDERS, *(f"-{column}" for column in GROUP_ORDERS)]
)
