"""What was sent, and about what: also as states keep it that are older than the list of the last times."""

from profiles.decide import decide
from profiles.messages import last_sent
from profiles.scene import Request
from profiles.state import merge, new_state
from tests.unit.portraits import RETAIL, Said, at, portrait, track
from tests.unit.test_profiles_decide import ANA, GRANTED


def test_a_state_from_before_several_times_were_kept_is_read_and_merged() -> None:
    state = {**new_state(), "sent": {"thanks": {"": 5, "order:o-1": 5, "?": 3}}}
    assert [last_sent(state, "thanks", subject) for subject in ("", "order:o-1", "order:o-2")] == [5, 5, 3]
    merge(state, {**new_state(), "sent": {"thanks": {"": [7], "order:o-2": [7]}, "news": {"": 4}}})
    assert [last_sent(state, "thanks", subject) for subject in ("", "order:o-1", "order:o-2")] == [7, 5, 7]
    assert state["sent"]["thanks"][""] == [5, 7]
    assert last_sent(state, "news") == 4


def test_what_was_sent_about_another_was_not_sent_about_one_that_is_none_of_hers() -> None:
    reward = [track("Reward Issued", 1, reward_code="R"), track("Reward Redeemed", 2, reward_code="R")]
    known = (ANA, GRANTED, track("Order Completed", 1, order_id="o-1", total=5), *reward)

    def asked(sent: Said, request: Request) -> tuple[str, ...]:
        return decide(portrait(*known, sent), request, RETAIL, at(4)).reasons

    for hers, other in (
        (Request("order_confirmation", order_id="o-1"), Request("order_confirmation", order_id="o-2")),
        (Request("reward_thank_you", reward_code="R"), Request("reward_thank_you", reward_code="S")),
    ):

        def sending(about: Request | None, campaign: str = hers.campaign) -> Said:
            named = {} if about is None else {"order_id": about.order_id, "reward_code": about.reward_code}
            said = {name: one for name, one in named.items() if one is not None}
            return track("Message Sent", 3, campaign=campaign, channel="email", message_id="m", **said)

        assert asked(sending(hers), hers) == ("already_sent",)
        for sent in (sending(hers), sending(None)):
            assert asked(sent, other) == ("not_eligible",)
        assert "already_sent" in asked(sending(other), other)
