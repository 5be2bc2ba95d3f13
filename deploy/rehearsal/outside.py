"""The world outside the machines: a mail server, and Stripe's stand-in."""

from __future__ import annotations

import email
import email.policy
import socketserver
import subprocess
import sys
import threading
import time
from email.message import EmailMessage
from pathlib import Path

import requests

from deploy.rehearsal.releases import ROOT

WEBHOOK_SECRET = "whsec_rehearsal"


class MailServer:
    """Takes every mail, and keeps it."""

    def __init__(self) -> None:
        kept = self.mails = list[EmailMessage]()

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 ready")
                while line := self.rfile.readline().strip().upper():
                    if line == b"DATA":
                        self._say("354 go on")
                        kept.append(self._message())
                    self._say("250 fine")
                    if line == b"QUIT":
                        return

            def _say(self, words: str) -> None:
                self.wfile.write(words.encode() + b"\r\n")

            def _message(self) -> EmailMessage:
                lines = list(iter(self.rfile.readline, b".\r\n"))
                text = b"".join(line.removeprefix(b".") for line in lines)
                return email.message_from_bytes(text, policy=email.policy.default)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def to(self, address: str) -> EmailMessage:
        """The newest mail to this address."""
        return next(mail for mail in reversed(self.mails) if address in mail["To"])

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Stripe:
    """The sandbox, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        port_file = folder / "port"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "billing.sandbox", "--port", "0"),
                *("--store", str(folder / "stripe.db"), "--port-file", str(port_file)),
            ],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not (port_file.exists() and port_file.read_text().strip()):
            time.sleep(0.1)
        self.base = f"http://127.0.0.1:{port_file.read_text().strip()}"
        requests.get(f"{self.base}/healthz", timeout=30).raise_for_status()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(30)
