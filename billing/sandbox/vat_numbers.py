"""The form of VAT numbers, country by country. Digits are not checked further.

Source: https://ec.europa.eu/taxation_customs/vies/#/faq
"""

from __future__ import annotations

import re

FORMS = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}", "DE": r"\d{9}", "DK": r"\d{8}", "EE": r"\d{9}",
    "EL": r"\d{9}", "ES": r"[0-9A-Z]\d{7}[0-9A-Z]", "FI": r"\d{8}",
    "FR": r"[0-9A-Z]{2}\d{9}", "HR": r"\d{11}", "HU": r"\d{8}",
    "IE": r"\d{7}[A-Z]{1,2}|\d[0-9A-Z+*]\d{5}[A-Z]", "IT": r"\d{11}",
    "LT": r"\d{9}|\d{12}", "LU": r"\d{8}", "LV": r"\d{11}", "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}", "PL": r"\d{10}", "PT": r"\d{9}", "RO": r"\d{2,10}",
    "SE": r"\d{12}", "SI": r"\d{8}", "SK": r"\d{10}", "XI": r"\d{9}|\d{12}",
}  # fmt: skip  # a table


def cleaned(value: str) -> str:
    """Without the spaces, dots and dashes that people write."""
    return re.sub(r"[\s.\-]", "", value).upper()


def has_form(value: str) -> bool:
    """Whether a cleaned number looks like one of its country."""
    form = FORMS.get(value[:2])
    return form is not None and re.fullmatch(form, value[2:]) is not None


def country_of(value: str) -> str:
    """The country's code; Greece has another one in VAT numbers."""
    return {"EL": "GR"}.get(value[:2], value[:2])
