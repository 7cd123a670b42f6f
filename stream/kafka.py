"""How Kafka is reached, and the three topics: settings, making topics, and looking how far they are consumed.

Settings are those that Kafka's users know, by their names: in the environment (`security.protocol` as
ONEFOLD_KAFKA_SECURITY_PROTOCOL) or in a file of properties that ONEFOLD_KAFKA_CONFIG names.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment as Assignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaError,
    LeaderNotAvailableError,
    NodeNotReadyError,
    TopicAlreadyExistsError,
    for_code,
)

from graph_schema.errors import BrokerUnavailable, Invalid, nearest

REACH_SECONDS: Final = 12.0
_LEADER_SECONDS: Final = 6.0
PARTITIONS: Final = 12
"""Of a topic that has to be made: shared out evenly over 1, 2, 3, 4, 6 or 12 workers."""
_ENVIRONMENT: Final = "ONEFOLD_KAFKA_"
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_PROPERTY: Final = re.compile(r"(?P<name>[^\s=:]*)\s*[=:]?\s*(?P<value>.*)")
_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_ALGORITHM: Final = "ssl.endpoint.identification.algorithm"
_SETTINGS: Final = (
    "security.protocol",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    "sasl.jaas.config",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    _ALGORITHM,
)
_FITTING: Final = "See that it runs, that --kafka names it, and that the ONEFOLD_KAFKA_… settings fit it"
_WAYS_OUT: Final[Mapping[type, str]] = {
    NodeNotReadyError: "It answers, but names a broker that can't be reached: see its advertised.listeners",
    LeaderNotAvailableError: "It answers, but a broker that alone has some partition is away: bring it back",
}
_CLEANUP: Final = "cleanup.policy"
_LETTERS_DAYS: Final = 30
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Options:
    """``batch`` messages at most go into one transaction, which waits ``linger`` seconds for more to come;
    ``partitions`` are those of topics that it has to make."""

    batch: int = 1_000
    linger: float = 0.01
    partitions: int = PARTITIONS

    @classmethod
    def of(cls, environment: Mapping[str, str], partitions: int) -> "Options":
        """By ONEFOLD_WORKER_BATCH and ONEFOLD_WORKER_LINGER_MS; raises ``Invalid`` for what is no number."""
        given = []
        for name, usual in (("ONEFOLD_WORKER_BATCH", cls.batch), ("ONEFOLD_WORKER_LINGER_MS", 10)):
            text = environment.get(name) or str(usual)
            if not text.isdecimal():
                raise Invalid(name, "It must be a whole number, or left out.")
            given.append(int(text))
        return cls(max(1, given[0]), given[1] / 1_000, partitions)


@dataclass(frozen=True)
class Kafka:
    """A cluster, how to speak to it, and the prefix of our topics there, which is our consumer group too."""

    servers: str
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    prefix: str = "onefold"

    @property
    def events(self) -> str:
        """The topic of what sources say."""
        return f"{self.prefix}.events"

    @property
    def changes(self) -> str:
        """The topic of what became of persons, by person."""
        return f"{self.prefix}.changes"

    @property
    def dead_letters(self) -> str:
        """The topic of what could not be taken."""
        return f"{self.prefix}.dead-letters"

    @classmethod
    def of(cls, servers: str, environment: Mapping[str, str]) -> "Kafka":
        """The cluster at HOST:PORT (several with commas); raises ``Invalid`` for what can't be meant."""
        for server in servers.split(","):
            host, colon, port = server.strip().rpartition(":")
            if not (host and colon and port.isdecimal()):
                raise Invalid("--kafka", "This is no address; write HOST:PORT, as localhost:9092.")
        settings = _of_file(environment.get(f"{_ENVIRONMENT}CONFIG"))
        for name in _SETTINGS:
            given = environment.get(_ENVIRONMENT + name.upper().replace(".", "_"))
            if given:
                settings[name] = given
        prefix = environment.get(f"{_ENVIRONMENT}PREFIX") or "onefold"
        if not _PREFIX.fullmatch(prefix):
            what = f"No topic can begin with {prefix[:50]!r}; write up to 200 letters, digits, dots, - and _."
            raise Invalid(f"{_ENVIRONMENT}PREFIX", what)
        found = cls(servers, settings, prefix)
        found.client()
        return found

    def client(self) -> dict[str, Any]:
        """What every client of aiokafka is made with."""
        get = self.settings.get
        protocol = get("security.protocol", "PLAINTEXT").upper()
        _known("security.protocol", protocol, _PROTOCOLS)
        made: dict[str, Any] = {"bootstrap_servers": self.servers, "security_protocol": protocol}
        if protocol.endswith("SSL"):
            made["ssl_context"] = self._ssl()
        if protocol.startswith("SASL"):
            mechanism = get("sasl.mechanism", "PLAIN").upper()
            _known("sasl.mechanism", mechanism, _MECHANISMS)
            jaas = get("sasl.jaas.config", "")
            user = get("sasl.username") or _of_jaas(jaas, "username")
            password = get("sasl.password") or _of_jaas(jaas, "password")
            if not (user and password):
                raise Invalid(
                    "sasl.username", "SASL needs a user and a password: sasl.username and sasl.password."
                )
            made |= {
                "sasl_mechanism": mechanism,
                "sasl_plain_username": user,
                "sasl_plain_password": password,
            }
        return made

    def _ssl(self) -> ssl.SSLContext:
        get = self.settings.get
        try:
            context = ssl.create_default_context(cafile=get("ssl.ca.location"))
            certificate = get("ssl.certificate.location")
            if certificate:
                context.load_cert_chain(certificate, get("ssl.key.location"), get("ssl.key.password"))
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or "it is not what it should be"
            raise Invalid("ssl", f"A certificate, its key or the CA can't be read ({reason}).") from None
        # Java's clients say by an empty algorithm that the host's name is not to be compared.
        algorithm = get(_ALGORITHM, "https").lower() or "none"
        _known(_ALGORITHM, algorithm, ("https", "none"))
        context.check_hostname = algorithm == "https"
        return context


def _of_file(path: str | None) -> dict[str, str]:
    """The settings of a file of Java properties. What is not about security is left to others."""
    if not path:
        return {}
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Invalid(f"{_ENVIRONMENT}CONFIG", f"The file can't be read ({reason}).") from None
    lines = [line.strip() for line in text.replace("\\\n", "").splitlines()]
    # Java ends a name by = or : or a space. A value is never taken for part of a name, which errors tell.
    pairs = [_PROPERTY.match(line) for line in lines if line and line[0] not in "#!"]
    settings = {pair["name"]: pair["value"] for pair in pairs if pair}
    for name in settings:
        if name.startswith(("ssl.", "sasl.", "security.")):
            _known(f"{_ENVIRONMENT}CONFIG: {name}", name, _SETTINGS)
    return {name: value for name, value in settings.items() if name in _SETTINGS}


def _known(where: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise Invalid(where, f"This is not known here. {nearest(given, known)}.")


def _of_jaas(text: str, name: str) -> str | None:
    found = re.search(rf'\b{name}\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([\w$.-]+))', text)
    return re.sub(r"\\(.)", r"\1", found.group(1) or found.group(2) or "") if found else None


@asynccontextmanager
async def reached(kafka: Kafka) -> AsyncIterator[None]:
    """Turns what Kafka's clients raise within it into ``BrokerUnavailable``, with the way out."""
    try:
        async with asyncio.timeout(REACH_SECONDS):
            yield
    except (KafkaError, OSError, TimeoutError) as error:
        away = isinstance(error, KafkaConnectionError | OSError)
        kind = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
        if isinstance(error, ssl.SSLCertVerificationError):
            kind += f": {error.verify_message}"
        raise BrokerUnavailable(
            f"Kafka at {kafka.servers} can't be {'reached' if away else 'used'} ({kind})",
            way_out=_WAYS_OUT.get(type(error), _FITTING),
        ) from error


@asynccontextmanager
async def _admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**kafka.client(), request_timeout_ms=int(REACH_SECONDS * 1000))
    try:
        async with reached(kafka):
            try:
                await client.start()
            except KafkaConnectionError:
                await _try_each(kafka)
                raise
            yield client
    finally:
        await client.close()


async def _try_each(kafka: Kafka) -> None:
    """Raises what a broker has against us, a wrong password, say: the client that was told only logs it."""
    options = kafka.client()
    for host, port, _ in collect_hosts(options.pop("bootstrap_servers")):
        (await create_conn(host, port, **options)).close()


def _policies(kafka: Kafka) -> dict[str, str]:
    """How each of our topics has to be cleaned up. Of a key, who names one person, compaction keeps the last
    message: enough of changes, and not of events."""
    return {kafka.events: "delete", kafka.changes: "compact", kafka.dead_letters: "delete"}


async def make_topics(kafka: Kafka, partitions: int = PARTITIONS) -> None:
    """Makes those of our topics that are missing; raises ``BrokerUnavailable``.

    They have up to three replicas, as many as there are brokers. Of each person the last change is kept for
    ever, a dead letter for thirty days, an event as the cluster keeps things.
    """
    async with _admin(kafka) as client:
        brokers = len((await client.describe_cluster())["brokers"])
        replicas = max(1, min(3, brokers))
        safe = {"min.insync.replicas": "2"} if replicas == 3 else {}
        keep = {name: {_CLEANUP: policy} for name, policy in _policies(kafka).items()}
        keep[kafka.dead_letters]["retention.ms"] = str(_LETTERS_DAYS * _DAY_MS)
        missing = keep.keys() - set(await client.list_topics())
        if not missing:
            return
        wanted = [
            NewTopic(name, partitions, replicas, topic_configs={**safe, **keep[name]})
            for name in sorted(missing)
        ]
        for _, code, *_ in (await client.create_topics(wanted)).topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise for_code(code)


@dataclass(frozen=True)
class Seen:
    """What a look at the cluster finds: partitions of each topic that there is, how many messages of each
    partition of events wait to be consumed, and which of those partitions have a worker that reads them; None
    where that can't be told now. ``unfit`` are topics that are not cleaned up as they have to be, each with
    how, as far as whoever asks may know."""

    partitions: Mapping[str, int]
    lag: Mapping[int, int]
    read: frozenset[int] | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)


async def _unfit(client: AIOKafkaAdminClient, kafka: Kafka, topics: Iterable[str]) -> dict[str, str]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, one, {_CLEANUP: None}) for one in topics]
    answers = await client.describe_configs(asked) if asked else []
    wanted = _policies(kafka)
    return {
        topic: wanted[topic]
        for answer in answers
        for *_, topic, told in answer.resources
        for _, policy, *_ in told
        if policy != wanted[topic]
    }


async def _committed(client: AIOKafkaAdminClient, group: str) -> Mapping[TopicPartition, Any]:
    while True:
        try:
            found: Mapping[TopicPartition, Any] = await client.list_consumer_group_offsets(group)
            return found
        except GroupCoordinatorNotAvailableError:
            # A cluster that has just begun first makes the topic for it.
            await asyncio.sleep(0.2)


async def _read(client: AIOKafkaAdminClient, kafka: Kafka) -> frozenset[int] | None:
    """The partitions of events that members of the group have; None while they are being shared out."""
    (answer,) = await client.describe_consumer_groups([kafka.prefix])
    code, _, state, _, _, members, *_ = answer.groups[0]
    if code or state.endswith("Rebalance"):
        return None
    given = [Assignment.decode(member[-1]).assignment for member in members if member[-1]]
    return frozenset(one for each in given for topic, ours in each if topic == kafka.events for one in ours)


async def look(kafka: Kafka) -> Seen:
    """How our topics are; raises ``BrokerUnavailable``."""
    async with _admin(kafka) as client:
        ours = {kafka.events, kafka.changes, kafka.dead_letters}
        there = sorted(ours & set(await client.list_topics()))
        told = await client.describe_topics(there) if there else []
        partitions = {one["topic"]: len(one["partitions"]) for one in told}
        unfit = await _unfit(client, kafka, there)
        if kafka.events not in partitions:
            return Seen(partitions, {}, unfit=unfit)
        committed, read = await _committed(client, kafka.prefix), await _read(client, kafka)
        consumer = AIOKafkaConsumer(**kafka.client())
        try:
            await consumer.start()
            every = [TopicPartition(kafka.events, one) for one in range(partitions[kafka.events])]
            async with asyncio.timeout(_LEADER_SECONDS):
                first, last = await consumer.beginning_offsets(every), await consumer.end_offsets(every)
        except TimeoutError:
            # All else was answered: what is waited for is somebody to ask about one of the partitions.
            raise LeaderNotAvailableError from None
        finally:
            await consumer.stop()
    lag = {}
    for one in every:
        done = committed[one].offset if one in committed else -1
        # From where a worker goes on: from the beginning too where what was taken is no longer there.
        lag[one.partition] = last[one] - (done if first[one] <= done <= last[one] else first[one])
    return Seen(partitions, lag, read, unfit)
