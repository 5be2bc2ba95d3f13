"""Value added tax: standard rates of the European Union, and reverse charge.

Rates: https://europa.eu/youreurope/business/taxation/vat/vat-rules-rates/
"""

from __future__ import annotations

import dataclasses
from decimal import ROUND_HALF_UP, Decimal

from billing.sandbox.seller import seller
from billing.sandbox.store import Store
from billing.sandbox.wire import ApiError, Obj

STANDARD_RATES = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19",
    "DK": "25", "EE": "24", "ES": "21", "FI": "25.5", "FR": "20", "GR": "24",
    "HR": "25", "HU": "27", "IE": "23", "IT": "22", "LT": "21", "LU": "17",
    "LV": "21", "MT": "18", "NL": "21", "PL": "23", "PT": "23", "RO": "21",
    "SE": "25", "SI": "22", "SK": "23",
}  # fmt: skip  # a table


@dataclasses.dataclass(frozen=True, slots=True)
class Treatment:
    """What tax applies. `percent` is zero where `reason` says why."""

    percent: Decimal
    reason: str

    def on(self, amount: int) -> int:
        """The tax on `amount` minor units, rounded half away from zero."""
        exact = Decimal(amount) * self.percent / 100
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def treatment(store: Store, customer: Obj) -> Treatment:
    """Which tax a customer pays: by country, and by a verified foreign number.

    Raises ApiError for a customer whose country isn't known.
    """
    country = (customer["address"] or {}).get("country")
    if not country:
        raise ApiError(
            "The customer's location isn't recognized. Set a valid customer address in"
            " order to automatically calculate tax.",
            "customer_tax_location_invalid",
        )
    if customer["tax_exempt"] == "exempt":
        return Treatment(Decimal(0), "customer_exempt")
    if country not in STANDARD_RATES:
        return Treatment(Decimal(0), "not_collecting")
    foreign = country != seller().country
    if customer["tax_exempt"] == "reverse" or (
        foreign and has_verified_number(store, customer["id"])
    ):
        return Treatment(Decimal(0), "reverse_charge")
    return Treatment(Decimal(STANDARD_RATES[country]), "standard_rated")


def has_verified_number(store: Store, customer_id: str) -> bool:
    return any(
        number["type"] == "eu_vat" and number["verification"]["status"] == "verified"
        for number in store.every("tax_id", customer_id)
    )


def entry(kind: Treatment, amount: int, *, inclusive: bool = False) -> Obj:
    """The tax of one line or of a whole invoice, as Stripe shows it."""
    return {
        "amount": kind.on(amount),
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": "txr_sandbox"},
        "taxability_reason": kind.reason,
        "taxable_amount": amount,
        "type": "tax_rate_details",
        # Ours: small amounts don't tell their rate.
        "_percent": str(kind.percent),
    }
