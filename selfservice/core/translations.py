"""Compiles the translations that translators edit into what Django reads."""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_translations(folder: Path) -> int:
    """Compile every catalogue under `folder` that is newer than its result.

    How many that were. Uncertain ("fuzzy") translations are left out.
    """
    return sum(_compile(source) for source in sorted(folder.glob("*/LC_MESSAGES/*.po")))


def _compile(source: Path) -> bool:
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return False
    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=source.parts[-3], domain=source.stem)
    # Of its own, because several processes may start at the same moment.
    new = target.with_suffix(f".mo.{os.getpid()}")
    with new.open("wb") as stream:
        write_mo(stream, catalogue)
    new.replace(target)
    return True
