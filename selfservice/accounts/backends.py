"""Sign-in, and the person behind a session."""

from __future__ import annotations

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import AnonymousUser

from selfservice.accounts.models import User
from selfservice.core.statements import Later, Statement


@cache
def _person() -> Statement[User]:
    people = User.objects.select_related("organization")
    found = people.filter(pk=Later("user"), is_active=True, removed_at=None)
    return Statement(found[:1], prepared=True)


class PersonBackend(AuthenticationBackend):
    """allauth's backend, reading the organization along with the person."""

    def get_user(self, user_id: Any) -> User | None:
        return _person().first(user=user_id)

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        return isinstance(user, User) and user.can_sign_in
