"""What a test sees of the services: addresses, and the means to make them fail."""

import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote, urlsplit

from tests.services.artefacts import cache_directory
from tests.services.locks import locked
from tests.services.unavailable import ServiceFailed, Unavailable

REPOSITORY = Path(__file__).resolve().parents[2]
VARIABLES = {"neo4j": "ONEFOLD_TEST_NEO4J", "kafka": "ONEFOLD_TEST_KAFKA"}
ADDRESSES = {"neo4j": "bolt://127.0.0.1:{port}", "kafka": "127.0.0.1:{port}"}
CONNECT_ATTEMPTS = 5
FROM_ENVIRONMENT = "environment"


class Services:
    """The services of one test run; all processes of an xdist run share them. Use it in a `with`."""

    def __init__(self) -> None:
        # The id that pytest-xdist gives to all workers of a run; a process by itself is a run of its own.
        self._run = (os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex)[:16]
        self._root = Path(tempfile.gettempdir()) / f"onefold-services-{os.getuid()}"
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def neo4j(self) -> "Service":
        """A Neo4j that answers; Unavailable, with the reasons, where there is no way to one."""
        return self._service("neo4j")

    def kafka(self) -> "Service":
        """A Kafka that answers; Unavailable, with the reasons, where there is no way to one."""
        return self._service("kafka")

    def close(self) -> None:
        """Give the services back. The last one waits until they have ended and their files are gone."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with connection, suppress(OSError):  # a keeper that is gone has taken its services along
            connection.sendall(b'{"do": "bye"}\n')
            while connection.recv(4096):
                pass  # an answer that an interrupted test no longer wanted
        with suppress(OSError):  # other runs may have theirs there
            self._root.rmdir()

    def ask(self, action: str, name: str) -> dict[str, object]:
        """Let the keeper do something; gives the service's port and origin."""
        if self._connection is None:
            self._connection = self._connect()
        self._connection.sendall(json.dumps({"do": action, "service": name}).encode() + b"\n")
        line = self._connection.makefile("rb").readline()
        answer: dict[str, object] = (
            json.loads(line) if line else {"failed": "the keeper of the services is gone"}
        )
        if "unavailable" in answer:
            raise Unavailable(f"no {name}: {VARIABLES[name]} is not set; {answer['unavailable']}")
        if "failed" in answer:
            raise ServiceFailed(f"{name}: {answer['failed']}")
        found = answer["ok"]
        assert isinstance(found, dict)
        return found

    def _service(self, name: str) -> "Service":
        given = os.environ.get(VARIABLES[name])
        if given:
            # Whoever gave the address may give it to other runs too: their locks must be the same.
            digest = hashlib.sha256(given.encode()).hexdigest()[:16]
            address, auth = _split_password(given)
            lock = cache_directory() / f"{name}-{digest}.lock"
            return Service(name, address, auth, FROM_ENVIRONMENT, lock, None)
        found = self.ask("start", name)
        address = ADDRESSES[name].format(port=found["port"])
        return Service(
            name, address, None, str(found["origin"]), self._root / f"{self._run}.{name}.lock", self
        )

    def _connect(self) -> socket.socket:
        self._root.mkdir(mode=0o700, exist_ok=True)
        address = self._root / f"{self._run}.socket"
        with locked(self._root / f"{self._run}.lock"):
            for _ in range(CONNECT_ATTEMPTS):
                connection = socket.socket(socket.AF_UNIX)
                try:
                    connection.connect(str(address))
                except OSError:
                    connection.close()
                    self._start_keeper(address)
                    continue
                return connection
        raise ServiceFailed(f"the keeper of the services does not start: see {self._root}")

    def _start_keeper(self, address: Path) -> None:
        directory = Path(tempfile.mkdtemp(prefix="keeper-", dir=self._root))
        with (directory / "alive").open("a") as alive, (directory / "log.txt").open("a") as log:
            # The keeper inherits the lock, and so holds it for as long as it lives.
            fcntl.flock(alive, fcntl.LOCK_EX)
            subprocess.run(
                [sys.executable, "-m", "tests.services.keeper", str(directory), str(address)],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[alive.fileno()],
                start_new_session=True,
                check=True,
                timeout=60,
            )


@dataclass(frozen=True)
class Service:
    """One running service.

    `address` is a Bolt address or `host:port` of a broker; `auth` user and password, None where it asks for
    none; `origin` how it came here: environment, Docker or Maven Central.
    """

    name: str
    address: str
    auth: tuple[str, str] | None
    origin: str
    _lock: Path
    _services: Services | None

    @property
    def can_fail(self) -> bool:
        """Whether it is ours to kill; one from the environment is not."""
        return self._services is not None

    @property
    def url(self) -> str:
        """The address with user and password in it, where it asks for them."""
        if self.auth is None:
            return self.address
        scheme, _, host = self.address.partition("://")
        return f"{scheme}://{':'.join(quote(part, safe='') for part in self.auth)}@{host}"

    def start(self) -> None:
        """Start it again if it does not run."""
        if self._services is not None:
            self._services.ask("start", self.name)

    def kill9(self) -> None:
        """End it as a power cut would. `start` or `restart` brings it back, with the same port and data."""
        self._ours().ask("kill9", self.name)

    def stop(self) -> None:
        """End it in order."""
        self._ours().ask("stop", self.name)

    def restart(self) -> None:
        """End it in order if it runs, and start it with the same port and data."""
        self._ours().ask("restart", self.name)

    def renew(self) -> None:
        """Start it empty on the same port: faster than to wipe a million rows."""
        self._ours().ask("renew", self.name)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the service for oneself, among all tests of the run."""
        with locked(self._lock):
            yield

    @contextmanager
    def among_others(self) -> Iterator[None]:
        """Use the service beside others, but beside none that holds it alone."""
        with locked(self._lock, shared=True):
            yield

    def _ours(self) -> Services:
        if self._services is None:
            raise ServiceFailed(f"{VARIABLES[self.name]} names a {self.name} that is not ours to end")
        return self._services


def _split_password(address: str) -> tuple[str, tuple[str, str] | None]:
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address, None
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    return parts._replace(netloc=host).geturl(), (unquote(name), unquote(password))
