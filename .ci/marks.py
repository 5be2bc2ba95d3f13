"""Refuses a mark that silences a check without saying, on its line, why it may.

`# noqa: S311  no secret` is one that says it. Where the same would stand many times,
pyproject.toml says it once, for the kind of file.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (".ci", "billing", "deploy", "licensing", "selfservice", "tests")
_MARK = re.compile(
    r"#\s*(?:(?:ruff|flake8):\s*)?noqa\b(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?"
    r"|#\s*type:\s*ignore\b(?:\[[^\]]*\])?"
    r"|#\s*mypy:\s*[\w-]+(?:=\S*)?"
    r"|#\s*fmt:\s*(?:skip|off)\b"
    r"|#\s*(?:pragma:?\s*no\s*cover|nosec|pyright:\s*ignore|isort:\s*\w+)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def main() -> int:
    files = [ROOT / "manage.py"]
    for folder in FOLDERS:
        files += sorted((ROOT / folder).rglob("*.py"))
    found = [
        f"{file.relative_to(ROOT)}:{line}: say why, behind the mark: {mark}"
        for file in files
        for line, mark in unexplained(file.read_text("utf-8"))
    ]
    sys.stdout.writelines(f"{each}\n" for each in found)
    return 1 if found else 0


def unexplained(code: str) -> Iterator[tuple[int, str]]:
    """The line and the words of each mark that no reason follows."""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type != tokenize.COMMENT:
            continue
        reason, marks = _MARK.subn("", token.string)
        if marks and not _WORD.search(reason):
            yield token.start[0], token.string


if __name__ == "__main__":
    sys.exit(main())
