"""`python -m selfservice.core.embedded.warden BASE`: stop the server after the last.

Whoever uses the server leaves it with a lock that only living processes hold. When
the last of them was killed, nobody else would stop it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from selfservice.core.embedded.server import Server


def main() -> None:
    server = Server(Path(sys.argv[1]))
    server.await_last()


if __name__ == "__main__":
    main()
