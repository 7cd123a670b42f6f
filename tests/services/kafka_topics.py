"""Making and removing Kafka topics."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from tests.services.service import Service

NO_ERROR = 0


def unique(name: str) -> str:
    """A topic or group name that no other test has: tests share one broker."""
    return f"{name}-{uuid.uuid4().hex[:12]}"


@asynccontextmanager
async def admin(service: Service) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client for topics, groups and settings."""
    client = AIOKafkaAdminClient(bootstrap_servers=service.address)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def create(
    service: Service, partitions: Mapping[str, int], settings: Mapping[str, str] | None = None
) -> None:
    """Make topics, `{name: partitions}`, with these settings (`cleanup.policy`, …); existing ones stay."""
    topics = [
        NewTopic(name, count, 1, topic_configs=dict(settings or {})) for name, count in partitions.items()
    ]
    async with admin(service) as client:
        answer = await client.create_topics(topics)
    for topic, code, *_ in answer.topic_errors:
        if code not in (NO_ERROR, TopicAlreadyExistsError.errno):
            raise for_code(code)(topic)


async def delete(service: Service, *names: str) -> None:
    """Remove topics with all they hold; absent ones are no error."""
    async with admin(service) as client:
        answer = await client.delete_topics(list(names))
    for topic, code, *_ in answer.topic_error_codes:
        if code not in (NO_ERROR, UnknownTopicOrPartitionError.errno):
            raise for_code(code)(topic)
