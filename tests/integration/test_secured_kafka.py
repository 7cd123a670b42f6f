"""A worker speaks to a broker that asks for TLS and a password as its settings say."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_schema.errors import BrokerUnavailable
from stream.kafka import Kafka, look, make_topics
from tests.integration.working import Sent, Worker, send
from tests.services.engines import free_port
from tests.services.offers import kafka_from_jars
from tests.services.unavailable import Unavailable

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PASSWORD = "hush hush"
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
TOLD = b'{"type": "identify", "source": "web", "userId": "ana", "messageId": "m1"}'


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a listener with TLS and SASL, and the certificate that it shows, signed by nobody."""
    folder = tmp_path_factory.mktemp("secured")
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("NOT TESTED: no `keytool` to make a certificate with")
    store = ["-keystore", str(folder / "keys.p12"), "-storepass", PASSWORD, "-alias", "broker"]
    made = ["-genkeypair", "-keyalg", "RSA", "-dname", "CN=broker", "-ext", "san=ip:127.0.0.1"]
    subprocess.run([keytool, *made, *store, "-storetype", "PKCS12"], check=True, capture_output=True)
    shown = ["-exportcert", "-rfc", "-file", str(folder / "ca.pem")]
    subprocess.run([keytool, *shown, *store], check=True, capture_output=True)
    address = f"127.0.0.1:{free_port()}"
    secured = {
        "listeners": f"SASL_SSL://{address}",
        "advertised.listeners": f"SASL_SSL://{address}",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "ssl.keystore.location": str(folder / "keys.p12"),
        "ssl.keystore.password": PASSWORD,
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{LOGIN} user_worker="{PASSWORD}";',
    }
    try:
        engine = kafka_from_jars(folder / "kafka", secured)
    except Unavailable as error:
        pytest.skip(f"NOT TESTED: {error}")
    try:
        engine.start()
        yield address, folder / "ca.pem"
    finally:
        engine.discard()


def settings(certificate: Path) -> dict[str, str]:
    """What the worker is told in its environment."""
    return {
        "ONEFOLD_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ONEFOLD_KAFKA_SASL_USERNAME": "worker",
        "ONEFOLD_KAFKA_SASL_PASSWORD": PASSWORD,
        "ONEFOLD_KAFKA_SSL_CA_LOCATION": str(certificate),
    }


def test_a_worker_works_by_tls_and_password(
    broker: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings(broker[1])
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    kafka = Kafka.of(broker[0], told)
    asyncio.run(make_topics(kafka, 1))
    asyncio.run(send(kafka, [Sent(0, TOLD)]))
    worker = Worker(kafka, f"sqlite:///{tmp_path}/graph.db", tmp_path)
    try:
        worker.wait_until_ready()
        deadline = time.monotonic() + 60
        while 'fate="taken"} 1' not in worker.get("/metrics").text and time.monotonic() < deadline:
            time.sleep(0.1)
        assert 'fate="taken"} 1' in worker.get("/metrics").text
        assert worker.stop() == 0
    finally:
        worker.kill()
    assert PASSWORD.encode() not in worker.log.read_bytes()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"ONEFOLD_KAFKA_SASL_PASSWORD": "guessed"}, "can't be used (SaslAuthenticationFailed)"),
        ({"ONEFOLD_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}, "can't be used (UnsupportedSaslMechanismError)"),
        ({"ONEFOLD_KAFKA_SSL_CA_LOCATION": ""}, "(SSLCertVerificationError: self-signed certificate)"),
        ({"ONEFOLD_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "can't be reached (KafkaConnectionError)"),
    ],
)
def test_nobody_is_let_in_otherwise_and_each_is_told_why(
    broker: tuple[str, Path], wrong: dict[str, str], why: str
) -> None:
    kafka = Kafka.of(broker[0], settings(broker[1]) | wrong)
    with pytest.raises(BrokerUnavailable) as told:
        asyncio.run(look(kafka))
    assert why in str(told.value)
    assert "guessed" not in str(told.value)
