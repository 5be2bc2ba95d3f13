"""Demos for the tests; every one of them is ended, whatever happens."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo.demo_process import DemoProcess, processes_of, wait_until

HERE = Path(__file__).parent
type Start = Callable[..., DemoProcess]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            if not sys.platform.startswith("linux"):
                item.add_marker(pytest.mark.skip(reason="processes are read in /proc"))


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts demos, and ends them after the test."""
    started: list[DemoProcess] = []

    def begin(var: Path, *arguments: str, **environment: str) -> DemoProcess:
        demo = DemoProcess(var, *(arguments or ("--port", "0")), **environment)
        started.append(demo)
        return demo

    yield begin
    for demo in started:
        demo.end()
        for pid in processes_of(demo.var):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def used_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a demo ran before; its database has a table `kept`."""
    var = tmp_path_factory.mktemp("demo") / "it's my folder"
    demo = DemoProcess(var, "--port", "0").wait_until_ready()
    demo.query("CREATE TABLE kept ()")
    assert demo.end() == 0
    wait_until(lambda: not processes_of(var), 10)
    return var
