"""Whether a pinned package has a known fault: `make audit`.

Asks OSV, a public list (https://osv.dev), by `uv audit`; nothing but names and
versions leaves this machine. AUDIT_SERVICE names another address with the same API.
Exit status: 0 none, 1 some, 2 the list can't be asked.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)
# uv asks the index, too, whether a package was withdrawn. Nobody listens there: no name
# has to be looked up, which takes seconds where there is no internet.
INDEX = "http://127.0.0.1:9/simple"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def main() -> int:
    pins = {
        (found[1].lower(), found[2])
        for file in sorted(ROOT.glob("requirements*.txt"))
        for found in PIN.finditer(file.read_text())
    }
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), sorted(pins))
        asked = subprocess.run(
            [*command(), *sys.argv[1:]],
            cwd=folder,
            env={
                **os.environ,
                "UV_PYTHON": base_python(),
                "UV_PYTHON_DOWNLOADS": "never",
            },
            check=False,
        )
    if asked.returncode not in {0, 1}:
        sys.stderr.write("The list of known faults can't be asked: nothing is known.\n")
    return asked.returncode


def base_python() -> str:
    """The one that .venv was made with: uv takes no environment of somebody's."""
    return str(getattr(sys, "_base_executable", sys.executable))


def command() -> list[str]:
    service = os.environ.get("AUDIT_SERVICE", "")
    return [
        *(str(UV), "audit", "--preview-features", "audit-command", "--frozen"),
        *(("--service-url", service) if service else ()),
    ]


def write_project(folder: Path, pins: list[tuple[str, str]]) -> None:
    """A project that has been locked to the pins: nothing is resolved anew."""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "audited"\nversion = "0"\nrequires-python = ">={PYTHON}"\n'
        f"dependencies = {[f'{name}=={version}' for name, version in pins]}\n"
    )
    needs = ", ".join(f'{{ name = "{name}" }}' for name, _version in pins)
    lock = [
        f'version = 1\nrevision = 3\nrequires-python = ">={PYTHON}"\n',
        '[[package]]\nname = "audited"\nversion = "0"\nsource = { virtual = "." }\n'
        f"dependencies = [{needs}]\n",
        *(
            f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
            f'source = {{ registry = "{INDEX}" }}\n'
            for name, version in pins
        ),
    ]
    (folder / "uv.lock").write_text("\n".join(lock))


if __name__ == "__main__":
    sys.exit(main())
