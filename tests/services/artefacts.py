"""The jars of Neo4j and Kafka from Maven Central, kept in the user's cache directory."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.services.locks import locked
from tests.services.unavailable import Unavailable

NEO4J_VERSION = "5.26.20"
KAFKA_VERSION = "4.1.1"

# Pinned like the rest: without a version Maven takes what its installation names.
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
DOWNLOAD_SECONDS = 600


@dataclass(frozen=True)
class Artefacts:
    """What one service is made of: Maven coordinates `group:artifact:version`."""

    name: str
    coordinates: tuple[str, ...]

    def pom(self) -> str:
        """A project that depends on exactly these."""
        dependencies = "".join(
            f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
            f"<version>{version}</version></dependency>"
            for group, artifact, version in (each.split(":") for each in self.coordinates)
        )
        return (
            "<project><modelVersion>4.0.0</modelVersion><groupId>onefold</groupId>"
            f"<artifactId>tests</artifactId><version>1</version><packaging>pom</packaging>"
            f"<dependencies>{dependencies}</dependencies></project>"
        )


NEO4J = Artefacts(
    f"neo4j-{NEO4J_VERSION}",
    (f"org.neo4j:neo4j:{NEO4J_VERSION}", f"org.neo4j:neo4j-bolt:{NEO4J_VERSION}"),
)
# Without a logging binding the broker would fail in silence.
KAFKA = Artefacts(
    f"kafka-{KAFKA_VERSION}",
    (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36"),
)


def cache_directory() -> Path:
    """Where jars and locks that outlive a test run are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    directory = Path(base) / "onefold" / "services"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def java() -> str:
    """The Java command; Unavailable where there is none that can run a source file."""
    found = shutil.which("java")
    if found is None:
        raise Unavailable("no `java` in the path (a JDK of version 17 or later is needed)")
    modules = subprocess.run(
        [found, "--list-modules"], capture_output=True, text=True, check=False, timeout=60
    )
    if "jdk.compiler" not in modules.stdout:
        raise Unavailable(
            f"{found} is a runtime without compiler, or too old (a JDK of version 17 or later is needed)"
        )
    return found


def jars(artefacts: Artefacts) -> Path:
    """The directory of all jars of a service, downloaded at the first use; Unavailable where that fails."""
    cache = cache_directory()
    directory = cache / artefacts.name
    with locked(cache / f"{artefacts.name}.lock"):
        if not directory.exists():
            _download(artefacts, directory)
    return directory


def _download(artefacts: Artefacts, directory: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(f"{artefacts.name} is not in {directory} and there is no `mvn` to download it")
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        (Path(scratch) / "pom.xml").write_text(artefacts.pom())
        command = [maven, "--batch-mode", "--quiet", "--strict-checksums", COPY_DEPENDENCIES]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={scratch}/jars"]
        try:
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, check=False, timeout=DOWNLOAD_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"mvn did not download {artefacts.name} in {DOWNLOAD_SECONDS} s") from error
        if done.returncode != 0:
            raise Unavailable(
                f"mvn could not download {artefacts.name}: {done.stdout[-600:]}{done.stderr[-300:]}"
            )
        # Only a whole download gets the name by which others find it.
        (Path(scratch) / "jars").rename(directory)
