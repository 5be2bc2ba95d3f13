"""People who use the portal over HTTPS, through nginx, as a browser does."""

from __future__ import annotations

import socket
import threading
import time
import warnings
from collections import Counter
from typing import Any

import requests
import urllib3

HOST = "portal.example.com"
PORTAL = f"https://{HOST}"
_PASSWORD = "a long one, only for rehearsals"
_look_up = socket.getaddrinfo


def _here(host: Any, *rest: Any, **named: Any) -> Any:
    return _look_up("127.0.0.1" if host == HOST else host, *rest, **named)


# The certificate is Debian's own, and the name leads nowhere outside the machines.
socket.getaddrinfo = _here
warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)


class Person:
    """Somebody with a browser."""

    def __init__(self, email: str) -> None:
        self.email = email
        self._session = requests.Session()
        # Else a bundle that the environment names would be asked all the same.
        self._session.trust_env = self._session.verify = False

    def get(self, path: str, expected: int = 200) -> requests.Response:
        answer = self._session.get(PORTAL + path, timeout=30)
        assert answer.status_code == expected, (path, answer.status_code)
        return answer

    def post(self, path: str, page: str, **form: str) -> requests.Response:
        """Send a form, with the token that its page came with."""
        self.get(page)
        token = self._session.cookies["__Host-csrf"]
        return self._session.post(
            PORTAL + path,
            data={"csrfmiddlewaretoken": token, **form},
            headers={"Referer": PORTAL + page},
            timeout=30,
        )

    def choose_password(self, link: str) -> None:
        """Follow the link of the invitation."""
        opened = self.get(link.removeprefix(PORTAL))
        path = opened.url.removeprefix(PORTAL)
        answer = self.post(path, path, password1=_PASSWORD, password2=_PASSWORD)
        assert answer.status_code == 200, answer.status_code

    def sign_in(self) -> None:
        page = "/accounts/login/"
        self.post(page, page, login=self.email, password=_PASSWORD)
        assert "/accounts/login/" not in self.get("/products/").url, self.email


class Crowd:
    """Several browsers that go on reading and writing until they are told to stop."""

    def __init__(self, people: list[Person]) -> None:
        self.seen: Counter[str] = Counter()
        self.slowest = 0.0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._browse, args=(person,)) for person in people
        ]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _browse(self, person: Person) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                person.get("/products/")
                answer = person.post("/language/", "/products/", language="en")
                self.seen["fine" if answer.ok else str(answer.status_code)] += 1
            except (requests.RequestException, AssertionError) as error:
                self.seen[f"{type(error).__name__}: {error}"[:120]] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
