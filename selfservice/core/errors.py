"""Errors that a person can do something about."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.functional import Promise


class DomainError(Exception):
    """A refusal, with a sentence that says what, why and what now.

    Services raise subclasses of it; views show `str(error)` beside the form.
    """

    def __init__(self, sentence: str | Promise = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class NoAccess(PermissionDenied):
    """A page is somebody else's. The sentence is for its reader, and for no log.

    Nothing of it is in `args`: whoever writes the exception down writes no names.
    """

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__()
        self.sentence = sentence
