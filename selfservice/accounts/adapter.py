"""How sign-in behaves here: nobody signs up, people come from the directory."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from selfservice.accounts import confirming
from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.activity.services import choices


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(
        self, request: HttpRequest, **credentials: Any
    ) -> str:
        """Whose password is guessed, and nothing else.

        The library's has the host in it as the browser wrote it, port and all: each
        port would have guesses of its own, and `Host` may name any.
        """
        return str(credentials.get("email", "")).lower()

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the portal's own address: `Host` is whatever the asker wrote."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        return f"{settings.PORTAL_BASE_URL.rstrip('/')}{path}"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to where it was asked for, not to the empty form."""
        return reverse("accounts:security")

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """The same for what the mail calls the portal."""
        portal = urlsplit(settings.PORTAL_BASE_URL).netloc
        site = SimpleNamespace(domain=portal, name=portal)
        super().send_mail(template_prefix, email, {**context, "current_site": site})

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """The library's mails are plain text; these look like all others, too."""
        mail = super().render_mail(template_prefix, email, context, headers)
        if isinstance(mail, EmailMultiAlternatives) and not mail.alternatives:
            given = {**context, "subject": mail.subject, "body": mail.body}
            page = render_to_string("account/email/page.html", given, self.request)
            mail.attach_alternative(page, "text/html")
        return mail

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The library's, and the organization's sign-in for whoever has that."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if user.is_authenticated and confirming.provider_of(user):
            methods.append(
                {
                    "id": "organization",
                    "description": _("Use your organization's sign-in"),
                    "url": reverse("accounts:confirm"),
                }
            )
        return methods

    def is_reauthentication_required(self, *, app: str, **given: Any) -> bool:
        """Whether changing how one signs in asks again.

        The library lets through whoever has no password here; we send them to their
        organization's sign-in. Raises ReauthenticationRequired for that.
        """
        user = self.request.user
        elsewhere_only = not get_reauthentication_flows(user)
        if elsewhere_only and confirming.provider_of(user):
            if not confirming.did_just_confirm(self.request):
                raise ReauthenticationRequired
            return False
        return bool(super().is_reauthentication_required(app=app, **given))


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Signing out elsewhere takes back whatever lets somebody in elsewhere."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        super().end_sessions(sessions)
        user = person(self.request)
        if choices.stop_calendars(user.organization_id, [user.pk]):
            messages.info(
                self.request,
                _(
                    "Your calendar's address doesn't work any more, either. You can"
                    " make a new one under Billing notifications."
                ),
            )


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Lets in by an organization's identity provider whom its directory names.

    Never by email: whoever can write an address at their provider would be anybody.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Link the subject to the person with that Object Id, at the first time.

        Raises PermissionDenied for somebody of another organization than the
        provider's, also when they were linked before, and for a subject whom the
        directory names otherwise.
        """
        if confirming.is_confirmation(sociallogin):
            raise ImmediateHttpResponse(confirming.confirm(request, sociallogin))
        slug = sociallogin.provider.app.settings["organization"]
        people = User.objects.filter(organization__slug=slug)
        subject = sociallogin.account.uid
        known = sociallogin.user if sociallogin.is_existing else request.user
        if known.is_authenticated:
            _refuse_strangers(cast(User, known), slug, subject)
        else:
            person = people.filter(
                object_id=subject, is_active=True, removed_at=None
            ).first()
            if person is not None and subject:
                sociallogin.connect(request, person)
        confirming.remember_when(request, sociallogin)


def _refuse_strangers(known: User, slug: str, subject: str) -> None:
    """Raises PermissionDenied when this subject isn't this person."""
    others = User.objects.filter(
        organization_id=known.organization_id, object_id=subject
    ).exclude(pk=known.pk)
    if (
        known.organization.slug != slug
        or known.object_id not in {"", subject}
        or others.exists()
    ):
        raise PermissionDenied
