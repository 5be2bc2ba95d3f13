"""Stripe's contract, read from the generated types inside the `stripe` package.

Which parameters an operation takes, and which keys an object has. It reads the
package's internals, so the version is pinned and a test counts what it finds.
"""

from billing.sandbox.contract.params import check_params
from billing.sandbox.contract.shapes import blank, faults_of, inspect, violations
from billing.sandbox.contract.types import (
    Operation,
    hints,
    match,
    operations,
    resources,
)

__all__ = [
    "Operation",
    "blank",
    "check_params",
    "faults_of",
    "hints",
    "inspect",
    "match",
    "operations",
    "resources",
    "violations",
]
