"""How a lower room tells, or asks, a higher one without importing it.

A hook is declared here with the type of what it passes; a higher room registers
a receiver in its `AppConfig.ready()`; the lower room sends.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from selfservice.core.money import Money


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

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def items(self) -> Iterable[tuple[str, Value]]:
        return self._values.items()


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


@dataclasses.dataclass(frozen=True, slots=True)
class InvoicePaid:
    """Somebody paid an invoice by hand; what it is for may go on.

    Sent outside any transaction, so that Stripe can be asked.
    """

    organization_id: uuid.UUID
    subscription_id: uuid.UUID


people_lost: Hook[PeopleLost, None] = Hook("people_lost")
subscription_paid: Hook[SubscriptionPaid, None] = Hook("subscription_paid")
subscription_handed_over: Hook[SubscriptionHandedOver, None] = Hook(
    "subscription_handed_over"
)
subscription_resuming: Hook[SubscriptionResumes, None] = Hook("subscription_resuming")
subscription_resumed: Hook[SubscriptionResumes, None] = Hook("subscription_resumed")
access_ended: Hook[AccessEnded, None] = Hook("access_ended")
invoice_paid: Hook[InvoicePaid, None] = Hook("invoice_paid")
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
    """A person picked a language in the header, or signed in with it at first."""

    organization_id: uuid.UUID
    user_id: uuid.UUID
    language: str


language_chosen: Hook[LanguageChosen, None] = Hook("language_chosen")


@dataclasses.dataclass(frozen=True, slots=True)
class TermsAsked:
    """Which terms has this purchaser accepted?"""

    organization_id: uuid.UUID
    purchaser_id: uuid.UUID


@dataclasses.dataclass(frozen=True, slots=True)
class TermsAccepted:
    """A version of the terms, when it was accepted first, and where it can be read."""

    version: str
    accepted_at: dt.datetime
    url: str


terms_accepted: Hook[TermsAsked, list[TermsAccepted]] = Hook("terms_accepted")


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


@dataclasses.dataclass(frozen=True, slots=True)
class SearchAsked:
    """What somebody types into the header. `text` has two letters at least.

    A receiver shows only what the person of `request` may see, and at most `limit`
    of it; it reads one more, to know whether there are more.
    """

    request: HttpRequest
    text: str
    limit: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found. `picture` is decoration; `badge` its kind and name."""

    title: str
    url: str
    text: str = ""
    picture: SafeString | str = ""
    badge: tuple[str, str] | None = None
    # What else can be opened: name and address.
    links: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HitGroup:
    """What one room found. `all_url` lists everything, where there is such a page.

    Groups stand by their `order`; `key` is an id in the page.
    """

    key: str
    order: int
    heading: str | Promise
    hits: list[Hit]
    more: bool = False
    all_url: str = ""


search: Hook[SearchAsked, HitGroup] = Hook("search")


@dataclasses.dataclass(frozen=True, slots=True)
class CardsAsked:
    """What do the cards of these billing profiles pay for now?"""

    organization_id: uuid.UUID
    profile_ids: tuple[uuid.UUID, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class CardUse:
    """A subscription in use, or an order, that a card pays for.

    `charge` is what it is charged next, exclusive of tax; null when nothing more is.
    `waits`: its payment isn't settled yet, so that the card can't be changed.
    """

    method_id: uuid.UUID
    subscription_id: uuid.UUID
    title: str
    url: str
    charge: Money | None
    charged_at: dt.datetime | None
    past_due: bool = False
    waits: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class CardReplaced:
    """Another card takes over what the former ones of the same profile pay for.

    Sent inside the transaction that writes it down, which has locked the profile.
    Whoever pays with them begins an operation for each thing paid for, and answers
    their ids; raises DomainError when one of them can't be changed now. Without a
    `card_id` nothing takes over, and whatever is paid for is refused.
    """

    organization_id: uuid.UUID
    profile_id: uuid.UUID
    former_ids: tuple[uuid.UUID, ...]
    card_id: uuid.UUID | None


payment_method_usage: Hook[CardsAsked, list[CardUse]] = Hook("payment_method_usage")
card_replaced: Hook[CardReplaced, list[uuid.UUID]] = Hook("card_replaced")
