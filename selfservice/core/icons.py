"""The icons of the interface: which ones, and the sprite they are built into.

The shapes are Microsoft's Fluent System Icons (MIT), read from the font files of an
installed package; the sprite is built at set-up and never kept in the repository.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
from pathlib import Path

# Names of Fluent System Icons, size 20, regular; a template may use only these.
ICONS = (
    "add",
    "alert",
    "apps",
    "arrow-download",
    "arrow-repeat-all",
    "arrow-sync",
    "arrow-undo",
    "arrow-upload",
    "attach",
    "board",
    "book",
    "bot",
    "box",
    "building",
    "building-bank",
    "calendar",
    "calendar-clock",
    "cart",
    "chat",
    "checkmark",
    "checkmark-circle",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevron-up",
    "clipboard-task",
    "clock",
    "cloud",
    "code",
    "contact-card",
    "copy",
    "data-bar-vertical",
    "data-histogram",
    "data-pie",
    "database",
    "delete",
    "design-ideas",
    "dismiss",
    "document",
    "edit",
    "error-circle",
    "eye",
    "filter",
    "flow",
    "flowchart",
    "form",
    "gift",
    "globe",
    "headset",
    "home",
    "image",
    "info",
    "key",
    "lightbulb",
    "line-horizontal-3",
    "link",
    "lock-closed",
    "mail",
    "megaphone",
    "notebook",
    "open",
    "organization",
    "payment",
    "people",
    "people-team",
    "person",
    "person-add",
    "person-delete",
    "person-key",
    "person-subtract",
    "presenter",
    "prohibited",
    "question-circle",
    "receipt",
    "ruler",
    "search",
    "settings",
    "shield-checkmark",
    "sign-out",
    "signature",
    "sparkle",
    "star",
    "subtract",
    "table",
    "task-list-ltr",
    "timer",
    "video",
    "warning",
    "whiteboard",
)
# The portal's own mark: a sheet with three lines cut out, in the fonts' 500 units.
LOGO = (
    "M150 50H350A100 100 0 0 1 450 150V350A100 100 0 0 1 350 450H150A100 100 0 0 1"
    " 50 350V150A100 100 0 0 1 150 50ZM150 150V195H350V150ZM150 228V273H350V228Z"
    "M150 306V351H262V306Z"
)
PACKAGE = "tkinter-icons-fluent"
UNITS = 500


class IconsMissing(Exception):
    """The package with the icons' shapes is not installed."""


def fingerprint() -> str:
    """Changes when the list, the package or the way of drawing changes."""
    try:
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise IconsMissing(f"Install {PACKAGE}: the icons come from it.") from None
    parts = (version, LOGO, *ICONS, "1")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def build_sprite(target: Path) -> bool:
    """Write the sprite to `target`; False when it was up to date.

    Raises IconsMissing.
    """
    mark = f"<!-- {fingerprint()} -->"
    if target.exists() and target.read_text(encoding="utf-8").endswith(mark):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    # Of its own, because several processes may start at the same moment.
    new = target.with_suffix(f".{os.getpid()}")
    new.write_text(_sprite() + mark, encoding="utf-8")
    new.replace(target)
    return True


def _sprite() -> str:
    logo = (
        f'<symbol id="logo" viewBox="0 0 {UNITS} {UNITS}"><path d="{LOGO}"/></symbol>'
    )
    symbols = "".join(
        f'<symbol id="{name}" viewBox="0 0 {UNITS} {UNITS}">'
        f'<path transform="matrix(1 0 0 -1 0 {UNITS})" d="{path}"/></symbol>'
        for name, path in _paths().items()
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{logo}{symbols}</svg>'


def _paths() -> dict[str, str]:
    # Imported here: drawing needs them, knowing that nothing changed does not.
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.ttLib import TTFont

    folder = _package_folder()
    glyph_map = json.loads((folder / "glyphmap-regular.json").read_text("utf-8"))
    paths = {}
    with TTFont(folder / "fonts" / "FluentSystemIcons-Regular.ttf", lazy=True) as font:
        glyphs = font.getGlyphSet()
        characters = font.getBestCmap() or {}
        for name in ICONS:
            code = int(glyph_map[f"ic-fluent-{name}-20-regular"], 16)
            pen = SVGPathPen(glyphs, ntos=lambda number: str(round(number)))
            glyphs[characters[code]].draw(pen)
            paths[name] = str(pen.getCommands())
    return paths


def _package_folder() -> Path:
    # The package itself is made for another toolkit and is not imported.
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise IconsMissing(f"Install {PACKAGE}: the icons come from it.")
    return Path(spec.submodule_search_locations[0])
