"""The activity log of the whole organization, and of one purchase. Read-only."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from selfservice.accounts.history import Subject
from selfservice.accounts.views.activity import Part, activity_page
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest
from selfservice.oversight.access import overseer
from selfservice.oversight.queries import ALIAS, purchase_for, titles_of


@require_safe
def activity(request: HtmxHttpRequest) -> HttpResponseBase:
    reader = overseer(request)

    def subjects(asked: set[uuid.UUID]) -> Mapping[uuid.UUID, Subject]:
        titles = titles_of(reader.organization_id, asked)
        return {
            pk: Subject(title, reverse("oversight:purchase", args=[pk]))
            for pk, title in titles.items()
        }

    part = Part(
        reader=reader,
        title=_("Activity of %(organization)s")
        % {"organization": reader.organization.name},
        up=[(_("Self-service purchases"), reverse("oversight:purchases"))],
        subject_ids=None,
        subjects=subjects,
        using=ALIAS,
    )
    return activity_page(request, part)


@require_safe
def purchase_activity(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponseBase:
    reader = overseer(request)
    found = purchase_for(reader.organization_id, subscription_id, clock.now())
    if found is None:
        raise Http404
    title = _("%(product)s of %(purchaser)s") % {
        "product": found.product.name,
        "purchaser": found.purchaser.display_name,
    }
    part = Part(
        reader=reader,
        title=_("Activity of %(product)s") % {"product": title},
        up=[
            (_("Self-service purchases"), reverse("oversight:purchases")),
            (
                found.product.name,
                reverse("oversight:purchase", args=[subscription_id]),
            ),
        ],
        subject_ids=[subscription_id],
        using=ALIAS,
    )
    return activity_page(request, part)
