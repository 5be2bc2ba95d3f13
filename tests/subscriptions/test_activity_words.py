"""Every change that is ever logged has words, in English and in Dutch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import override

from selfservice.activity import words as activity_words
from selfservice.activity.models import Activity
from selfservice.subscriptions.models import QuantityReason

# They log the verb that they are given second.
LOGGERS = {"log", "log_refused"}
ROOMS = ("selfservice", "billing", "licensing")


def verbs_in(path: Path) -> set[str]:
    """What a module logs; fails on a verb that can't be made out."""
    tree = ast.parse(path.read_text())
    tree.body = [part for part in tree.body if getattr(part, "name", "") not in LOGGERS]
    calls = [call for call in ast.walk(tree) if isinstance(call, ast.Call)]
    changes = [
        keyword.value
        for call in calls
        if getattr(call.func, "id", "") == "Change"
        for keyword in call.keywords
        if keyword.arg == "verb"
    ]
    changes += [
        call.args[1] for call in calls if getattr(call.func, "id", "") in LOGGERS
    ]
    found = [frozenset(words(value, tree)) for value in changes]
    assert all(found), f"{path}: say the verb in a way that this test can read"
    return set().union(*found)


def words(value: ast.expr, tree: ast.Module) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(word)):
            yield word
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), _]):
            yield from (f"{prefix}{reason}" for reason in QuantityReason.values)
        case ast.IfExp(body=one, orelse=other):
            yield from words(one, tree)
            yield from words(other, tree)
        case ast.Dict(values=values):
            for each in values:
                yield from words(each, tree)
        case ast.Subscript(value=of):
            yield from words(of, tree)
        case ast.Name(id=name):
            yield from named(name, tree)


def named(name: str, tree: ast.Module) -> Iterator[str]:
    """What stands under a name: what is assigned to it, and what it is called with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            yield from words(node.value, tree)
        if not isinstance(node, ast.FunctionDef):
            continue
        places = [argument.arg for argument in node.args.args]
        if name not in places:
            continue
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == node.name:
                argument = call.args[places.index(name)]
                if getattr(argument, "id", "") != name:
                    yield from words(argument, tree)


def all_verbs() -> set[str]:
    files = [
        path for room in ROOMS for path in (settings.BASE_DIR / room).rglob("*.py")
    ]
    return set().union(*(verbs_in(path) for path in files))


def said(verb: str, language: str) -> str:
    entry = Activity(verb=verb, after={"quantity": 3})
    with override(language):
        return activity_words.what(entry)


def test_the_verbs_are_found() -> None:
    found = all_verbs()

    assert {"bought", "trial_started", "licenses_added", "refund_refused"} <= found
    assert {"transferred", "licenses_assigned", "person_disabled"} <= found


@pytest.mark.parametrize("verb", sorted(all_verbs()))
def test_a_verb_has_words_in_both_languages(verb: str) -> None:
    english, dutch = said(verb, "en"), said(verb, "nl")

    assert "_" not in english + dutch
    assert english not in {verb, verb.replace("_", " ")} or verb == "bought"
    assert english != dutch
