"""The files of deploy/ and its document fit together; `make rehearse` runs them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.rehearsal import blocks, container
from selfservice.core import hooks

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCUMENT = ROOT / "docs" / "deploy.md"
# What the environment of any program has, and what only developers set.
NOT_OURS = {"PORTAL_VAR", "LOG_LEVEL", "DJANGO_SETTINGS_MODULE", "STRIPE_API_BASE"}


def documented() -> set[str]:
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "README.md").read_text(), re.M)
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


def test_every_command_block_is_run_by_the_rehearsal() -> None:
    text = DOCUMENT.read_text("utf-8")
    run = {
        block.commands for each in blocks.sections(DOCUMENT) for block in each.blocks
    }

    assert len(run) == text.count("\n```sh")
    assert text.count("\n```") == 2 * len(run)


def test_a_section_may_be_run_again_on_another_machine() -> None:
    """As it stands: packages and code first, what is the new machine's own after."""
    by_number = {each.number: each.blocks for each in blocks.sections(DOCUMENT)}
    first = [block.commands for number in (1, 2) for block in by_number[number]]

    assert len(first) == 3
    assert [block.commands for block in by_number[14][:3]] == first
    assert len(by_number[14]) > 3
    assert {block.machine for block in by_number[14]} == {"db2"}
    assert {block.machine for number in (1, 2) for block in by_number[number]} == {
        "db1"
    }


def test_sections_are_numbered_in_their_order() -> None:
    numbers = [section.number for section in blocks.sections(DOCUMENT)]

    assert numbers == list(range(1, len(numbers) + 1))


def test_every_step_of_the_container_is_one_that_the_rehearsal_runs() -> None:
    words = [word.lower() for word, _ in container.steps()]

    assert words[0] == "from"
    assert all(hasattr(container.Image, f"_step_{word}") for word in words)


def test_each_process_of_the_container_is_started_by_the_rehearsal() -> None:
    known = container.commands(DOCUMENT)

    assert set(known) == {"worker", "before an upgrade"}
    assert all(command.startswith("python manage.py ") for command in known.values())


def test_what_git_leaves_out_stays_out_of_the_image() -> None:
    ignored, kept_out = (
        {
            line.strip("/").removeprefix("**/")
            for line in (ROOT / name).read_text("utf-8").splitlines()
            if line and not line.startswith("#")
        }
        for name in (".gitignore", ".dockerignore")
    )

    assert ignored | {".git"} == kept_out


def test_the_document_names_every_event_that_is_listened_to() -> None:
    text = DOCUMENT.read_text("utf-8")
    named = re.findall(
        r"`((?:customer|invoice|credit_note|payment_method)\.[a-z_.]+)`", text
    )

    assert named == sorted(hooks.stripe_handlers)


def test_every_setting_of_production_is_documented() -> None:
    read = {
        name
        for path in (ROOT / "selfservice/settings").glob("*.py")
        if path.stem in {"base", "production", "databases"}
        for name in re.findall(
            r'(?:required|flag|number|chosen|\.get)\(\s*"([A-Z_]+)"', path.read_text()
        )
    }

    assert read - NOT_OURS <= documented()


@pytest.mark.parametrize("name", ["portal.env", "direct.env"])
def test_the_settings_file_sets_only_what_is_documented(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    set_here = set(re.findall(r"^([A-Z_]+)=", text, re.M))

    assert set_here - NOT_OURS <= documented()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("*.service")), ids=lambda u: u.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    # An instance's name stands in the file's; the programs are not installed here.
    place = tmp_path / unit.name.replace("@.", "@8001.")
    text = re.sub(r"(?m)^(Exec\w+=)\S+", r"\1/bin/true", unit.read_text("utf-8"))
    place.write_text(text)

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert unit.name.split("@")[0].split(".")[0] not in checked.stderr, checked.stderr


def test_every_alert_is_explained() -> None:
    rules = (DEPLOY / "watch/portal.rules.yml").read_text("utf-8")
    explained = re.findall(
        r"^\| `([A-Z]\w+)` \|", (ROOT / "docs/alerts.md").read_text("utf-8"), re.M
    )

    assert re.findall(r"- alert: (\w+)", rules) == explained
