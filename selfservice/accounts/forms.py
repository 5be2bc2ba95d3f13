"""The library's forms, where their words don't help whoever reads them."""

from __future__ import annotations

from typing import Any

from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class PasskeyForm(LoginWebAuthnForm):
    """Signing in with a passkey. The library calls an unknown one a wrong code."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()
        except ValidationError as error:
            raise ValidationError(
                _(
                    "This passkey isn't known here: it was removed, or it belongs to"
                    " somebody who may no longer sign in. Sign in another way, and add"
                    " a new one."
                ),
                code="unknown_passkey",
            ) from error
