"""A made-up town and its stream of events: any size, the same for the same seed.

With the truth of who was who beside each message.
"""

from stream.simulation.files import write_stream
from stream.simulation.messages import Simulated
from stream.simulation.timeline import DIRTY, simulate

__all__ = ["DIRTY", "Simulated", "simulate", "write_stream"]
