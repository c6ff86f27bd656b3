"""The scenario of ``lxc_scenario.toml``, and players of it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from opensvc_testkit.platforms.lxc import SimulatedLxc
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.scenario import Player, Step, read_steps

FILES = "/srv/containers"
GROUPS = "lxc.start.auto = 1\nlxc.group = g1\nlxc.group = g2\n"
WRONG = "lxc.nosuch.key = 1\n"
LAUNCHER = "S10db"
STATES = (("lxc-ls", "-f"), ("lxc-ls", "-P", FILES, "-f"))
DIFFERS = (
    (re.compile(r"(?m)^(PID: +)\d+$"), r"\1N"),
    (re.compile(r"(?m)^\d+$"), "N"),
    (re.compile(r"(?m)^((?:CPU|BlkIO|Memory|KMem) use: +).*$"), r"\1N"),
)


def steps() -> list[Step]:
    """The steps of the scenario."""
    return read_steps(Path(__file__).with_suffix(".toml"))


def lxc_player(
    run: Callable[..., subprocess.CompletedProcess[str]],
    wait_booted: Callable[[str], None],
    wait_state: Callable[[str, str], None],
) -> Player:
    """A player on LXC: ``run`` runs one of its commands, ``wait_state`` waits until a container is in that state."""
    return Player(run, STATES, FILES, DIFFERS, wait_booted, wait_state)


def simulated_player(simulated: SimulatedNode) -> Player:
    """A player on a simulated node, with the containers of the scenario."""
    lxc = SimulatedLxc(simulated.cluster)
    # FILES lies on the node's own disk, as it does in the lab.
    (lxc.folder_of(simulated.name).parent.parent.parent / FILES.lstrip("/")).mkdir(parents=True)
    for name, more in {"c1": "", "stubborn": GROUPS, "rootless": "", "wrong": ""}.items():
        lxc.define_guest(name, nodes=[simulated.name], more=more)
    lxc.define_guest("c4", nodes=[simulated.name], path=FILES)
    simulated.cluster.change_guest("stubborn", shutdown_time=None)
    simulated.cluster.set_launcher("c1", LAUNCHER)
    (lxc.folder_of(simulated.name) / "rootless" / "rootfs").unlink()
    (lxc.folder_of(simulated.name) / "wrong" / "config").write_text(WRONG)

    def wait_state(name: str, state: str) -> None:
        assert lxc.state_of(simulated.name, name) == state

    return lxc_player(simulated.run, lambda _: None, wait_state)
