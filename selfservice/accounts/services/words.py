"""Names and addresses as people type them: without accents, capitals and dots."""

from __future__ import annotations

import re
import unicodedata

SUFFIX_LENGTH = 254
# A display name of more words is no name; its first ones are found.
MOST_WORDS = 20

# Letters that Unicode doesn't take apart into a plain one and an accent.
_PLAIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ħ": "h",
        "ı": "i",
        "ŧ": "t",
        "ŋ": "n",
        "ĸ": "k",
    }
)
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def normalized(text: str) -> str:
    """`text` in lower case, without accents, its words separated by one space.

    "Zoë van-den  Bergh" is "zoe van den bergh".
    """
    folded = text.casefold()
    if not folded.isascii():
        parts = unicodedata.normalize("NFKD", folded)
        parts = "".join(c for c in parts if not unicodedata.combining(c))
        folded = parts.casefold().translate(_PLAIN)
    return _BETWEEN_WORDS.sub(" ", folded).strip()


def name_suffixes(name: str) -> list[str]:
    """The whole normalized name, then without its first word, and so on.

    Empty for a name without a letter or digit.
    """
    words = normalized(name).split()[:MOST_WORDS]
    return [" ".join(words[i:])[:SUFFIX_LENGTH] for i in range(len(words))]


def typed_address(text: str) -> str:
    """What was typed, as the beginning of an email address; empty if it can't be."""
    typed = text.strip().lower()
    plain = typed.isprintable() and " " not in typed
    return typed[:SUFFIX_LENGTH] if plain else ""
