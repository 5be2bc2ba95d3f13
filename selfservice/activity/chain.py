"""How the log's hashes are made; anybody can make them again, from these lines.

Everything that is hashed is canonical JSON (RFC 8785), by SHA-256.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import rfc8785

from selfservice.activity.models import Activity, Seal

SIZE = hashlib.sha256().digest_size
# In place of an entry that was gone before it could be sealed.
GONE = bytes(SIZE)


def digest_of(entry: Activity) -> bytes:
    """Everything that an entry says, in 32 bytes."""
    return _sha256(
        {
            "id": str(entry.pk),
            "organization": str(entry.organization_id),
            "actor": str(entry.actor_id) if entry.actor_id else None,
            "subject_kind": entry.subject_kind,
            "subject": str(entry.subject_id),
            "verb": entry.verb,
            "before": entry.before,
            "after": entry.after,
            "happened_at": entry.happened_at.astimezone(dt.UTC).isoformat(),
            "origin": entry.origin_digest,
            "person": entry.person_digest,
        }
    )


def hash_of(
    organization_id: uuid.UUID,
    number: int,
    previous: str,
    entries: Sequence[uuid.UUID],
    digests: bytes,
) -> str:
    """What holds these entries, in this order, after the seal with hash `previous`."""
    held = {
        "organization": str(organization_id),
        "number": number,
        "previous": previous,
        "entries": [str(entry) for entry in entries],
        "digests": digests.hex(),
    }
    return _sha256(held).hex()


def holds(seal: Seal) -> bool:
    """Whether a stored seal is the one that was made."""
    digests = bytes(seal.digests)
    made = hash_of(
        seal.organization_id, seal.number, seal.previous, seal.entries, digests
    )
    return made == seal.hash and len(digests) == SIZE * len(seal.entries)


def digests_in(seal: Seal) -> list[bytes]:
    """Those of its entries, in order."""
    held = bytes(seal.digests)
    return [held[at : at + SIZE] for at in range(0, len(held), SIZE)]


def salted(salt: str, *words: str) -> str:
    """The digest of what stands apart; tells nothing without its salt (hex)."""
    return _sha256({"salt": salt, "words": list(words)}).hex()


def _sha256(value: dict[str, Any]) -> bytes:
    return hashlib.sha256(rfc8785.dumps(value)).digest()
