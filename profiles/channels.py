"""Channels: by which a person can be reached, at which address, and which of them is open for a purpose."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from graph_schema.store import Document
from profiles.consent import Standing, ever_granted, standing
from profiles.moments import UNTIMED
from profiles.portrait import Address, Sketch, addresses
from profiles.preferences import preference

ADDRESSED: Final = {"email": "email", "sms": "phone", "phone": "phone"}
"""Channels that write to an address, with the namespace of it."""
_ADS: Final = frozenset(("display", "social"))
APP: Final = frozenset(("push", "in_app"))
"""Channels that reach whoever has an app."""
_SAME: Final = {
    "app": "push in_app",
    "e_mail": "email",
    "mail": "post",
    "letter": "post",
    "text": "sms",
    "web": "display",
}
"""How people call a channel, or two."""


class Way(NamedTuple):
    """A channel that is open, and the address (match form, "" where the channel has none)."""

    channel: str
    address: str


def _is_granted(word: Standing | None) -> bool:
    return word is not None and word.state == "granted"


class Ways:
    """How one person can be reached, asked channel by channel."""

    def __init__(self, sketch: Sketch) -> None:
        self._sketch = sketch
        self._state = sketch.state
        self._addresses: dict[str, list[Address]] = {}
        self._reachable: dict[str, list[str]] = {}
        self._used: dict[tuple[str, str], tuple[str, Standing | None]] = {}

    def addresses(self, namespace: str) -> list[Address]:
        """Her addresses or numbers, those that bounced too; best first."""
        if namespace not in self._addresses:
            self._addresses[namespace] = addresses(self._sketch, namespace)
        return self._addresses[namespace]

    def reachable(self, channel: str) -> list[str]:
        """The addresses that work, best first; [""] for a channel without any that reaches her; [] for
        none."""
        if channel not in self._reachable:
            self._reachable[channel] = self._reach(channel)
        return self._reachable[channel]

    def in_use(self, channel: str, purpose: str) -> tuple[str, Standing | None]:
        """The address of a channel that is written to for a purpose, "" where there is none, and what stands
        for it: one that is granted comes before one that isn't, then the verified, then the one last seen."""
        key = channel, purpose
        if key not in self._used:
            found = [
                (one, standing(self._state, purpose, channel, one)) for one in self.reachable(channel) or [""]
            ]
            self._used[key] = next((one for one in found if _is_granted(one[1])), found[0])
        return self._used[key]

    def open(self, purpose: str, channels: Iterable[str]) -> Way | None:
        """The first channel, the preferred one before the others, that is reachable and, but for a service
        message (purpose ""), granted."""
        granted = ever_granted(self._state, purpose)
        for channel in self._by_preference(channels):
            # Most channels were never granted: then it doesn't matter whether anything reaches her there.
            if purpose and channel not in granted and "*" not in granted:
                continue
            found = self.reachable(channel)
            if found:
                if not purpose:
                    return Way(channel, found[0])
                address, word = self.in_use(channel, purpose)
                if _is_granted(word):
                    return Way(channel, address)
        return None

    def closed_because(self, purpose: str, channels: Iterable[str]) -> list[str]:
        """Why none is open: nothing reaches her, or what does is not granted."""
        asked = list(channels)
        reached = any(self.reachable(one) for one in asked)
        reasons = [] if reached else ["no_channel"]
        if purpose and (reached or not ever_granted(self._state, purpose) & {*asked, "*"}):
            reasons.append("no_consent")
        return reasons

    def _by_preference(self, channels: Iterable[str]) -> list[str]:
        name = str(preference(self._state, "channel") or "").strip().lower().replace("-", "_")
        wanted = _SAME.get(name, name).split()
        return sorted(channels, key=lambda channel: channel not in wanted)

    def _reach(self, channel: str) -> list[str]:
        space = ADDRESSED.get(channel)
        if space is not None:
            return [one.value for one in self.addresses(space) if not has_bounced(self._state, channel, one)]
        if channel in _ADS:
            return [""]
        if channel in APP:
            return [""] if self._has_app() else []
        return [""] if self._state.get("traits", {}).get("address") else []

    def _has_app(self) -> bool:
        installed, removed = self._state.get("app", (None, None))
        if removed is not None and (installed is None or removed >= installed):
            return False
        return installed is not None or "device" in self._state


def has_bounced(state: Document, channel: str, address: Address) -> bool:
    """Whether the last thing known of an address is that a message came back. A bounce that names no
    address is of all that were known by then."""
    known = state.get("reached", {}).get(channel)
    if not known:
        return False
    reached, bounced = known.get(address.value, (None, None))
    anywhere = known.get("", (None, None))[1]
    if anywhere is not None and address.first <= anywhere:
        bounced = anywhere if bounced is None else max(bounced, anywhere)
    return bounced is not None and bounced >= (UNTIMED if reached is None else reached)
