"""What subscriptions do when other rooms tell something."""

from __future__ import annotations

from selfservice.core import hooks
from selfservice.subscriptions.models import ContractReason
from selfservice.subscriptions.services import next_contract
from selfservice.subscriptions.services.leaving import stop_renewals_of
from selfservice.subscriptions.services.reactivating import reactivated


def register_all() -> None:
    """Listen to what lower rooms send, and to next contracts."""
    hooks.people_lost.register(stop_renewals)
    next_contract.endings.register(ContractReason.REACTIVATION, reactivated)


def stop_renewals(lost: hooks.PeopleLost) -> None:
    """Nobody pays on for somebody who has left."""
    stop_renewals_of(lost.organization_id, lost.user_ids)
