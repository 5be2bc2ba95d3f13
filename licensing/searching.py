"""What this room answers the search in the header: people who have a license."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from licensing.models import LicenseAssignment
from licensing.people import licensed_like
from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.core import hooks
from selfservice.core.templatetags.ui import avatar

# Somebody may have licenses of several products: so many rows are read for each.
ROWS_EACH = 10


def people(asked: hooks.SearchAsked) -> hooks.HitGroup:
    """To whom the reader gave licenses, by the beginning of any word of the name."""
    most = (asked.limit + 1) * ROWS_EACH
    rows = licensed_like(person(asked.request), asked.text, most)
    found: dict[User, list[LicenseAssignment]] = {}
    for row in rows:
        found.setdefault(row.user, []).append(row)
    return hooks.HitGroup(
        key="people",
        order=20,
        heading=_("People with your licenses"),
        hits=[_hit(user, held) for user, held in list(found.items())[: asked.limit]],
        more=len(found) > asked.limit or len(rows) == most,
    )


def _hit(user: User, held: list[LicenseAssignment]) -> hooks.Hit:
    links = tuple((row.product.name, _url(row)) for row in held)
    return hooks.Hit(
        title=user.display_name,
        url=links[0][1],
        text=f"{user.department} · {user.email}" if user.department else user.email,
        picture=avatar(user),
        links=links,
    )


def _url(row: LicenseAssignment) -> str:
    """The product's licensed people, with nobody but this one."""
    page = reverse("licensing:product", args=[row.product_id])
    return f"{page}?{urlencode({'q': row.user.display_name})}"
