"""The EU's register of VAT numbers, asked over its REST interface.

Off while `VIES_URL` is empty. An outage, of the register or of one member state's
part of it, is no answer: such a number is not checked yet, never invalid.
Source: https://ec.europa.eu/taxation_customs/vies/#/technical-information
"""

from __future__ import annotations

import logging

import requests
from django.conf import settings

from billing.gateway.client import refuse_inside_transaction

log = logging.getLogger(__name__)

# Seconds to connect and to wait for the answer; member states are slow.
TIMEOUT = (3, 20)


def is_on() -> bool:
    """Whether the register is asked at all."""
    return bool(settings.VIES_URL)


def is_registered(number: str) -> bool | None:
    """Whether the register has this number; null when it gave no answer.

    Must be called outside any transaction.
    """
    refuse_inside_transaction()
    asked = {"countryCode": number[:2], "vatNumber": number[2:]}
    try:
        response = requests.post(
            f"{settings.VIES_URL.rstrip('/')}/check-vat-number",
            json=asked,
            timeout=TIMEOUT,
        )
        response.raise_for_status()
        answer = response.json()
    except (requests.RequestException, ValueError) as error:
        log.info("VIES doesn't answer: %s", type(error).__name__)
        return None
    found = answer.get("valid") if isinstance(answer, dict) else None
    # Some refusals come as an answer, such as too many questions at once.
    return found if isinstance(found, bool) else None
