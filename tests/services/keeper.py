"""The process that owns the services of one test run and ends them when nobody is connected to it any more.

Test processes come and go, some by `kill -9`; what they all leave behind is a closed socket. So each holds a
connection to the keeper of its run, and the last one that goes, in whatever way, takes the services and their
files along.

One request is a JSON line `{"do": …, "service": …}`, one answer a JSON line `{"ok": …}`,
`{"unavailable": why}` or `{"failed": why}`. The answer to `bye` is the end of the connection.
"""

import json
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from tests.services import offers
from tests.services.engines import Engine
from tests.services.locks import is_held, remove_unless_held
from tests.services.unavailable import ServiceFailed, Unavailable

FIRST_CLIENT_SECONDS = 60.0

Answer = dict[str, object]


class Keeper:
    """The services of one run, each started at the first request."""

    def __init__(self, directory: Path, listener: socket.socket, address: Path) -> None:
        self.directory = directory
        self.listener = listener
        self.address = address
        self._engines: dict[str, Engine] = {}
        self._locks = {name: threading.Lock() for name in offers.NAMES}
        self._clients: set[socket.socket] = set()
        self._counting = threading.Lock()
        self._over = threading.Event()
        self._last: socket.socket | None = None

    def serve(self) -> None:
        """Answer until the last client is gone, then leave nothing."""
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Timer(FIRST_CLIENT_SECONDS, self._end_if_alone).start()
        self._over.wait()
        self.close()

    def close(self) -> None:
        """End all services; the run's next client will find no keeper and start another one."""
        self.address.unlink(missing_ok=True)
        for name in offers.NAMES:
            with self._locks[name]:
                if name in self._engines:
                    self._engines.pop(name).discard()
        shutil.rmtree(self.directory, ignore_errors=True)
        for lock in self.address.parent.glob(f"{self.address.stem}.*lock"):
            remove_unless_held(lock)

    def over(self) -> None:
        """Let `serve` come to its end."""
        self._over.set()

    def _accept(self) -> None:
        while not self._over.is_set():
            client, _ = self.listener.accept()
            with self._counting:
                self._clients.add(client)
            threading.Thread(target=self._converse, args=(client,), daemon=True).start()

    def _converse(self, client: socket.socket) -> None:
        lines: BinaryIO = client.makefile("rb")
        try:
            for line in lines:
                request = json.loads(line)
                if request["do"] == "bye":
                    break
                client.sendall(json.dumps(self._answer(request["do"], request["service"])).encode() + b"\n")
        except OSError:
            pass  # a client that was killed has said good-bye as well
        with self._counting:
            self._clients.discard(client)
            last = not self._clients
        if last:
            self._last = client  # stays open until all is cleaned up: the client waits for its end
            self._over.set()
        else:
            client.shutdown(socket.SHUT_RDWR)

    def _end_if_alone(self) -> None:
        with self._counting:
            alone = not self._clients
        if alone:
            self._over.set()

    def _answer(self, action: str, name: str) -> Answer:
        actions: dict[str, Callable[[Engine], None]] = {
            "start": lambda engine: engine.start(),
            "kill9": lambda engine: engine.kill9(),
            "stop": lambda engine: engine.stop(),
            "restart": _restart,
            "renew": _renew,
        }
        try:
            with self._locks[name]:
                if name not in self._engines:
                    self._engines[name] = offers.start(name, self.directory)
                engine = self._engines[name]
                actions[action](engine)
                return {"ok": {"port": engine.port, "origin": engine.origin}}
        except Unavailable as error:
            return {"unavailable": str(error)}
        except (ServiceFailed, OSError) as error:
            return {"failed": str(error)}


def _restart(engine: Engine) -> None:
    if engine.running():
        engine.stop()
    engine.start()


def _renew(engine: Engine) -> None:
    engine.discard()
    engine.start()


def remove_leftovers(root: Path) -> None:
    """Remove what killed keepers have left: one that lives holds a lock on its directory."""
    for directory in root.glob("keeper-*"):
        alive = directory / "alive"
        if alive.exists() and not is_held(alive):
            offers.remove_containers(directory)
            shutil.rmtree(directory, ignore_errors=True)


def main(directory: Path, address: Path) -> None:
    """Keep the services in `directory`, reached by the Unix socket `address`, as a process of its own."""
    listener = socket.socket(socket.AF_UNIX)
    address.unlink(missing_ok=True)
    listener.bind(str(address))
    listener.listen(64)
    if os.fork():
        # The one that started us may go on now, and needs not to outlive us. (No thread runs yet.)
        os._exit(0)
    keeper = Keeper(directory, listener, address)

    def end(_signal: int, _frame: FrameType | None) -> None:
        keeper.over()

    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, end)
    remove_leftovers(directory.parent)
    keeper.serve()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
