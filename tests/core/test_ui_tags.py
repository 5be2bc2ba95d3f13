import datetime as dt
import uuid
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from selfservice.core.money import Money
from selfservice.core.templatetags import ui

ZOE = SimpleNamespace(
    pk=uuid.UUID(int=12), display_name="Zoë van den Bergh", email="zoe@noordzee.example"
)


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_an_icon_refers_to_the_sprite_and_is_only_decoration() -> None:
    html = render('{% icon "cart" "s" %}')

    assert html == (
        '<svg class="i s" aria-hidden="true"><use href="/static/icons.svg#cart"/></svg>'
    )


def test_an_unknown_icon_is_refused() -> None:
    with pytest.raises(ValueError, match=r"add it to core\.icons"):
        ui.icon("unicorn")


def test_a_badge_is_a_word_that_is_escaped() -> None:
    assert ui.badge("ok", "A & B") == '<span class="badge ok">A &amp; B</span>'
    assert ui.badge("", "Void") == '<span class="badge">Void</span>'


def test_an_unknown_kind_of_badge_is_refused() -> None:
    with pytest.raises(ValueError, match="kind of badge"):
        ui.badge("green", "Active")


@pytest.mark.parametrize(
    ("language", "text"), [("en", "€1,250.00"), ("nl", "€\xa01.250,00")]
)
def test_money_is_written_as_the_reader_writes_it(language: str, text: str) -> None:
    with translation.override(language):
        assert render('{% money 125000 "EUR" %}') == text
        assert render("{% money total %}", total=Money(125000, "EUR")) == text


@pytest.mark.parametrize(("language", "text"), [("en", "1 Mar"), ("nl", "1 mrt")])
def test_an_instant_is_the_day_it_is_in_the_organization(
    language: str, text: str
) -> None:
    late = dt.datetime(2027, 2, 28, 23, 30, tzinfo=dt.UTC)

    with translation.override(language), timezone.override(ZoneInfo("Europe/Paris")):
        assert ui.day(late) == f"{text} 2027"
        assert ui.moment(late) == f"{text} 2027, 00:30"


def test_no_day_is_a_dash() -> None:
    assert ui.day(None) == "–"
    assert ui.moment(None) == "–"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Zoë van den Bergh", "ZB"), ("Yara Özdemir", "YÖ"), ("Bo", "B"), ("( )", "")],
)
def test_initials_are_of_the_first_and_the_last_word(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_a_persona_shows_the_name_escaped_and_a_second_line() -> None:
    html = ui.persona(SimpleNamespace(**{**vars(ZOE), "display_name": "A <b>"}))

    assert "<b>A &lt;b&gt;</b><small>zoe@noordzee.example</small>" in html


def test_a_person_keeps_one_colour() -> None:
    assert ui.colour(ZOE) == "a5"
    assert 'class="avatar a5 s"' in ui.avatar(ZOE, "s")


def test_a_tile_with_an_icon_we_lack_shows_a_box() -> None:
    html = ui.tile(SimpleNamespace(pk=uuid.UUID(int=0), icon="unicorn"))

    assert html.startswith('<svg class="tile a1" aria-hidden="true">')
    assert "#box" in html


def test_a_meter_says_its_numbers() -> None:
    html = ui.meter(3, 5, css="off")

    assert 'class="off" value="3" max="5"' in html
    assert 'aria-label="3 of 5 licenses assigned"' in html


def test_a_meter_of_nothing_has_a_maximum_that_browsers_accept() -> None:
    assert 'max="1"' in ui.meter(0, 0)


@pytest.mark.parametrize(
    ("current", "link", "order"),
    [
        ("", "sort=date", ""),
        ("date", "sort=-date", ' aria-sort="ascending"'),
        ("-date", "sort=date", ' aria-sort="descending"'),
    ],
)
def test_a_column_head_sorts_both_ways_and_keeps_the_filter(
    current: str, link: str, order: str
) -> None:
    request = RequestFactory().get("/", {"status": "active", "page": "3"})

    html = ui.sort_head({"request": request, "sort": current}, "date", "Date", "num")

    assert f'<th scope="col" class="num"{order}>' in html
    assert f'href="?status=active&amp;{link}" data-list' in html


@pytest.mark.parametrize("place", ["page", "after", "before"])
def test_another_order_begins_at_its_beginning(place: str) -> None:
    request = RequestFactory().get("/", {"q": "x", place: "3"})

    html = ui.sort_head({"request": request, "sort": "date"}, "name", "Name")

    assert 'href="?q=x&amp;sort=name"' in html


def test_a_breadcrumb_ends_where_one_is() -> None:
    html = ui.breadcrumb("Licenses", "/licenses/", "Plan & Co")

    assert '<li><a href="/licenses/">Licenses</a></li>' in html
    assert '<li aria-current="page">Plan &amp; Co</li>' in html


@pytest.mark.parametrize(
    ("text", "found", "html"),
    [
        ("Hannah Bergsma", "ber", "Hannah <mark>Ber</mark>gsma"),
        ("<Ber>", "ber", "&lt;<mark>Ber</mark>&gt;"),
        ("Straße & Co", "co", "Straße &amp; Co"),
        ("Anna", "", "Anna"),
    ],
)
def test_what_was_searched_for_is_marked(text: str, found: str, html: str) -> None:
    assert ui.marked(text, found) == html


@pytest.mark.parametrize(("language", "month"), [("en", "Dec"), ("nl", "dec")])
def test_a_month_is_written_as_its_language_does(language: str, month: str) -> None:
    with translation.override(language):
        assert ui.format_month(dt.date(2026, 12, 23)) == month
