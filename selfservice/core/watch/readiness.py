"""Whether this process can do its work: the database answers, the queue moves."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from selfservice.core.hooks import Registry

type Facts = dict[str, float | str]

# What each room has to say of itself, by topic, asked at every look. Only `queue`, of
# `core.jobs`, decides whether the process is ready.
topics: Registry[Callable[[], Facts]] = Registry("readiness topic")


def facts() -> dict[str, Facts]:
    """What there is to know, by topic.

    Raises DatabaseError when the database doesn't answer.
    """
    return {name: ask() for name, ask in topics.items()}


def moves(queue: Facts) -> bool:
    """Whether no job has waited for longer than `READY_QUEUE_AGE` seconds."""
    return float(queue["age_seconds"]) <= settings.READY_QUEUE_AGE
