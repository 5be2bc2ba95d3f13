"""Letting people in for the first time: a mail with a link to choose a password."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from selfservice.accounts.models import User

_DAY = 24 * 60 * 60


def password_link(person: User) -> str:
    """An address on which `person` chooses a password, once.

    Valid for `PASSWORD_RESET_TIMEOUT` seconds, until the next sign-in, or until the
    password or the email changes.
    """
    path = reverse(
        "account_reset_password_from_key",
        kwargs={
            "uidb36": user_pk_to_url_str(person),
            "key": default_token_generator.make_token(person),
        },
    )
    return settings.PORTAL_BASE_URL.rstrip("/") + path


def invite(person: User) -> None:
    """Send `person` the link, in their language.

    Raises OSError when the mail server can't be reached or refuses.
    """
    context: dict[str, object] = {
        "person": person,
        "organization": person.organization,
        "link": password_link(person),
        "portal": settings.PORTAL_BASE_URL,
        "days": settings.PASSWORD_RESET_TIMEOUT // _DAY,
    }
    with translation.override(person.language or settings.LANGUAGE_CODE):
        subject = " ".join(_rendered("subject.txt", context).split())
        context |= {"subject": subject, "name": person.display_name}
        mail = EmailMultiAlternatives(
            subject=subject,
            body=_rendered("message.txt", context),
            to=[person.email],
        )
        mail.attach_alternative(_rendered("message.html", context), "text/html")
    mail.send()


def _rendered(name: str, context: dict[str, object]) -> str:
    return render_to_string(f"accounts/email/invitation_{name}", context).strip() + "\n"
