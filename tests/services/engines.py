"""How one service runs: as a Java process of ours, or as a container; both keep port and data."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.unavailable import ServiceFailed, Unavailable

START_SECONDS = 300.0
STOP_SECONDS = 30
POLL_SECONDS = 0.1
LOG_TAIL = 3000
# Linux hands out 32768 and above to outgoing connections: there, a client that knocks at a server that is
# down can take the server's port, or even connect to itself.
PORTS = range(20_000, 32_000)

Probe = Callable[[int], bool]


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable(f"no free port between {PORTS.start} and {PORTS.stop}")


class Engine(ABC):
    """One service, which may be running or not."""

    origin: str
    port: int
    probe: Probe

    def start(self) -> None:
        """Start what does not run, and return when it answers; ServiceFailed if that takes too long."""
        if not self.running():
            self.launch()
        deadline = time.monotonic() + START_SECONDS
        while not self.probe(self.port):
            if not self.running():
                raise ServiceFailed(f"ended while it started:\n{self.log()[-LOG_TAIL:]}")
            if time.monotonic() > deadline:
                raise ServiceFailed(f"no answer within {START_SECONDS:.0f} s:\n{self.log()[-LOG_TAIL:]}")
            time.sleep(POLL_SECONDS)

    @abstractmethod
    def running(self) -> bool:
        """Whether its process is there, be it answering or not."""

    @abstractmethod
    def launch(self) -> None:
        """Start the process."""

    @abstractmethod
    def kill9(self) -> None:
        """End it as a power cut would."""

    @abstractmethod
    def stop(self) -> None:
        """End it in order."""

    @abstractmethod
    def discard(self) -> None:
        """End it and remove its data; a later start begins empty."""

    @abstractmethod
    def log(self) -> str:
        """What it has written."""


@dataclass
class JavaEngine(Engine):
    """A Java process in a directory of its own, which ends when this process does, however that ends."""

    directory: Path
    command: list[str]
    port: int
    probe: Probe
    files: dict[str, str] = field(default_factory=dict)
    origin: str = "Maven Central"
    _process: subprocess.Popen[bytes] | None = None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (self.directory / name).write_text(text)
        with (self.directory / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                stdin=subprocess.PIPE,  # the launchers end with it
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill9(self) -> None:
        if self._process is None:
            return
        if self.running():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._forget(self._process)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill9()
            return
        self._forget(self._process)

    def discard(self) -> None:
        self.kill9()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self) -> str:
        file = self.directory / "log.txt"
        return file.read_text(errors="replace") if file.exists() else ""

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
        self._process = None


@dataclass
class DockerEngine(Engine):
    """A container of a pinned image, which is labelled so that a later run finds what a killed one left."""

    name: str
    label: str
    image: str
    inner_port: int
    environment: dict[str, str]
    port: int
    probe: Probe
    origin: str = "Docker"
    _created: bool = False

    def running(self) -> bool:
        if not self._created:
            return False
        return docker("inspect", "--format", "{{.State.Running}}", self.name).stdout.strip() == "true"

    def launch(self) -> None:
        if self._created:
            _docker_or_raise("start", self.name)
            return
        options = [f"--env={key}={value}" for key, value in self.environment.items()]
        options += [f"--label={self.label}", f"--publish=127.0.0.1:{self.port}:{self.inner_port}"]
        # Before the first run ends: an interrupted one may already have made the container.
        self._created = True
        _docker_or_raise("run", "--detach", f"--name={self.name}", *options, self.image)

    def kill9(self) -> None:
        docker("kill", self.name)

    def stop(self) -> None:
        docker("stop", f"--time={STOP_SECONDS}", self.name)

    def discard(self) -> None:
        if self._created:
            docker("rm", "--force", "--volumes", self.name)
        self._created = False

    def log(self) -> str:
        found = docker("logs", "--tail=100", self.name)
        return found.stdout + found.stderr


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one docker command, whatever it returns."""
    try:
        return subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False, timeout=600
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(arguments, 127, "", str(error))


def _docker_or_raise(*arguments: str) -> None:
    done = docker(*arguments)
    if done.returncode != 0:
        raise Unavailable(f"docker {arguments[0]}: {done.stderr.strip()[-300:]}")
