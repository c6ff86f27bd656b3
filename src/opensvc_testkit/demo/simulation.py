"""The stage with simulated nodes of some platform, and the walk on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_testkit.demo.scenery import Scenery, load
from opensvc_testkit.demo.service import NODES, SERVICE, cookbook
from opensvc_testkit.demo.stage import NODE, Stage
from opensvc_testkit.demo.walk import Scene
from opensvc_testkit.simulated import SimulatedCluster

if TYPE_CHECKING:
    from pathlib import Path

BOOT_SECONDS = 0.5
SHUTDOWN_SECONDS = 0.3


@frozen
class SimulatedStage:
    """A stage on which a platform's commands are simulated.

    Attributes:
        stage: the folder.
        cluster: what the simulated commands act on.
        scenery: the platform.
    """

    stage: Stage
    cluster: SimulatedCluster
    scenery: Scenery

    def unplug(self) -> None:
        """The guest boots from now on, and nobody hears of it."""
        self.scenery.unplug(self.cluster)

    def plug(self) -> None:
        """All is well again."""
        self.cluster.clear_faults()


def simulate(
    folder: Path, platform: str = "kvm", *, boot_time: float = BOOT_SECONDS, shutdown_time: float = SHUTDOWN_SECONDS
) -> SimulatedStage:
    """Lay out a stage with four simulated nodes, one guest and the service file of the cookbook in a folder.

    Args:
        folder: where; files of a former stage in it are replaced.
        platform: one of ``service.PLATFORMS``.
        boot_time: seconds until the guest answers.
        shutdown_time: seconds that it takes to shut down.

    Raises:
        StageError: there is no such platform, or its driver is not installed.
    """
    scenery = load(platform)
    stage = Stage(folder, os_name=scenery.os_name)
    cluster = SimulatedCluster(folder / "simulated")
    for node in NODES:
        cluster.define_node(node, os_name=scenery.os_name)
    cluster.install(stage.bin, node=NODE, platforms=scenery.installs)
    for command in scenery.absent:
        cluster.remove_command(stage.bin, command)
    times = {"boot_time": boot_time, "shell_delay": boot_time / 4, "shutdown_time": shutdown_time}
    scenery.define(cluster, stage, NODES, times)
    for letter in "SKC":
        cluster.set_launcher(SERVICE, f"{letter}10erp", application="erp")
    cluster.prepare_root(stage.root)
    (stage.root / "var").mkdir(exist_ok=True)
    (stage.root / "var" / "host_mode").write_text("DEV\n", encoding="utf-8")
    text = cookbook(scenery.mode) + scenery.more(stage)
    (folder / f"{SERVICE}.env").write_text(text, encoding="utf-8")
    return SimulatedStage(stage, cluster, scenery)


def scenes(simulated: SimulatedStage) -> tuple[Scene, ...]:
    """The commands of the walk."""
    # A section is there once: what the scenery has written about the container comes with it.
    section = "" if "[container#0]" in simulated.scenery.more(simulated.stage) else "[container#0]\\n"
    return (
        Scene("The service file of the cookbook: a guest with an address and disks, and four nodes that may run it.",
              f"cat {SERVICE}.env"),
        Scene("", f"osvc config create {SERVICE} --from {SERVICE}.env"),
        Scene("", f"osvc config validate {SERVICE}"),
        Scene("What a start would do, down to the commands. Nothing is changed.",
              f"osvc plan start {SERVICE}", leaves="down"),
        Scene("Do it.", f"osvc start {SERVICE}", leaves="up"),
        Scene("", f"osvc status {SERVICE}"),
        Scene("All services of this node, one row each.", "osvc mon"),
        Scene("Stop it: the guest is asked to shut down, and is verified to be down.",
              f"osvc stop {SERVICE}", leaves="down"),
        Scene(f"Now a failure: {simulated.scenery.trouble} To see that soon, it gets two seconds instead of four "
              "minutes.",
              rf"printf '\n{section}start_timeout = 2s\n' >> opensvc/etc/{SERVICE}.env", before=simulated.unplug),
        Scene("", f"osvc start {SERVICE}", status=1, leaves="down"),
        Scene("What was brought up was brought down again: the guest is off.", simulated.scenery.look),
        Scene("All is well again.", f"osvc start {SERVICE}", leaves="up", before=simulated.plug),
        Scene("", f"osvc stop {SERVICE}", leaves="down"),
        Scene("Who did what, from the journal.", f"osvc log {SERVICE}"),
    )  # fmt: skip
