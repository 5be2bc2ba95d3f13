"""Requests per second of a real server, with one client and with eight."""

from __future__ import annotations

import http.client
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.bench.calling import TOKEN

# As the README starts it.
GRANIAN = (
    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
    *("--workers", "2", "--blocking-threads", "2", "--host", "127.0.0.1"),
)
# What one client sends next: address, cookies, and the body of a POST.
type Request = tuple[str, str, bytes | None]


@contextmanager
def server(*, engine: str, plain: bool) -> Iterator[int]:
    """The application in processes of its own; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {**os.environ, "TEMPLATE_ENGINE": engine}
    module = "tests.bench.plain" if plain else "selfservice.wsgi"
    arguments = [*GRANIAN, "--port", str(port), f"{module}:application"]
    process = subprocess.Popen(  # the environment names the settings
        arguments,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            # A client that kept its connection open keeps a worker.
            process.kill()
            process.wait()


def _await(port: int) -> None:
    for _try in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("The server doesn't come up.")


def same(url: str, cookies: str) -> Iterator[Request]:
    return itertools.repeat((url, cookies, None))


def per_second(
    port: int,
    clients: Sequence[Iterator[Request]],
    seconds: float,
    *,
    htmx: bool = False,
) -> float:
    """How many answers a second; each client waits for one before it asks again."""
    counts = [0] * len(clients)
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_client, args=(port, asked, end, htmx, counts, place))
        for place, asked in enumerate(clients)
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begun)


def _client(
    port: int,
    asked: Iterator[Request],
    end: float,
    htmx: bool,
    counts: list[int],
    place: int,
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"X-CSRFToken": TOKEN}
    if htmx:
        headers |= {"HX-Request": "true", "HX-Target": "list"}
    for url, cookies, body in asked:
        if time.monotonic() >= end:
            break
        sent = {**headers, "Cookie": cookies}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if body is None else "POST", url, body, sent)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in {200, 302}, (url, answer.status)
        counts[place] += 1
    connection.close()


def in_turns(acts: dict[str, Callable[[], float]], turns: int) -> dict[str, float]:
    """The best of some turns of each: a busy moment of the machine is nobody's."""
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _turn in range(turns):
        for name, act in acts.items():
            found[name].append(act())
    return {name: max(rates) for name, rates in found.items()}
