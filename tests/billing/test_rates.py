"""The tax rate that amounts imply."""

from __future__ import annotations

import pytest

from billing.gateway.shapes import rate_bp


@pytest.mark.parametrize(
    ("tax", "taxable", "rate"),
    [
        (12398, 59040, 2100),
        (1301, 5100, 2550),
        (92, 440, 2100),
        (1, 5, 2000),
        (0, 5100, None),
        (0, 0, None),
    ],
)
def test_the_rate_is_read_from_rounded_amounts(
    tax: int, taxable: int, rate: int | None
) -> None:
    assert rate_bp(tax, taxable) == rate
