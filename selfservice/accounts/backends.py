"""Sign-in, and the person behind a session."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import AnonymousUser

from selfservice.accounts.models import User


class PersonBackend(AuthenticationBackend):
    """allauth's backend, reading the organization along with the person."""

    def get_user(self, user_id: Any) -> User | None:
        people = User.objects.select_related("organization")
        return people.filter(pk=user_id, is_active=True, removed_at=None).first()

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        return isinstance(user, User) and user.can_sign_in
