"""A made-up town and its stream of events: any size, the same for the same seed.

With the truth of who was who beside each message.
"""

from stream.simulation.files import write_people, write_stream
from stream.simulation.messages import Message, Simulated
from stream.simulation.table import COLUMNS, people_table
from stream.simulation.timeline import DIRTY, simulate

__all__ = [
    "COLUMNS",
    "DIRTY",
    "Message",
    "Simulated",
    "people_table",
    "simulate",
    "write_people",
    "write_stream",
]
