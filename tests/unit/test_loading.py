"""What is loaded is no more than a command needs, and can be interrupted."""

import signal
import subprocess
import sys


def test_no_terminal_is_loaded_to_take_events_in() -> None:
    asked = "import sys, stream.engine; print(*{'prompt_toolkit', 'pygments', 'rich'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


def test_an_interrupt_while_modules_load_ends_without_a_word() -> None:
    interrupted = (
        "import os, signal, serving.cli as cli\n"
        "cli.import_module = lambda _: os.kill(os.getpid(), signal.SIGINT)\n"
        "cli.main(['person', 'user_id:u-1'])"
    )
    told = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, check=False)
    assert (told.returncode, told.stdout, told.stderr) == (-signal.SIGINT, b"", b"")
