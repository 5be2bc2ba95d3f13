"""What licensing does when other rooms tell it something."""

from __future__ import annotations


def register_all() -> None:
    """Filled in by the rooms' hooks."""
