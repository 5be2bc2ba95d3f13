"""The cast of the tests, and Stripe's stand-in."""

from tests.cast import *
from tests.stripe_sandbox import *
