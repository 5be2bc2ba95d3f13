"""Events and where they are sent."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import stripe

from billing.sandbox import deliveries
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.resources import handles
from billing.sandbox.wire import LOOPBACK, ApiError, Obj


@handles("GET /v1/events/{id}")
def retrieve(call: Call) -> Obj:
    return deliveries.told(call.store, call.get(call.ids[0], "event"))


@handles("GET /v1/events")
def every(call: Call) -> Obj:
    found = call.store.every("event")
    wanted = call.params.get("types") or [call.params.get("type")]
    if wanted != [None]:
        found = [event for event in found if event["type"] in wanted]
    page = call.listed(created_within(found, call.params.get("created")))
    page["data"] = [deliveries.told(call.store, event) for event in page["data"]]
    return page


@handles("POST /v1/webhook_endpoints")
def create_endpoint(call: Call) -> Obj:
    secret = f"whsec_{secrets.token_hex(16)}"
    found = new_endpoint(call, call.params["url"], secret)
    found["enabled_events"] = call.params["enabled_events"]
    found["api_version"] = call.params.get("api_version")
    merge_metadata(found, call.params)
    call.store.put(found)
    # Told once, when it is made.
    return {**found, "secret": secret}


def new_endpoint(call: Call, url: str, secret: str) -> Obj:
    """Where events go from now on. Raises ApiError for another machine."""
    found = call.new(
        stripe.WebhookEndpoint,
        "we",
        url=_here(url),
        status="enabled",
        enabled_events=["*"],
        _secret=secret,
    )
    found.pop("secret", None)
    return found


def _here(url: str) -> str:
    if urlsplit(url).hostname not in LOOPBACK:
        raise ApiError(
            "The sandbox posts webhooks to this machine only.", "url_invalid", "url"
        )
    return url


@handles("GET /v1/webhook_endpoints/{webhook_endpoint}")
def retrieve_endpoint(call: Call) -> Obj:
    return call.get(call.ids[0], "webhook_endpoint")


@handles("POST /v1/webhook_endpoints/{webhook_endpoint}")
def update_endpoint(call: Call) -> Obj:
    found = call.get(call.ids[0], "webhook_endpoint")
    if "url" in call.params:
        found["url"] = _here(call.params["url"])
    if "enabled_events" in call.params:
        found["enabled_events"] = call.params["enabled_events"]
    if "disabled" in call.params:
        found["status"] = "disabled" if call.params["disabled"] else "enabled"
    merge_metadata(found, call.params)
    return call.store.put(found)


@handles("GET /v1/webhook_endpoints")
def every_endpoint(call: Call) -> Obj:
    return call.listed(call.store.every("webhook_endpoint"))


@handles("DELETE /v1/webhook_endpoints/{webhook_endpoint}")
def delete_endpoint(call: Call) -> Obj:
    found = call.get(call.ids[0], "webhook_endpoint")
    call.store.delete(found["id"])
    return {"id": found["id"], "object": "webhook_endpoint", "deleted": True}
