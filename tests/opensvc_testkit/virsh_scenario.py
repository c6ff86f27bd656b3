"""The scenario of ``virsh_scenario.toml``, and players of it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_testkit.scenario import Player, Step, read_steps

URI = ("-c", "qemu:///system")
STATES = ((*URI, "domstats --state; list --all; list --all --name --autostart"),)
BLOCK = re.compile(r"Domain: '.*'\n(?:  .*\n)*")
DIFFERS = (
    # Numbers of domains go on counting through the tests of a session.
    (re.compile(r"(?m)^ \d+ +(?=vm)"), " N    "),
    (re.compile(r"(?m)^Id: +\d+$"), "Id: N"),
    (re.compile(r"(?m)^CPU time: .*$"), "CPU time: T"),
    # A warning that hangs on how libvirt was set up.
    (re.compile(r"(?m)^Messages: .*\n"), ""),
)


def steps() -> list[Step]:
    """The steps of the scenario."""
    return read_steps(Path(__file__).with_suffix(".toml"))


def virsh_player(
    virsh: Callable[..., subprocess.CompletedProcess[str]],
    files: str,
    wait_booted: Callable[[str], None],
    wait_state: Callable[[str, str], None],
) -> Player:
    """A player on a virsh: ``virsh`` runs it with these words, ``wait_state`` waits until ``domstate`` says that."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return virsh(*([] if "-c" in words else URI), *words)

    return Player(run, STATES, files, DIFFERS, wait_booted, wait_state, _ordered)


def _ordered(text: str) -> str:
    """Statistics of domains, by name."""
    return "".join(sorted(BLOCK.findall(text))) + BLOCK.sub("", text)


def simulated_player(simulated: SimulatedNode, files: Path) -> Player:
    """A player on a simulated node whose guest ``vm2`` ignores the power button; ``files`` has the definitions."""
    for name in ("vm1", "vm2"):
        simulated.cluster.define_guest(name)
    simulated.cluster.change_guest("vm2", shutdown_time=None)

    def wait_state(name: str, state: str) -> None:
        assert simulated.run("virsh", "-q", "domstate", name).stdout == f"{state}\n"

    return virsh_player(lambda *words: simulated.run("virsh", *words), str(files), lambda _: None, wait_state)
