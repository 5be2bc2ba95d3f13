"""Who may look at the whole organization's purchases."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.core.errors import NoAccess
from selfservice.oversight.queries import global_admins_of


def overseer(request: HttpRequest) -> User:
    """The signed-in admin or reader.

    Raises NoAccess with a sentence on who can grant the role.
    """
    user = person(request)
    if user.sees_oversight:
        return user
    why = _(
        "Only billing administrators, global administrators and global readers of"
        " %(organization)s see these pages."
    ) % {"organization": user.organization.name}
    names = global_admins_of(user.organization_id)
    if names:
        who = _("To get one of these roles, ask a global administrator: %(names)s.") % {
            "names": ", ".join(names)
        }
    else:
        who = _("Ask whoever runs this portal to grant you one of these roles.")
    raise NoAccess(f"{why} {who}")
