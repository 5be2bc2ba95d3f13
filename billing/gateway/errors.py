"""What can go wrong at Stripe, in our words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import stripe
from django.utils.translation import gettext_lazy as _

from selfservice.core.errors import DomainError
from selfservice.core.watch import metrics

logger = logging.getLogger(__name__)


class GatewayUnavailable(DomainError):
    """Stripe's answer is unknown: no connection, a time-out, a 500, too many.

    Never means that nothing happened: the same call with the same key tells.
    """

    def __init__(self) -> None:
        super().__init__(
            _(
                "The payment provider doesn't answer right now. Nothing is lost:"
                " try again in a minute."
            )
        )


class GatewayRejected(DomainError):
    """Stripe refused the request itself: our mistake, or an object that is gone.

    Stripe's own `detail` is written for programmers, in English: never shown.
    """

    def __init__(self, detail: str, *, code: str = "", status: int = 400) -> None:
        super().__init__(_REFUSALS.get(code, _REFUSED))
        self.detail = detail
        self.code = code
        self.status = status


class KeyUsedOtherwise(GatewayRejected):
    """The idempotency key was used before, with other parameters.

    Stripe did what was asked then, and nothing now.
    """


class ActionRequired(DomainError):
    """The bank wants the cardholder to confirm the payment; nothing was charged."""

    def __init__(self) -> None:
        super().__init__(
            _("The bank wants you to confirm this payment. Confirm it to go on.")
        )


class PaymentDeclined(DomainError):
    """The bank said no. `code` is Stripe's decline code, else its error code."""

    def __init__(self, code: str) -> None:
        super().__init__(decline_sentence(code))
        self.code = code


_REFUSED = _(
    "The payment provider refused this, so nothing was changed. Load the page again"
    " and try once more; if that doesn't help, Help & support says whom to ask."
)
_REFUSALS = {
    "email_invalid": _(
        "The payment provider refused this email address. Check it and try again."
    ),
    "postal_code_invalid": _(
        "The payment provider refused this postal code. Check it and try again."
    ),
    "tax_id_invalid": _(
        "The payment provider refused this tax ID. Check it and try again, or leave it"
        " out."
    ),
}
_WANTS_ACTION = frozenset(
    {
        "invoice_payment_intent_requires_action",
        "subscription_payment_intent_requires_action",
    }
)
_NOT_CONFIRMED = _(
    "The bank asked you to confirm this card, and that didn't happen. Try again, or"
    " use another card."
)
_DECLINES = {
    "insufficient_funds": _(
        "There isn't enough money on this card. Use another card, or add money and"
        " try again."
    ),
    "expired_card": _("This card has expired. Use another card."),
    "lost_card": _("The bank declined this card. Use another card."),
    "stolen_card": _("The bank declined this card. Use another card."),
    "incorrect_cvc": _("The security code is wrong. Check it and try again."),
    "processing_error": _(
        "The bank couldn't process the payment just now. Wait a minute and try again."
    ),
    "authentication_required": _NOT_CONFIRMED,
    "setup_intent_authentication_failure": _NOT_CONFIRMED,
    "payment_intent_authentication_failure": _NOT_CONFIRMED,
}


def decline_sentences() -> dict[str, str]:
    """Every reason that the portal has words for; the empty code is any other."""
    return {code: decline_sentence(code) for code in ("", *_DECLINES)}


def decline_sentence(code: str) -> str:
    """The bank's reason in words, with what to do now."""
    default = _(
        "The bank declined this card and gave no reason. Use another card, or ask"
        " your bank."
    )
    return str(_DECLINES.get(code, default))


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's exceptions into ours, and count how it ended.

    Raises PaymentDeclined, ActionRequired, GatewayRejected, KeyUsedOtherwise or
    GatewayUnavailable.
    """
    outcome = "answered"
    try:
        with _in_our_words():
            yield
    except DomainError as error:
        outcome = type(error).__name__
        raise
    finally:
        metrics.stripe_called(outcome)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except stripe.CardError as error:
        if error.code in _WANTS_ACTION:
            raise ActionRequired from error
        code = getattr(error.error, "decline_code", None) or error.code or ""
        raise PaymentDeclined(code) from error
    except (stripe.RateLimitError, stripe.APIConnectionError) as error:
        raise GatewayUnavailable from error
    except (
        stripe.InvalidRequestError,
        stripe.AuthenticationError,
        stripe.PermissionError,
        stripe.IdempotencyError,
    ) as error:
        if error.code in _WANTS_ACTION:
            raise ActionRequired from error
        # 409: the same key is at work elsewhere. Its answer is not known yet.
        if error.http_status == 409:
            raise GatewayUnavailable from error
        mapped = (
            KeyUsedOtherwise
            if isinstance(error, stripe.IdempotencyError)
            else GatewayRejected
        )
        param = getattr(error, "param", None)
        logger.info("Stripe: %s, %s in %s", error.code, param, error.request_id)
        raise mapped(
            error.user_message or str(error),
            code=error.code or "",
            status=error.http_status or 400,
        ) from error
    except stripe.APIError as error:
        raise GatewayUnavailable from error
