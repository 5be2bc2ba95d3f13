"""How a subscription's writes to Stripe are called, applied, refused and proven.

Importing this registers every kind, so that the worker knows them.
"""

from selfservice.subscriptions.operations.buying import BUY, DROP
from selfservice.subscriptions.operations.card import CARD
from selfservice.subscriptions.operations.ending import END_NOW, GIVE_UP, RECURRING
from selfservice.subscriptions.operations.next_contract import REACTIVATE
from selfservice.subscriptions.operations.quantity import FEWER, MORE
from selfservice.subscriptions.operations.scheduling import SCHEDULE, UNSCHEDULE
from selfservice.subscriptions.operations.transferring import TRANSFER
from selfservice.subscriptions.operations.trials import CONVERT, COUNT, EXTEND

__all__ = [
    "BUY",
    "CARD",
    "CONVERT",
    "COUNT",
    "DROP",
    "END_NOW",
    "EXTEND",
    "FEWER",
    "GIVE_UP",
    "MORE",
    "REACTIVATE",
    "RECURRING",
    "SCHEDULE",
    "TRANSFER",
    "UNSCHEDULE",
]
