"""Collecting the static files, only when one of them changed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_static() -> bool:
    """Fill STATIC_ROOT with what the finders find; False when it was up to date.

    Starts with an empty folder, so that nothing old stays behind.
    """
    root = Path(settings.STATIC_ROOT)
    mark = root.with_suffix(".mark")
    found = fingerprint()
    if root.exists() and mark.exists() and mark.read_text() == found:
        return False
    mark.unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)
    mark.write_text(found)
    return True


def fingerprint() -> str:
    """Changes with the name, size or time of any static file."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(None):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
