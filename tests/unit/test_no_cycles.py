"""Taking files in leaves nothing to the collector of cycles, so that it can be spared there."""

import gc
from pathlib import Path

from graph_schema.rules import load_rules
from graph_schema.sqlite import SqliteStore
from stream.engine import Engine
from stream.ingesting import Input, ingest
from stream.parsing import Parsing
from stream.simulation import simulate, write_stream

BAD = b'{"source": "web", "type": "track", "userId": 5}\n{"a":\n[]\n'


def test_what_is_taken_in_leaves_no_cycles(tmp_path: Path) -> None:
    stream, rules = tmp_path / "stream.jsonl", load_rules()
    write_stream(simulate(100, 1_000, 1), stream, None, lambda _: None)
    stream.write_bytes(stream.read_bytes() + BAD * 300)
    store = SqliteStore(tmp_path / "cycles.db")
    gc.collect()
    gc.disable()
    try:
        with Parsing(rules, workers=0) as parsing:
            counts = ingest(Engine(store, rules), Input(str(stream)), parsing, batch=200)
        found = gc.collect()
    finally:
        gc.enable()
    store.close()
    assert counts.dead_letters >= 900
    assert found < counts.dead_letters / 3, "something makes cycles: spare the collector no longer"
