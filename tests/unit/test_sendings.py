"""When a campaign was last sent, also as states keep it that are older than the list of the last times."""

from profiles.messages import last_sent
from profiles.state import merge, new_state


def test_a_state_from_before_several_times_were_kept_is_read_and_merged() -> None:
    state = {**new_state(), "sent": {"thanks": {"": 5, "order:o-1": 5, "?": 3}}}
    assert [last_sent(state, "thanks", subject) for subject in ("", "order:o-1", "order:o-2")] == [5, 5, 3]
    merge(state, {**new_state(), "sent": {"thanks": {"": [7], "order:o-2": [7]}, "news": {"": 4}}})
    assert [last_sent(state, "thanks", subject) for subject in ("", "order:o-1", "order:o-2")] == [7, 5, 7]
    assert state["sent"]["thanks"][""] == [5, 7]
    assert last_sent(state, "news") == 4
