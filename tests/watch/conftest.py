from tests.cast import *  # noqa: F403  the cast's fixtures
from tests.stripe_sandbox import *  # noqa: F403  the sandbox's fixtures
