"""How PostgreSQL finds what the hot pages ask for."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection, connections

# Tables that grow with use: nothing that a page asks for may read one of them whole.
BIG = frozenset(
    {
        "accounts_user",
        "accounts_personword",
        "activity_activity",
        "billing_billingaccount",
        "billing_billingprofile",
        "billing_invoice",
        "billing_invoiceline",
        "billing_paymentmethod",
        "billing_striperef",
        "licensing_licenseassignment",
        "subscriptions_subscription",
    }
)
_SCANS = frozenset(
    {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan"}
)
# What says nothing of how rows are found.
_BESIDE = re.compile(r"Index Searches|Buckets|Sort Method|Cache|Heap Fetches|Heap Bl")
WIDTH = 140


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """What was asked of the database, with its values filled in.

    Without any it is planned as for whatever values.
    """

    text: str
    asked: Any

    def explained(self, options: str) -> list[Any]:
        """PostgreSQL's plan of it; it is asked where its tables are seen by all."""
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN ({options}) {self.text}", self.asked)
            return [row[0] for row in cursor.fetchall()]

    def whole_scans(self) -> list[str]:
        """Big tables that it reads otherwise than by an index's first columns."""
        general = "" if self.asked is not None else "GENERIC_PLAN, "
        found = self.explained(f"{general}FORMAT JSON")[0]
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        return [
            f"{node['Node Type']} on {node['Relation Name']}: {self.text[:300]}"
            for node in _nodes(plan)
            if node.get("Relation Name") in BIG
            and node["Node Type"] in _SCANS
            and not _narrow(node)
        ]


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _narrow(node: Mapping[str, Any]) -> bool:
    """Whether an index leads to a tenant's rows, or to some by their key."""
    parts = [node, *(n for n in _nodes(node) if n["Node Type"] == "Bitmap Index Scan")]
    conditions = " ".join(str(part.get("Index Cond", "")) for part in parts)
    return bool(re.search(r"\b(organization_id|id) = ", conditions))


@contextmanager
def noted() -> Iterator[list[Statement]]:
    """The statements that read something, of all connections, in their order."""
    statements: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, asked: Any, *rest: Any) -> Any:
        if re.match(r"\s*(SELECT|WITH)", sql):
            statements.append(Statement(sql, asked))
        return execute(sql, asked, *rest)

    with ExitStack() as stack:
        for each in connections.all():
            stack.enter_context(each.execute_wrapper(note))
        yield statements


def prepared() -> list[Statement]:
    """What this thread's connection has prepared, without values."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [Statement(text, None) for (text,) in cursor.fetchall()]


def written() -> str:
    """Every statement of the hot pages with its plan and how many rows it met."""
    from tests.bench.calling import Application
    from tests.bench.pages import hot_pages, spots, world

    app, w = Application(), world()
    parts, seen = ["# How the hot pages find their rows\n"], set[str]()
    for hot in [*hot_pages(w), *spots(w)]:
        with noted() as statements:
            app.ask(hot.url, hot.reader, htmx=hot.htmx)
        new = [each for each in statements if each.text not in seen]
        new = [each for each in new if "django_session" not in each.text]
        seen |= {each.text for each in new}
        if new:
            parts.append(f"\n## {hot.name}\n")
        parts += [_shown(statement) for statement in new]
    return "\n".join(parts)


def _shown(statement: Statement) -> str:
    options = "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF"
    plan = [line for line in statement.explained(options) if not _BESIDE.search(line)]
    lines = "\n".join(line[:WIDTH] for line in plan)
    tables = re.findall(r"(?:FROM|JOIN) \"?(\w+)", statement.text)
    named = ", ".join(dict.fromkeys(name for name in tables if "_" in name))
    return f"{named}:\n\n```\n{lines}\n```\n"


if __name__ == "__main__":
    import sys

    import django

    django.setup()
    sys.stdout.write(written())
