"""The fast template engine writes what Django's own writes, or it is not asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import TemplateDoesNotExist
from django.template.utils import EngineHandler

from selfservice.core import templating
from selfservice.core.templating import EnginesDiffer, engines, fast_engine_installed

FILES = sorted(
    str(file.relative_to(settings.BASE_DIR / "templates"))
    for file in (settings.BASE_DIR / "templates").rglob("*.*")
)
with_both = pytest.mark.skipif(
    not fast_engine_installed(), reason="there is no fast engine for this machine"
)


def handler(choice: str, folder: Path | None = None) -> EngineHandler:
    options = dict(settings.TEMPLATE_SETTINGS)
    if folder:
        options["DIRS"] = [folder]
    return EngineHandler(engines(choice, options))


@with_both
@pytest.mark.parametrize("name", FILES)
def test_every_template_is_one_for_the_fast_engine_too(name: str) -> None:
    fast, stock = handler("fast").all()

    if name in templating.DIFFERENT:
        with pytest.raises(TemplateDoesNotExist):
            fast.get_template(name)
        assert stock.get_template(name)
    else:
        assert fast.get_template(name)


@with_both
def test_a_template_that_the_engines_write_differently_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd.html").write_text("<b>{{ name }}</b>")
    (both,) = handler("both", tmp_path).all()
    template = both.get_template("odd.html")
    assert template.render({"name": "<Zoë>"}) == "<b>&lt;Zoë&gt;</b>"

    spoilt = both.get_template("odd.html")
    spoilt._fast = Spoilt()

    with pytest.raises(EnginesDiffer, match=r"odd\.html at 3: '<b>&lt;Zo"):
        spoilt.render({"name": "<Zoë>"})


class Spoilt:
    """An engine that forgets to escape."""

    @property
    def template(self) -> Spoilt:
        return self

    def render(self, context: Any) -> str:
        return f"<b>{context['name']}</b>"


@with_both
def test_what_is_known_to_differ_is_left_to_the_stock_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd.html").write_text("{% partialdef part %}x{% endpartialdef %}")
    monkeypatch.setattr(templating, "DIFFERENT", frozenset({"odd.html"}))
    fast, stock = handler("fast", tmp_path).all()

    for name in ("odd.html", "odd.html#part"):
        with pytest.raises(TemplateDoesNotExist):
            fast.get_template(name)
        assert stock.get_template(name)


def test_the_setting_chooses_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(word: str) -> list[str]:
        return [engine["NAME"] for engine in engines(word, {})]

    assert chosen("stock") == ["stock"]
    assert chosen("fast") == ["fast", "stock"]
    monkeypatch.setattr(templating, "fast_engine_installed", lambda: True)
    assert chosen("auto") == ["fast", "stock"]
    assert chosen("both") == ["both"]
    monkeypatch.setattr(templating, "fast_engine_installed", lambda: False)
    assert chosen("auto") == chosen("both") == ["stock"]
    with pytest.raises(ValueError, match="not quick"):
        engines("quick", {})
