"""The Ethernet segment where it cannot be asked; where it can be, see the lab."""

from __future__ import annotations

import pytest

from opensvc_core.api import ActionError, Cancel
from opensvc_core.clock import SystemClock
from opensvc_drivers_linux.links import Link
from opensvc_drivers_linux.segment import EthernetSegment

MAC = "02:00:00:00:00:01"


@pytest.mark.parametrize("address", ["10.77.0.50", "fd00::50"])
@pytest.mark.parametrize(
    ("link", "code"),
    [
        (Link("no-such-dev", frozenset({"UP"}), "ether", MAC), "no_packets"),
        (Link("lo", frozenset({"UP", "LOOPBACK"}), "loopback", "00:00:00:00:00:00"), "not_ethernet"),
        (Link("ib0", frozenset({"UP"}), "infiniband", "80:00:02:08"), "not_ethernet"),
        (Link("tun0", frozenset({"UP", "NOARP"}), "none", ""), "not_ethernet"),
    ],
)
def test_what_cannot_be_asked_is_an_error_and_not_an_answer(address: str, link: Link, code: str) -> None:
    segment = EthernetSegment()
    with pytest.raises(ActionError) as caught:
        segment.find_owner(address, link, {MAC}, SystemClock(), Cancel())
    assert caught.value.code == code
    with pytest.raises(ActionError) as caught:
        segment.announce(address, link)
    assert caught.value.code == code
