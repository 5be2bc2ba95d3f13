import xml.etree.ElementTree as ET
from pathlib import Path

from selfservice.core.icons import ICONS, build_sprite

SVG = "{http://www.w3.org/2000/svg}"


def test_the_sprite_has_every_icon_and_the_logo(tmp_path: Path) -> None:
    target = tmp_path / "icons.svg"

    assert build_sprite(target)

    symbols = ET.parse(target).getroot().findall(f"{SVG}symbol")
    assert {symbol.get("id") for symbol in symbols} == {"logo", *ICONS}
    assert all(symbol[0].get("d") for symbol in symbols)


def test_the_sprite_is_built_once_and_always_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    build_sprite(first)
    build_sprite(second)

    assert not build_sprite(first)
    assert first.read_bytes() == second.read_bytes()


def test_the_names_are_in_order_and_once() -> None:
    assert list(ICONS) == sorted(set(ICONS))
