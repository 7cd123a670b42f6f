"""A process that was told to end ends in time, whoever it still waits for."""

import logging
import os
import threading
from typing import Final

_log: Final = logging.getLogger("onefold")
_PATIENCE_SECONDS: Final = 25.0
"""Less than the half minute after which whoever told it to would end it by force."""
_EXIT: Final = 3


def end_in_time() -> None:
    """From now on this process has so long to end by itself. A store that neither answers nor refuses holds
    the threads that ask it for minutes; what is ended here is as after a kill: whatever was not acknowledged
    comes again."""
    ending = threading.Timer(_PATIENCE_SECONDS, _end)
    ending.daemon = True
    ending.start()


def _end() -> None:
    _log.error("something doesn't answer; this ends without waiting for it")
    os._exit(_EXIT)
