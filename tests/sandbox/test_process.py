"""The sandbox as a process: it starts, keeps what it has, and ends when it should."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.sandbox.receiver import Receiver, until
from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import ROOT, SandboxProcess, start_sandbox

COMMAND = [sys.executable, "-m", "billing.sandbox"]
# Starts a sandbox, tells its process id, and stays.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(60)
"""


def run(*options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def alive(pid: int) -> bool:
    # A process that ended but wasn't waited for is still in the table.
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def kill(process: SandboxProcess) -> None:
    process.process.kill()
    process.process.wait()


def test_everything_survives_a_kill(tmp_path: Path, http: CheckedHttp) -> None:
    receiver = Receiver()
    url, secret = receiver.url, "whsec_mine"
    first = start_sandbox(tmp_path, webhook_url=url, webhook_secret=secret)
    first.hold()
    shop = Shop(first.base, http)
    options = {"idempotency_key": "order-1"}
    customer = shop.v1.customers.create({"name": "Anna"}, options)
    kill(first)

    second = start_sandbox(tmp_path, webhook_url=url, webhook_secret=secret)
    shop = Shop(second.base, http)

    again = shop.v1.customers.create({"name": "Anna"}, options)
    assert again.id == customer.id
    assert shop.v1.customers.retrieve(customer.id).name == "Anna"
    until(lambda: len(receiver.bodies) == 1)
    assert receiver.types(secret) == ["customer.created"]
    assert len(shop.v1.webhook_endpoints.list().data) == 1
    second.stop()
    receiver.stop()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_quietly_when_asked(tmp_path: Path, by: signal.Signals) -> None:
    sandbox = start_sandbox(tmp_path)

    sandbox.process.send_signal(by)

    assert sandbox.process.wait(10) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.base}/healthz", timeout=5)


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    command = [*COMMAND, "--port", "0", "--store", str(tmp_path / "store.db")]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    # Long enough for it to have begun.
    until(lambda: (tmp_path / "store.db").exists())
    time.sleep(0.5)
    parent.kill()
    parent.communicate()

    until(lambda: not alive(child))


def test_the_folder_of_the_store_is_made(tmp_path: Path) -> None:
    sandbox = start_sandbox(tmp_path / "a folder" / "below")
    sandbox.stop()

    assert (tmp_path / "a folder" / "below" / "store.db").exists()


def test_it_serves_and_calls_this_machine_only(
    tmp_path: Path, sandbox: SandboxProcess
) -> None:
    store = ("--store", tmp_path / "store.db")
    answer = run(*store, "--webhook-url", "https://portal.example/stripe/webhook/")
    assert answer.returncode == 2
    assert "this machine only" in answer.stderr

    # A name that leads here is not enough: a page on the web could have one.
    headers = {"Host": "sandbox.example"}
    assert requests.get(sandbox.base, headers=headers, timeout=5).status_code == 421


def test_a_port_that_is_taken_is_a_sentence(
    tmp_path: Path, sandbox: SandboxProcess
) -> None:
    port = sandbox.base.rsplit(":", 1)[1]

    answer = run("--store", tmp_path / "store.db", "--port", port)

    assert answer.returncode == 1
    assert answer.stderr == f"Port {port} can't be used: Address already in use.\n"


def test_an_order_that_makes_no_sense_is_refused(sandbox: SandboxProcess) -> None:
    answer = requests.post(f"{sandbox.base}/_sandbox/faults", data="{", timeout=5)

    assert answer.status_code == 400
    assert requests.get(f"{sandbox.base}/healthz", timeout=5).text == "ok"


def test_no_web_page_steers_it(sandbox: SandboxProcess) -> None:
    headers = {"Origin": "http://evil.example"}
    url = f"{sandbox.base}/_sandbox/webhooks/hold"

    assert requests.post(url, data="{}", headers=headers, timeout=5).status_code == 403
