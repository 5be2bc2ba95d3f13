"""Every check that isn't a test: `make check`. All of them run, side by side.

`python .ci/checks.py messages` brings the translations' file up to date instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
PYTHON = (sys.executable,)
# No line numbers and no dates: the file changes when the words do.
MESSAGES = (
    str(PROGRAMS / "django-makemessages-rs"),
    *("--locale", "nl", "--ignore", "tests", "--detect-aliases"),
    *("--no-location", "--no-obsolete", "--no-fuzzy-matching", "--no-wrap"),
    "--keep-header",
)
IMPORTS = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
TRANSLATIONS = ROOT / "locale" / "nl" / "LC_MESSAGES" / "django.po"
TESTING = {"DJANGO_SETTINGS_MODULE": "selfservice.settings.test"}
# What production asks for; nothing of it is reached.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "selfservice.settings.production",
    "SECRET_KEY": "only for this check " + "abcdefghijklmnopqrstuvwxyz0123456789" * 2,
    "ALLOWED_HOSTS": "portal.example",
    "DATABASE_URL": "postgresql://portal@database.example/portal",
    "STRIPE_SECRET_KEY": "sk_test_check",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_check",
    "STRIPE_WEBHOOK_SECRET": "whsec_check",
    "STRIPE_API_BASE": "",
    "MAIL_FROM": "portal@portal.example",
    "SELLER_NAME": "Portal Demo B.V.",
    "SELLER_ADDRESS": "Kade 1, 1011 AB Amsterdam",
    "SELLER_COUNTRY": "NL",
    "SELLER_VAT": "NL004495445B01",
}
DEPLOYED = ("check", "--deploy", "--fail-level", "WARNING")
# The longest first: the others fit beside it.
CHECKS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "types": ((*PYTHON, "-m", "mypy"), {}),
    "lint": ((*PYTHON, "-m", "ruff", "check", "."), {}),
    "format": ((*PYTHON, "-m", "ruff", "format", "--check", "."), {}),
    "marks": ((*PYTHON, ".ci/marks.py"), {}),
    "imports": ((*PYTHON, "-c", IMPORTS), {}),
    "dependencies": ((*PYTHON, "-m", "deptry", ".", "--no-ansi"), {}),
    "migrations": (
        (*PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"),
        TESTING,
    ),
    "upgrades": ((*PYTHON, ".ci/migrations.py"), TESTING),
    "deployment": ((*PYTHON, "manage.py", *DEPLOYED), PRODUCTION),
    "new words": ((*MESSAGES, "--check"), {}),
    "translations": ((*PYTHON, __file__, "translations"), {}),
}


def main() -> int:
    if sys.argv[1:] == ["messages"]:
        return subprocess.run(MESSAGES, cwd=ROOT, check=False).returncode
    if sys.argv[1:] == ["translations"]:
        return unsure_translations()
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(run, name): name for name in CHECKS}
        for done in as_completed(running):
            name, (said, seconds, right) = running[done], done.result()
            tell(f"{name:14}{'fine' if right else 'wrong':8}{seconds:4.1f} s")
            if not right:
                tell(said)
                failed.append(name)
    if failed:
        tell(f"\nNot right yet: {', '.join(failed)}.")
    return 1 if failed else 0


def run(name: str) -> tuple[str, float, bool]:
    """One check: what it says, the seconds it took, and whether all is right."""
    command, environment = CHECKS[name]
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout, time.monotonic() - began, done.returncode == 0


def unsure_translations() -> int:
    """Name what has no translation, or one that a tool guessed."""
    if not TRANSLATIONS.exists():
        tell(f"{TRANSLATIONS.relative_to(ROOT)} is missing: run `make messages`.")
        return 1
    import polib

    found = polib.pofile(str(TRANSLATIONS))
    unsure = found.untranslated_entries() + found.fuzzy_entries()
    for entry in unsure:
        tell(entry.msgid)
    return 1 if unsure else 0


def tell(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
