"""Stripe's wire format: nested forms in, JSON and error envelopes out."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

type Obj = dict[str, Any]
# Whom the sandbox serves, and whom it calls.
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
DOCS = "https://stripe.com/docs/error-codes/"
# How Stripe's sentences call what they call otherwise in `object`.
SPOKEN = {"payment_method": "PaymentMethod", "setup_intent": "setupintent"}


class ApiError(Exception):
    """An answer in Stripe's error envelope."""

    def __init__(
        self,
        message: str,
        code: str = "",
        param: str = "",
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        decline_code: str = "",
        more: Obj | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        # What was done before the refusal stays: a failed payment is a fact.
        self.keep = False
        self.envelope: Obj = {"type": kind, "message": message}
        for name, value in (
            ("code", code),
            ("param", param),
            ("decline_code", decline_code),
        ):
            if value:
                self.envelope[name] = value
        if code:
            self.envelope["doc_url"] = DOCS + code.replace("_", "-")
        self.envelope |= more or {}

    def kept(self) -> ApiError:
        """The same refusal, after which the transaction is committed."""
        self.keep = True
        return self

    def body(self) -> Obj:
        return {"error": self.envelope}


def missing(
    kind: str, found_id: str, param: str = "id", *, status: int = 404
) -> ApiError:
    """The refusal for an object that isn't there."""
    sentence = f"No such {SPOKEN.get(kind, kind)}: '{found_id}'"
    return ApiError(sentence, "resource_missing", param, status=status)


def decode(text: str) -> Obj:
    """`items[0][price]=p` as {"items": {"0": {"price": "p"}}}, `a[]=` as lists."""
    decoded: Obj = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        parts = [part for part in re.split(r"\[|\]\[|\]", key) if part != ""]
        if not parts:
            raise ApiError(
                f"Received unknown parameter: {key}", "parameter_unknown", key
            )
        place = decoded
        for part in parts[:-1]:
            step = place.setdefault(part, {})
            if not isinstance(step, dict):
                raise ApiError("Invalid object", param=key)
            place = step
        if key.endswith("[]"):
            place.setdefault(parts[-1], {})
            place[parts[-1]][str(len(place[parts[-1]]))] = value
        else:
            place[parts[-1]] = value
    return decoded


def public(found: Any) -> Any:
    """What of an object is shown: keys that start with an underscore are ours."""
    if isinstance(found, dict):
        return {k: public(v) for k, v in found.items() if not k.startswith("_")}
    if isinstance(found, list):
        return [public(item) for item in found]
    return found
