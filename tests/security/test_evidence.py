"""What the documents name as evidence is there."""

from __future__ import annotations

import re

import pytest

from tests.sandbox_process import ROOT

NAMED = re.compile(r"`(?:tests/)?((?:\w+/)*test_\w+)(\.py)?`")
TESTS = ROOT / "tests"


@pytest.mark.parametrize("name", ["security", "reliability", "scale", "performance"])
def test_every_test_that_a_document_names_exists(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text()
    functions = {
        found
        for path in TESTS.rglob("test_*.py")
        for found in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }

    missing = [
        path
        for path, is_file in NAMED.findall(text)
        if not (list(TESTS.rglob(f"{path}.py")) if is_file else path in functions)
    ]

    assert not missing
