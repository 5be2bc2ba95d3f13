"""The library's forms, where their words don't help whoever reads them."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class NewPasswordForm(ChangePasswordForm):
    """Labels that stand beside their fields need no placeholder that repeats them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["password1"].label = _("New password")
        self.fields["password2"].label = _("New password, again")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class AppCodeForm(ActivateTOTPForm):
    """The first code of an authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = _("Code from the app")
        code.widget.attrs.pop("placeholder", None)
        code.widget.attrs["inputmode"] = "numeric"


class AddPasskeyForm(AddWebAuthnForm):
    """A key that signs in alone is a passkey; the other comes after the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, alone = self.fields["name"], self.fields["passwordless"]
        name.label = _("Name")
        name.help_text = _("So that you recognize it later, such as My laptop.")
        alone.label = _("Sign in with it without a password")
        alone.help_text = _(
            "Then it is a passkey, and asks for your finger, your face or the device's"
            " code. Otherwise it is a security key, used after your password."
        )


class RenameKeyForm(EditWebAuthnForm):
    """The library's field has no label that could be translated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")


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
