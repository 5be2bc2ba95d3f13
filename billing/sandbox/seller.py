"""Who sells, from the environment, as the portal's production settings name it."""

from __future__ import annotations

import dataclasses
import os


@dataclasses.dataclass(frozen=True, slots=True)
class Seller:
    """The account's owner: what stands on invoices, and where tax begins.

    The country needn't be in the address: a PDF names it in its own language.
    """

    name: str
    address: tuple[str, ...]
    country: str
    vat_number: str


def seller() -> Seller:
    """From SELLER_NAME, SELLER_ADDRESS (commas part its lines), …_COUNTRY, …_VAT."""
    get = os.environ.get
    address = get("SELLER_ADDRESS") or "Voorbeeldkade 1, 1011 AA Amsterdam"
    return Seller(
        name=get("SELLER_NAME") or "Portal Demo B.V.",
        address=tuple(line.strip() for line in address.split(",")),
        country=get("SELLER_COUNTRY") or "NL",
        vat_number=get("SELLER_VAT") or "NL004495445B01",
    )
