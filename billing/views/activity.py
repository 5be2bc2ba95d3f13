"""The activity log of a billing account, and of a billing profile."""

from __future__ import annotations

import uuid

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.views.accounts import account_or_404, profile_or_404
from selfservice.accounts.requests import person
from selfservice.accounts.views.activity import Part, activity_page
from selfservice.core.htmx import HtmxHttpRequest


@require_safe
def account_activity(
    request: HtmxHttpRequest, account_id: uuid.UUID
) -> HttpResponseBase:
    found = account_or_404(request, account_id)
    here = reverse("billing:account", args=[found.pk])
    return activity_page(request, _part(request, found.pk, found.name, here))


@require_safe
def profile_activity(
    request: HtmxHttpRequest, profile_id: uuid.UUID
) -> HttpResponseBase:
    found = profile_or_404(request, profile_id)
    here = reverse("billing:profile", args=[found.pk])
    return activity_page(request, _part(request, found.pk, found.name, here))


def _part(
    request: HtmxHttpRequest, subject_id: uuid.UUID, name: str, here: str
) -> Part:
    return Part(
        reader=person(request),
        title=_("Activity of %(product)s") % {"product": name},
        up=[(_("Billing accounts"), reverse("billing:accounts")), (name, here)],
        subject_ids=[subject_id],
    )
