"""Stripe's own client against the sandbox, over TCP, every answer checked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.receiver import Receiver
from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess, start_sandbox


@pytest.fixture(scope="session")
def sandbox_process(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> Iterator[SandboxProcess]:
    """An empty sandbox; what it answers must have the shape that Stripe's has."""
    sandbox_process.reset()
    yield sandbox_process
    assert sandbox_process.violations() == []


@pytest.fixture
def http() -> Iterator[CheckedHttp]:
    """The client's way out, which checks what comes in."""
    made = CheckedHttp()
    yield made
    made.close()
    assert made.faults == []


@pytest.fixture
def shop(sandbox: SandboxProcess, http: CheckedHttp) -> Shop:
    """A client, and what a shop has: customers, prices, cards."""
    return Shop(sandbox.base, http)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes webhooks."""
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def secret(shop: Shop, receiver: Receiver) -> Iterator[str]:
    """The secret of an endpoint of the receiver that is told everything."""
    made = shop.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["*"]}
    )
    yield str(made.secret)
    shop.v1.webhook_endpoints.delete(made.id)
