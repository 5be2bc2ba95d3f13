"""The whole way through the portal: in both languages, with and without a script, by
mouse and by keyboard, on a desktop and on a phone.

Five ways meet every two of these in every combination; BROWSER=every goes all 16.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from tests.browser import journey
from tests.browser.shop import *
from tests.browser.walking import Walker, Way
from tests.factories.accounts import make_user
from tests.factories.catalog import make_product
from tests.stripe_sandbox import *
from tests.stripe_sandbox import put_on_sale

SIZES = (("en", "nl"), (True, False), (False, True), (False, True))
COVERING = (
    Way("en", script=True, keyboard=False, phone=False),
    Way("en", script=False, keyboard=True, phone=True),
    Way("nl", script=True, keyboard=True, phone=True),
    Way("nl", script=False, keyboard=False, phone=True),
    Way("nl", script=False, keyboard=True, phone=False),
)
EVERY = tuple(Way(*values) for values in itertools.product(*SIZES))
WAYS = EVERY if os.environ.get("BROWSER") == "every" else COVERING


def test_five_ways_meet_every_two_values() -> None:
    for one, other in itertools.combinations(range(len(SIZES)), 2):
        pairs = {
            (values[one], values[other])
            for way in COVERING
            for values in [(way.language, way.script, way.keyboard, way.phone)]
        }
        assert pairs == set(itertools.product(SIZES[one], SIZES[other]))


@pytest.fixture
def shop(anna: User, carla: User, diagrams: Offer, settings: Settings) -> None:
    """Two products, some colleagues, and another operator's portal."""
    settings.OTHER_PORTAL_TIP = journey.TIP
    flow = make_product(
        journey.TRIAL, slug="flow", trial_offered=True, trial_needs_card=True
    )
    put_on_sale(flow, 1200, term=Term.MONTH, frequency=Frequency.MONTHLY)
    for name in journey.PEOPLE:
        make_user(anna.organization, name)


def opened(way: Way) -> Any:
    """A case whose browser is as this way wants it."""
    opening = pytest.mark.browser_context_args(**way.browser)
    return pytest.param(way, marks=opening, id=str(way))


@pytest.mark.parametrize("way", [opened(way) for way in WAYS])
def test_the_whole_journey(page: Page, shop: None, way: Way) -> None:
    walk = Walker(page, way)
    journey.sign_in(walk, "anna@noordzee.example")
    for step in journey.BUYER:
        step(walk)

    page.context.clear_cookies()
    journey.sign_in(walk, "carla@noordzee.example")
    for step in journey.ADMIN:
        step(walk)
