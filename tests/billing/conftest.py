"""The cast of the tests, and the sandbox."""

from tests.cast import *  # noqa: F403  fixtures are found by name
from tests.stripe_sandbox import *  # noqa: F403
