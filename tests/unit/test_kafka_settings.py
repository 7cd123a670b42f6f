"""What Kafka could not take is refused before anybody asks it."""

import pytest

from graph_schema.errors import Invalid
from stream.kafka import Kafka


@pytest.mark.parametrize("prefix", ["my shop", "läden", "a/b", "x" * 201])
def test_a_prefix_that_no_topic_can_have_is_named(prefix: str) -> None:
    with pytest.raises(Invalid) as refused:
        Kafka.of("localhost:9092", {"ONEFOLD_KAFKA_PREFIX": prefix})
    assert refused.value.field == "ONEFOLD_KAFKA_PREFIX"
    assert prefix[:40] in refused.value.reason
    assert Kafka.of("localhost:9092", {"ONEFOLD_KAFKA_PREFIX": "shop_1.eu-west"}).prefix == "shop_1.eu-west"
