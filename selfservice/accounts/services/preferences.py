"""What a person chose for themselves."""

from __future__ import annotations

from selfservice.accounts.models import User
from selfservice.core.hooks import LanguageChosen


def keep_language(chosen: LanguageChosen) -> None:
    """Remember the interface language with the person, for every device and mail."""
    User.objects.filter(pk=chosen.user_id).update(language=chosen.language)
