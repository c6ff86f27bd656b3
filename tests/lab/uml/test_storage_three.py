"""Three nodes and one disk: two wait for the third to die, and want its service at the same instant."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.lab.uml.contenders import start_at_once
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.site import Site

pytestmark = pytest.mark.timeout(1800)
RIDS = ("disk#1pr", "disk#1")
SERVICE = """\
[default]
nodes = n1 n2 n3

[disk#1]
type = lvm
vgname = trio
scsireserv = true
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Three nodes with the agent, and a service that is a group on the shared disk."""
    with KernelLab.up(3, luns=1) as lab:
        site = Site.make(lab)
        site.make_group(lab.nodes[0], "trio", lab.luns[0])
        site.write_service("trio", SERVICE)
        yield site


def test_of_two_that_take_over_from_a_dead_third_one_at_most_has_the_service(
    site: Site, osvc_runs: int, osvc_random: random.Random
) -> None:
    lun = site.lab.luns[0]
    for _ in range(max(1, osvc_runs // 10)):
        dead, *others = osvc_random.sample(site.lab.nodes, 3)
        site.told(dead, "start", "trio")
        for node in others:
            row = site.rows(node, "trio")["disk#1pr"]
            assert (row.status, f"is held by {dead.name}" in row.text) == ("down", True)
            assert f"is reserved by {dead.name}" in site.refused(node, "start", "trio")
        assert site.registered(lun) == {dead.name: 1}

        dead.kill()
        found = start_at_once(site, others, "trio", osvc_random, "--declare-dead", dead.name)
        story = "\n".join(f"{name}: {each.returncode}\n{each.output}" for name, each in found.items())
        winners = [node for node in others if found[node.name].returncode == 0]
        assert len(winners) <= 1, story
        for node in others:
            assert site.is_active(node, "trio") is (node in winners), story
            if node not in winners:
                assert "error: " in found[node.name].output, story
                assert "Traceback" not in found[node.name].output, story
        if not winners:
            # Each has seen the other and given up: whoever tries again has it.
            assert not site.registered(lun).keys() & {node.name for node in others}, story
            winners = others[:1]
            site.told(winners[0], "start", "trio", "--declare-dead", dead.name)
        (winner,) = winners
        assert (site.holder(lun), site.registered(lun)) == (winner.name, {winner.name: 1}), story
        (loser,) = (node for node in others if node is not winner)
        assert f"is held by {winner.name}" in site.rows(loser, "trio")["disk#1pr"].text

        dead.on()
        rows = site.rows(dead, "trio")
        assert {rows[rid].status for rid in RIDS} == {"down"}
        assert f"is held by {winner.name}" in rows["disk#1pr"].text
        assert f"tagged for {winner.name}" in rows["disk#1"].text
        assert f"is reserved by {winner.name}" in site.refused(dead, "start", "trio")
        assert "Invalid exchange" in site.write_error(dead, lun)
        # Its stop has nothing to give up, and writes nothing to what it does not hold.
        site.told(dead, "stop", "trio")
        site.told(winner, "stop", "trio")
        assert (site.holder(lun), site.registered(lun)) == ("", {})
