"""Errors that a person can do something about."""

from __future__ import annotations

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
