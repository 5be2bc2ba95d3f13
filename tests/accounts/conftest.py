"""The cast of the tests."""

from tests.cast import *
