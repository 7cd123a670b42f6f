"""What is loaded to take events in is no more than that needs."""

import subprocess
import sys


def test_no_terminal_is_loaded_to_take_events_in() -> None:
    asked = "import sys, stream.engine; print(*{'prompt_toolkit', 'pygments', 'rich'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
