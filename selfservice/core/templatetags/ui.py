"""Small pieces of the interface. They are called once a row, so they are plain.

How a page uses them: docs/frontend.md.
"""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache
from html import escape
from typing import Any, Protocol

from babel.dates import get_month_names
from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from selfservice.core.browsers import named
from selfservice.core.icons import ICONS
from selfservice.core.lists import with_query
from selfservice.core.money import Money, format_money
from selfservice.core.numbers import Grouped

register = template.Library()

ICON_NAMES = frozenset((*ICONS, "logo"))
BADGES = frozenset({"", "ok", "warn", "bad", "info"})
NOTHING = "–"


def _text(value: Any) -> str:
    """Escaped, unless it is HTML; without the detours of Django's own."""
    return str(value) if hasattr(value, "__html__") else escape(str(value))


class Coloured(Protocol):
    """Whatever has a UUID as its key: its last bits choose one of eight colours."""

    pk: Any


@cache
def _drawing(name: str, size: str = "", css: str = "i") -> SafeString:
    if name not in ICON_NAMES:
        raise ValueError(f"No icon {name!r}: add it to core.icons.ICONS.")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f"{css} {size}".rstrip(),
        static("icons.svg"),
        name,
    )


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """`{% icon "cart" %}` is 20 px, `{% icon "cart" "s" %}` 16 px; only decoration.

    Raises ValueError for a name that is not in the sprite.
    """
    return _drawing(name, size)


@register.simple_tag
def badge(kind: str, label: str) -> SafeString:
    """A state with a name. `kind` is ok, warn, bad, info or "" for grey."""
    if kind not in BADGES:
        raise ValueError(f"No kind of badge {kind!r}.")
    return _badge(kind, str(label))


# By type, for what is safe already isn't escaped.
@lru_cache(maxsize=512, typed=True)
def _badge(kind: str, label: str) -> SafeString:
    css = f"badge {kind}" if kind else "badge"
    return format_html('<span class="{}">{}</span>', css, label)


@register.simple_tag
def money(amount: Money | int, currency: str = "") -> str:
    """`{% money price.minor price.currency %}` or `{% money total %}` of a Money."""
    total = amount if isinstance(amount, Money) else Money(amount, currency)
    return _written(total, get_language() or "en")


@lru_cache(maxsize=4096)
def _written(amount: Money, language: str) -> str:
    # The same few prices stand in many rows, and writing one takes its time.
    return format_money(amount, language)


@cache
def _months(language: str) -> dict[int, str]:
    names = get_month_names("abbreviated", locale=language.replace("-", "_"))
    return {number: name.rstrip(".") for number, name in names.items()}


def format_day(value: dt.date) -> str:
    """14 Mar 2027, or 14 mrt 2027; an instant in the active time zone."""
    if isinstance(value, dt.datetime):
        value = value.astimezone(timezone.get_current_timezone())
    return _day(value.year, value.month, value.day, get_language() or "en")


@lru_cache(maxsize=4096)
def _day(year: int, month: int, day: int, language: str) -> str:
    return f"{day} {_months(language)[month]} {year}"


def format_month(value: dt.date) -> str:
    """Mar, or mrt: for a date whose day stands apart."""
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value)
    return _months(get_language() or "en")[value.month]


def format_moment(value: dt.datetime) -> str:
    """14 Mar 2027, 09:40, in the active time zone."""
    return f"{format_day(value)}, {timezone.localtime(value):%H:%M}"


@register.simple_tag
def day(value: dt.date | None) -> str:
    return NOTHING if value is None else format_day(value)


@register.simple_tag
def month(value: dt.date) -> str:
    return format_month(value)


@register.simple_tag
def moment(value: dt.datetime | None) -> str:
    return NOTHING if value is None else format_moment(value)


register.filter("browser", named)


def colour(thing: Coloured) -> str:
    """The class of one of the eight soft pairs; the same one for the same key."""
    return f"a{thing.pk.int % 8 + 1}"


@register.simple_tag
def tile(product: Any, size: str = "") -> SafeString:
    """A product's picture: its icon on its colour. Sizes: "", "s", "l"."""
    name = product.icon if product.icon in ICON_NAMES else "box"
    number = getattr(product, "color", 0)
    return _drawing(
        name, size, f"tile a{number}" if number else f"tile {colour(product)}"
    )


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """The first letters of the first and the last word: "Zoë van den Bergh" is ZB."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


@register.simple_tag
def avatar(user: Any, size: str = "") -> SafeString:
    """A person's initials on their colour; only decoration beside the name."""
    css = f"avatar {colour(user)} {size}".rstrip()
    return format_html(
        '<span class="{}" aria-hidden="true">{}</span>',
        css,
        initials(user.display_name),
    )


@register.simple_tag
def persona(user: Any, second: str | None = None, url: str = "") -> SafeString:
    """Initials, name and a second line: the email address unless given."""
    name = _text(user.display_name)
    line = _text(user.email if second is None else second)
    title = f'<a href="{_text(url)}">{name}</a>' if url else f"<b>{name}</b>"
    small = f"<small>{line}</small>" if line else ""
    return _persona(user, title + small)


def _persona(user: Any, beside: str) -> SafeString:
    return SafeString(
        f'<div class="per"><span class="avatar {colour(user)}" aria-hidden="true">'
        f"{_text(initials(user.display_name))}</span><div>{beside}</div></div>"
    )


@register.simple_tag
def found_persona(user: Any, found: str) -> SafeString:
    """Like `persona`, with what was searched for marked, and the department.

    One tag, because it stands ten times in what answers every letter.
    """
    second = f"{user.department} · {user.email}" if user.department else user.email
    name = marked(user.display_name, found)
    return _persona(user, f"<b>{name}</b><small>{_text(second)}</small>")


@register.simple_tag
def meter(value: int, maximum: int, label: str = "", css: str = "") -> SafeString:
    """A bar of `value` out of `maximum`; the numbers must stand beside it.

    `css`: "off" for something not active, "wide" for the bar of a card.
    """
    spoken = label or gettext("%(value)s of %(maximum)s licenses assigned") % {
        "value": Grouped(value),
        "maximum": Grouped(maximum),
    }
    looks = format_html(' class="{}"', css) if css else ""
    return format_html(
        '<progress{} value="{}" max="{}" aria-label="{}"></progress>',
        looks,
        value,
        max(maximum, 1),
        spoken,
    )


@register.simple_tag(takes_context=True)
def sort_head(
    context: dict[str, Any], field: str, label: str, css: str = "", *more: str
) -> SafeString:
    """A column head that sorts anew: links to `?sort=field`, then to `?sort=-field`.

    The view puts the order in force into the context as `sort`, like "-date". A column
    of two figures has a second field and label, `more`.
    """
    request: HttpRequest = context["request"]
    current = context.get("sort", "")
    fields = [(field, label), *([more] if more else [])]
    orders = [_order(name, current) for name, _ in fields]
    links = [
        _sort_link(request, name, text, order)
        for (name, text), order in zip(fields, orders, strict=True)
    ]
    order = next(filter(None, orders), "")
    return format_html(
        '<th scope="col"{}{}>{}</th>',
        format_html(' class="{}"', css) if css else "",
        format_html(' aria-sort="{}"', order) if order else "",
        format_html_join("/", "{}", ((link,) for link in links)),
    )


def _order(field: str, current: str) -> str:
    return {field: "ascending", f"-{field}": "descending"}.get(current, "")


def _sort_link(request: HttpRequest, field: str, label: str, order: str) -> SafeString:
    url = with_query(request, sort=f"-{field}" if order == "ascending" else field)
    mark = {"ascending": "chevron-up", "descending": "chevron-down"}.get(order)
    return format_html(
        '<a href="{}" data-list>{}{}</a>',
        url,
        label,
        _drawing(mark, "s") if mark else "",
    )


@register.simple_tag
def breadcrumb(*steps: str) -> SafeString:
    """`{% breadcrumb label url label url here %}`: links, and last where one is."""
    pairs = list(zip(steps[:-1:2], steps[1::2], strict=True))
    links = format_html_join("", '<li><a href="{1}">{0}</a></li>', pairs)
    return format_html(
        '<nav aria-label="{}"><ol class="crumbs">{}'
        '<li aria-current="page">{}</li></ol></nav>',
        gettext("Breadcrumb"),
        links,
        steps[-1],
    )


@register.simple_tag
def marked(text: str, found: str) -> SafeString:
    """`text` with the first place of `found` in a mark, whatever its case."""
    start = text.casefold().find(found.casefold()) if found else -1
    # Case folding may change the length ("ß"); then the place would be a lie.
    if start < 0 or len(text.casefold()) != len(text):
        return mark_safe(conditional_escape(text))  # noqa: S308  escaped just now
    end = start + len(found)
    return format_html("{}<mark>{}</mark>{}", text[:start], text[start:end], text[end:])
