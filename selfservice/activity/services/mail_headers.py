"""A message whose addresses in headers stay readable to mail programs."""

from __future__ import annotations

import email.policy
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from typing import Any

from django.core.mail import EmailMultiAlternatives


class _OneLine(UnstructuredHeader, BaseHeader):
    """The library folds a word of more than 78 characters as encoded text, which
    RFC 2047 (section 5) allows in no address: mail programs would show no button."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_headers = HeaderRegistry()
_headers.map_to_type("list-unsubscribe", _OneLine)


class Message(EmailMultiAlternatives):
    """Text and HTML, with List-Unsubscribe (RFC 2369) as mail programs read it."""

    def message(self, *, policy: Any = email.policy.default) -> Any:
        return super().message(policy=policy.clone(header_factory=_headers))
