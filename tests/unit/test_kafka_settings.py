"""What Kafka could not take is refused before anybody asks it."""

from pathlib import Path

import pytest

from graph_schema.errors import Invalid
from serving import diagnosis
from stream.kafka import Kafka


@pytest.mark.parametrize("prefix", ["my shop", "läden", "a/b", "x" * 201])
def test_a_prefix_that_no_topic_can_have_is_named(prefix: str) -> None:
    with pytest.raises(Invalid) as refused:
        Kafka.of("localhost:9092", {"ONEFOLD_KAFKA_PREFIX": prefix})
    assert refused.value.field == "ONEFOLD_KAFKA_PREFIX"
    assert prefix[:40] in refused.value.reason
    assert Kafka.of("localhost:9092", {"ONEFOLD_KAFKA_PREFIX": "shop_1.eu-west"}).prefix == "shop_1.eu-west"


def test_the_name_of_a_host_is_compared_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    name, told = "ssl.endpoint.identification.algorithm", {"ONEFOLD_KAFKA_SECURITY_PROTOCOL": "SSL"}
    in_environment = "ONEFOLD_KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM"
    in_file = tmp_path / "client.properties"
    in_file.write_text(f"{name}=\n")

    def is_compared(**more: str) -> bool:
        made: bool = Kafka.of("localhost:9093", told | more).client()["ssl_context"].check_hostname
        return made

    # Whoever hands on a variable that is set nowhere wants what is usual.
    assert is_compared()
    assert is_compared(**{in_environment: ""})
    assert is_compared(**{in_environment: "HTTPS"})
    assert not is_compared(**{in_environment: "none"})
    assert not is_compared(ONEFOLD_KAFKA_CONFIG=str(in_file))
    with pytest.raises(Invalid) as refused:
        is_compared(**{in_environment: "off"})
    assert refused.value.field == name


@pytest.mark.parametrize("written", ['username="ana" password="a\\"b c"', "username=ana password=a-1.b"])
def test_who_asks_is_read_as_java_reads_it(written: str) -> None:
    made = Kafka.of(
        "localhost:9092",
        {
            "ONEFOLD_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "ONEFOLD_KAFKA_SASL_JAAS_CONFIG": f"org.example.PlainLoginModule required {written};",
        },
    ).client()
    assert made["sasl_plain_username"] == "ana"
    assert made["sasl_plain_password"] in ('a"b c', "a-1.b")


def test_a_file_is_read_as_java_reads_it_and_no_secret_is_told(tmp_path: Path) -> None:
    told = {"ONEFOLD_KAFKA_CONFIG": str(tmp_path / "client.properties")}
    lines = ["# ours", "security.protocol: SASL_PLAINTEXT", "sasl.username ana", "sasl.password = hush=hush:"]
    (tmp_path / "client.properties").write_text("\n".join(lines))
    made = Kafka.of("localhost:9092", told).client()
    assert (made["sasl_plain_username"], made["sasl_plain_password"]) == ("ana", "hush=hush:")
    for end in ":", " ", "=":
        (tmp_path / "client.properties").write_text(f"sasl.pasword{end}hush")
        with pytest.raises(Invalid) as refused:
            Kafka.of("localhost:9092", told)
        assert "sasl.pasword" in str(refused.value)
        assert "hush" not in str(refused.value)


def test_the_doctor_says_which_setting_is_wrong() -> None:
    environment = {"ONEFOLD_KAFKA_SECURITY_PROTOCOL": "SSSL"}
    [found] = diagnosis.reached({"kafka": lambda: diagnosis.kafka("localhost:9092", environment)})
    assert found.told.startswith("security.protocol: This is not known here.")
