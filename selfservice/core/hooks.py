"""How a lower room tells, or asks, a higher one without importing it.

A hook is declared here with the type of what it passes; a higher room registers
a receiver in its `AppConfig.ready()`; the lower room sends.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable


class Hook[Message, Answer]:
    """A typed list of receivers, called in the order in which they registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._receivers: list[Callable[[Message], Answer]] = []

    def register(
        self, receiver: Callable[[Message], Answer], *, first: bool = False
    ) -> Callable[[Message], Answer]:
        """Add it after the others; `first` before them, where locks have an order."""
        if receiver not in self._receivers:
            self._receivers.insert(0 if first else len(self._receivers), receiver)
        return receiver

    def send(self, message: Message) -> list[Answer]:
        """Every receiver's answer. An exception of one ends the whole."""
        return [receiver(message) for receiver in self._receivers]


class Registry[Value]:
    """A dictionary that refuses a second value for the same name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._values: dict[str, Value] = {}

    def register(self, key: str, value: Value) -> Value:
        if self._values.setdefault(key, value) is not value:
            raise ValueError(f"{self.name}: {key} is taken")
        return value

    def get(self, key: str) -> Value | None:
        return self._values.get(key)

    def keys(self) -> Iterable[str]:
        return self._values.keys()


@dataclasses.dataclass(frozen=True, slots=True)
class PeopleLost:
    """These people can't hold licenses any more: disabled, or removed.

    Sent inside the transaction that disables them.
    """

    organization_id: uuid.UUID
    user_ids: tuple[uuid.UUID, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SubscriptionPaid:
    """A subscription became usable; whoever hands out licenses may act on it.

    Sent inside the transaction that activates it.
    """

    organization_id: uuid.UUID
    subscription_id: uuid.UUID
    assign_to: tuple[uuid.UUID, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SubscriptionResumes:
    """A subscription that was over is paid again: licenses come back with it.

    `subscription_resuming` is sent before the subscription is locked: whoever holds
    licenses is locked then, together with `people`, and the licenses after them.
    `subscription_resumed` is sent in the same transaction, once it is active.
    """

    organization_id: uuid.UUID
    subscription_id: uuid.UUID
    people: tuple[uuid.UUID, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class AccessEnded:
    """Nobody can use a subscription from now on.

    Sent inside the transaction that ends it.
    """

    organization_id: uuid.UUID
    subscription_id: uuid.UUID


@dataclasses.dataclass(frozen=True, slots=True)
class StripeEventSeen:
    """An event of Stripe's: only a hint that `object_id` must be read again."""

    event_type: str
    object_id: str
    customer_id: str


@dataclasses.dataclass(frozen=True, slots=True)
class SubscriptionHandedOver:
    """Somebody else has a subscription now; people keep their licenses of it.

    Sent inside the transaction that hands it over, before and after its row is
    locked: a second time there may be nothing left to do.
    """

    organization_id: uuid.UUID
    subscription_id: uuid.UUID
    receiver_id: uuid.UUID


@dataclasses.dataclass(frozen=True, slots=True)
class RefundMade:
    """Stripe agreed to give money back. `amount_minor` is in the invoice's currency.

    `reference` is the only one of its kind. Sent inside the transaction that applies
    Stripe's answer.
    """

    organization_id: uuid.UUID
    subscription_id: uuid.UUID
    stripe_invoice_id: str
    amount_minor: int
    reference: str


people_lost: Hook[PeopleLost, None] = Hook("people_lost")
subscription_paid: Hook[SubscriptionPaid, None] = Hook("subscription_paid")
subscription_handed_over: Hook[SubscriptionHandedOver, None] = Hook(
    "subscription_handed_over"
)
subscription_resuming: Hook[SubscriptionResumes, None] = Hook("subscription_resuming")
subscription_resumed: Hook[SubscriptionResumes, None] = Hook("subscription_resumed")
access_ended: Hook[AccessEnded, None] = Hook("access_ended")
refund_made: Hook[RefundMade, None] = Hook("refund_made")
stripe_handlers: Registry[Callable[[StripeEventSeen], None]] = Registry("stripe_event")


def on_stripe_event[Handler: Callable[[StripeEventSeen], None]](
    *event_types: str,
) -> Callable[[Handler], Handler]:
    """Register the handler of these event types; one handler a type."""

    def register(handler: Handler) -> Handler:
        for event_type in event_types:
            stripe_handlers.register(event_type, handler)
        return handler

    return register


@dataclasses.dataclass(frozen=True, slots=True)
class LanguageChosen:
    """A signed-in person picked a language in the header."""

    user_id: uuid.UUID
    language: str


language_chosen: Hook[LanguageChosen, None] = Hook("language_chosen")


@dataclasses.dataclass(frozen=True, slots=True)
class InvoiceAsked:
    """What is this invoice of Stripe's subscription for?"""

    organization_id: uuid.UUID
    stripe_subscription_id: str


@dataclasses.dataclass(frozen=True, slots=True)
class InvoiceSubject:
    """The subscription of ours, and the words for the list of invoices."""

    subscription_id: uuid.UUID | None
    title: str


invoice_subject: Hook[InvoiceAsked, InvoiceSubject] = Hook("invoice_subject")
