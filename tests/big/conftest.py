from tests.cast import *  # noqa: F403  the cast's fixtures
