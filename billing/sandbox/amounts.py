"""Minor units in words: not every currency has hundredths.

Source: https://docs.stripe.com/currencies
"""

from __future__ import annotations

WITHOUT_DECIMALS = {
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd",
    "vuv", "xaf", "xof", "xpf",
}  # fmt: skip  # a table
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}


def decimals(currency: str) -> int:
    """How many digits stand behind the point."""
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def figure(minor: int, currency: str) -> str:
    """`123456` in EUR as 1,234.56; in JPY as 123,456; in KWD as 123.456."""
    places = decimals(currency)
    # Whole numbers only: a float would lose the last digit of a large amount.
    whole, rest = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}" + (f".{rest:0{places}d}" if places else "")


def amount(minor: int, currency: str) -> str:
    """`EUR 1,234.56`."""
    return f"{currency.upper()} {figure(minor, currency)}"
