"""Runs that die anywhere: `kill -9` at the boundaries of their steps, power cuts; the next command puts it right."""

from __future__ import annotations

import random

import pytest

from tests.lab.uml.site import Site

pytestmark = pytest.mark.timeout(1800)
ALL_RUNS = 20
"""From so many rounds on every boundary is tried, in any order; fewer rounds try a few."""
RIDS = ("disk#1pr", "disk#1", "fs#1", "ip#1", "app#0")
START = [f"{kind} start erp/{rid}" for rid in RIDS for kind in ("step_begin", "step_end")]
STOP = [f"{kind} stop erp/{rid}" for rid in reversed(RIDS) for kind in ("step_begin", "step_end")]
BOUNDARIES = [("start", fatal) for fatal in START] + [("stop", fatal) for fatal in STOP]
BETWEEN_REGISTER_AND_RESERVE = "command_end start erp/disk#1pr sg_persist -n --out --register-ignore"
HALF_GIVEN_UP = "command_end stop erp/disk#1pr sg_persist -n --out --release"


@pytest.fixture(scope="module")
def site(storage_site: Site) -> Site:
    """Two nodes with the agent, and a service without a guest on the shared disk."""
    return storage_site


def verify_up(site: Site) -> None:
    """The first node has the service, all of it, alone."""
    rows = site.rows(site.lab.nodes[0], "erp")
    assert {rid: rows[rid].status for rid in RIDS} == dict.fromkeys(RIDS, "up"), rows
    assert "interrupted" not in rows["overall"].codes
    lun = site.lab.luns[0]
    assert (site.holder(lun), site.registered(lun)) == ("n1", {"n1": 1})


def verify_down(site: Site) -> None:
    """Nobody has anything of the service, and nobody could write."""
    node, lun = site.lab.nodes[0], site.lab.luns[0]
    rows = site.rows(node, "erp")
    assert {rid: rows[rid].status for rid in RIDS} == dict.fromkeys(RIDS, "down"), rows
    assert "interrupted" not in rows["overall"].codes
    assert (site.holder(lun), site.registered(lun)) == ("", {})
    assert not site.is_active(node, "erp")
    assert node.sh("vgs --noheadings -o vg_tags erp").strip() == ""


def put_right(site: Site, action: str, how: str) -> None:
    """Run the next command after a cut run of `action`, and check that everything is clean."""
    node = site.lab.nodes[0]
    assert "interrupted" in site.rows(node, "erp")["overall"].codes
    site.told(node, how, "erp")
    if (action if how == "recover" else how) == "start":
        verify_up(site)
        site.told(node, "stop", "erp")
    verify_down(site)


def play(site: Site, action: str, fatal: str, how: str) -> None:
    """Kill a run at an event, then do what an operator does next."""
    node = site.lab.nodes[0]
    if action == "stop":
        site.told(node, "start", "erp")
    assert site.cut(node, action, "erp", fatal), f"{action}: no event {fatal!r}"
    put_right(site, action, how)


def test_a_node_killed_between_register_and_reserve_cannot_write_once_the_next_command_ran(site: Site) -> None:
    node, lun = site.lab.nodes[0], site.lab.luns[0]
    assert site.cut(node, "start", "erp", BETWEEN_REGISTER_AND_RESERVE)
    assert (site.holder(lun), site.registered(lun)) == ("", {"n1": 1})
    row = site.rows(node, "erp")["disk#1pr"]
    assert row.status == "warn"
    assert "this node is registered and does not hold it" in row.text
    assert "n1" in site.rows(site.lab.nodes[1], "erp")["disk#1pr"].text
    put_right(site, "start", "stop")


def test_the_next_command_after_a_killed_one_ends_clean(site: Site, osvc_runs: int, osvc_random: random.Random) -> None:
    cases = [*BOUNDARIES, ("stop", HALF_GIVEN_UP), ("start", BETWEEN_REGISTER_AND_RESERVE)]
    chosen = osvc_random.sample(cases, len(cases) if osvc_runs >= ALL_RUNS else min(2 * osvc_runs, len(cases)))
    for number, (action, fatal) in enumerate(chosen):
        how = osvc_random.choice(["recover", "start", "stop"])
        print(f"{number}: {action} killed at {fatal!r}, then {how}")  # noqa: T201 - what failed, if one does
        play(site, action, fatal, how)


def test_a_node_that_loses_its_power_in_the_middle_of_a_run_is_put_right_by_the_next_command(
    site: Site, osvc_runs: int, osvc_random: random.Random
) -> None:
    node = site.lab.nodes[0]
    cases = osvc_random.sample(BOUNDARIES, min(len(BOUNDARIES), max(1, osvc_runs // 4)))
    for action, fatal in cases:
        how = osvc_random.choice(["recover", "start", "stop"])
        print(f"power cut in {action} at {fatal!r}, then {how}")  # noqa: T201 - what failed, if one does
        if action == "stop":
            site.told(node, "start", "erp")
        site.cut_power(node, action, "erp", fatal)
        node.on()
        # To the target it may be another initiator now, whose writes are refused: none is tried before that is mended.
        put_right(site, action, how)
