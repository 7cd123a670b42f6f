"""Times as sources write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_schema.iso_time import EARLIEST, LATEST, read_time, write_time

NINE = 1_772_442_000_000_000


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T09:00:00Z",
        "2026-03-02t09:00:00z",  # RFC 3339
        "2026-03-02T09:00Z",  # Java, where seconds are none
        "2026-03-02T10:00:00.000+01:00",  # JavaScript
        "2026-03-02T10:00:00+0100",
        "2026-03-02T09:00:00.000000999Z",  # Go
        "2026-03-02 09:00:00+00",  # PostgreSQL, Redshift
        "2026-03-02 09:00:00.000 +0000",  # Snowflake
        "2026-03-02 09:00:00 UTC",  # BigQuery
        "2026-03-02 09:00:00.000000 UTC",
        "2026-03-02 09:00:00",
    ],
)
def test_a_time_is_read_as_others_export_it(written: str) -> None:
    assert read_time(written) == NINE


@pytest.mark.parametrize(
    "written",
    [
        "",
        "UTC",
        "2026-03-02 UTC",
        "2026-03-02 09:00:00 CET",
        "2026-03-02C",
        "20260302T090000Z",
        "1772442000",
        "02/03/2026",
        "2026-13-02",
        "2026-03-02 09 30",
        "2026-03-02 UTC 09:00:00",
        "999999999999999999999999999999999999999999",
    ],
)
def test_what_is_no_time_or_may_be_something_else_is_none(written: str) -> None:
    assert read_time(written) is None


@given(st.integers(EARLIEST, LATEST))
def test_a_time_is_read_as_it_was_written(at: int) -> None:
    assert read_time(write_time(at)) == at
    moment = datetime.fromtimestamp(at // 1_000_000, UTC)
    assert read_time(f"{moment:%Y-%m-%d %H:%M:%S} UTC") == at // 1_000_000 * 1_000_000
