"""What a person chose for themselves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language_from_request

from selfservice.accounts.models import User
from selfservice.core import hooks
from selfservice.core.hooks import LanguageChosen


def keep_language(chosen: LanguageChosen) -> None:
    """Remember the interface language with the person, for every device and mail."""
    User.objects.filter(pk=chosen.user_id).update(language=chosen.language)


def meet_in_their_language(
    sender: Any, request: HttpRequest, user: User, **given: Any
) -> None:
    """Whoever chose none keeps the one that they sign in with.

    Mails are written when no browser is there that could be asked.
    """
    asked = request.META.get("HTTP_ACCEPT_LANGUAGE") or request.COOKIES.get(
        settings.LANGUAGE_COOKIE_NAME
    )
    if user.language or not asked:
        return
    user.language = get_language_from_request(request)
    hooks.language_chosen.send(
        LanguageChosen(user.organization_id, user.pk, user.language)
    )
