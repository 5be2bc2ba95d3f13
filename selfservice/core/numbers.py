"""Whole numbers as people read them: 2,500 in English, 2.500 in Dutch."""

from __future__ import annotations

from django.utils.formats import number_format


class Grouped(int):
    """A number that shows its thousands where a sentence says %(count)s.

    It stays a number, because the plural of a sentence depends on it, and is written
    in the language of whoever reads it, also when that is known later.
    """

    def __str__(self) -> str:
        return number_format(int(self), force_grouping=True)
