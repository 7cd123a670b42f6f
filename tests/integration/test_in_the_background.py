"""Much that comes at once is taken in in the background: who answers people goes before it."""

import os
import subprocess
import sys

import pytest

_BULK = """
import os
from graph_schema.rules import load_rules
from stream import parsing

line = parsing.RawLine(1, b"{}")
jobs = [parsing.Job([line] * 500, "a") for _ in range(JOBS)]
with parsing.Parsing(load_rules(), workers=1, behind=True) as parser:
    for made in parser.run(jobs):
        pass
    for process in (0, *(worker._process.pid for worker in parser._workers)):
        print(os.getpriority(os.PRIO_PROCESS, process), os.sched_getscheduler(process))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a priority alone")
@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        (1, [(0, os.SCHED_OTHER)]),
        (10, [(10, os.SCHED_BATCH)] * 2),
    ],
)
def test_only_what_is_much_lets_others_go_first(jobs: int, told: list[tuple[int, int]]) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    program = [sys.executable, "-c", _BULK.replace("JOBS", str(jobs))]
    ended = subprocess.run(program, capture_output=True, text=True, check=True)
    found = [tuple(map(int, line.split())) for line in ended.stdout.splitlines()]
    assert found == [(max(nice, before), policy) for nice, policy in told]
