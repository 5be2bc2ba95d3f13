"""When the identity provider of the tests last asked somebody who they are."""

from __future__ import annotations

import os
from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from django.contrib.auth.models import User
from django.utils import timezone


def remember(sender: Any, user: User, **given: Any) -> None:
    """However they were asked: signing in, or confirming it."""
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())


authentication_step_completed.connect(remember)


class Telling(DefaultOIDCAdapter):
    def populate_id_token(self, id_token: Any, *about: Any, **given: Any) -> None:
        asked = User.objects.get(pk=id_token["sub"]).last_login
        if asked and not os.environ.get("SILENT"):
            id_token["auth_time"] = int(asked.timestamp())
