"""The cast of the tests, and Stripe's stand-in."""

from tests.cast import *  # noqa: F403  fixtures are found by name
from tests.stripe_sandbox import *  # noqa: F403
