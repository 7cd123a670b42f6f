"""A Faust app that answers each message of one topic on another.

Arguments: broker, source topic, answer topic, data directory.
"""

import sys

import faust

BROKER, SOURCE, ANSWERS, DIRECTORY = sys.argv[1:]

app = faust.App(
    SOURCE,
    broker=f"kafka://{BROKER}",
    datadir=DIRECTORY,
    web_enabled=False,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
)
source = app.topic(SOURCE, value_type=bytes, value_serializer="raw")
answers = app.topic(ANSWERS, value_type=bytes, value_serializer="raw")


@app.agent(source)
async def echo(messages: faust.StreamT[bytes]) -> None:
    """Answer in upper case."""
    async for message in messages:
        await answers.send(value=message.upper())


if __name__ == "__main__":
    faust.Worker(app, loglevel="INFO").execute_from_commandline()
