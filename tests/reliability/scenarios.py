"""What a person does that writes to Stripe: one scenario for each kind of operation.

A scenario tells the same facts three times: as Stripe has them, as our rows have
them, and as the page says them. `tests/reliability/matrix.py` lets everything go
wrong in between, and compares.
"""

from __future__ import annotations

from typing import Any

from tests.reliability.world import World

type Facts = dict[str, Any]

EVERY: dict[str, type[Scenario]] = {}


class Scenario:
    """One thing that a person does. Subclasses register themselves by their name."""

    name = ""
    # The kinds of operation that it begins; none for the catalogue.
    kinds: tuple[str, ...] = ()
    # Whether the page says afterwards that it was done.
    shown = True
    # Whether it can be found at Stripe when the key is too old to ask with.
    provable = True
    # It is refused, by the bank.
    declined = False
    # Only whoever began it finishes it; no worker does.
    by_hand = False

    def __init_subclass__(cls) -> None:
        if cls.name:
            assert cls.name not in EVERY, cls.name
            EVERY[cls.name] = cls

    def prepare(self, world: World) -> None:
        """Everything that was so long before."""

    def act(self, world: World) -> None:
        """What the person does: sends `world.form`."""
        raise NotImplementedError

    def again(self, world: World) -> None:
        """What the person does when there was no answer: the same once more."""
        self.act(world)

    def there(self, world: World) -> Facts:
        """What is so at Stripe."""
        raise NotImplementedError

    def here(self, world: World) -> Facts:
        """The same by our rows; a fact that isn't known yet is left out."""
        raise NotImplementedError

    def here_at_last(self, world: World) -> Facts:
        """The same when everything was compared with Stripe; nothing is left out."""
        return self.here(world)

    def page(self, world: World) -> Facts:
        """The same by the page's words; left out is what it makes no claim about."""
        return {}

    def honest(self, said: Facts, so: Facts) -> bool:
        """Whether the page's words are true while Stripe has it `so`."""
        return all(so[name] == value for name, value in said.items())

    def wanted(self, world: World) -> Facts:
        """What must be so at Stripe when it was done once."""
        raise NotImplementedError

    def check(self, world: World) -> None:
        """Whatever else must be so in the end."""
