"""The stage with a simulated hypervisor, and the walk on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_testkit.demo.service import ADDRESS, COOKBOOK, SERVICE
from opensvc_testkit.demo.stage import NODE, Stage
from opensvc_testkit.demo.walk import Scene
from opensvc_testkit.simulated import FaultKind, SimulatedCluster

if TYPE_CHECKING:
    from pathlib import Path

BOOT_SECONDS = 0.5
SHUTDOWN_SECONDS = 0.3
DISK = "/dev/mapper/vm188-data"

OPENING = """SIMULATED: virsh, ssh and ping are stand-ins in the folder `bin` of this demo, and the guest is a file.
What OpenSVC does with them is what it does with real ones."""


@frozen
class SimulatedStage:
    """A stage on which ``virsh``, ``ssh`` and their kin are simulated.

    Attributes:
        stage: the folder.
        cluster: what the simulated commands act on.
    """

    stage: Stage
    cluster: SimulatedCluster

    def unplug(self) -> None:
        """The guest's network card gets no answer through: it boots, and nobody hears of it."""
        self.cluster.set_fault("ping", FaultKind.FAIL, words=[ADDRESS], status=1)

    def plug(self) -> None:
        """The guest's network is there again."""
        self.cluster.clear_faults()


def simulate(
    folder: Path, *, boot_time: float = BOOT_SECONDS, shutdown_time: float = SHUTDOWN_SECONDS
) -> SimulatedStage:
    """Lay out a stage with a simulated hypervisor, one guest and the service file of the cookbook in a folder.

    Args:
        folder: where; files of a former stage in it are replaced.
        boot_time: seconds until the guest answers.
        shutdown_time: seconds that it takes to shut down.
    """
    stage = Stage(folder)
    cluster = SimulatedCluster(folder / "simulated")
    cluster.install(stage.bin, node=NODE)
    cluster.define_guest(
        SERVICE,
        nodes=[NODE],
        address=ADDRESS,
        device="lan0",
        disks=[DISK],
        boot_time=boot_time,
        shell_delay=boot_time / 4,
        shutdown_time=shutdown_time,
    )
    for letter in "SKC":
        cluster.set_launcher(SERVICE, f"{letter}10erp", application="erp")
    cluster.prepare_root(stage.root)
    (folder / f"{SERVICE}.env").write_text(COOKBOOK, encoding="utf-8")
    return SimulatedStage(stage, cluster)


def scenes(simulated: SimulatedStage) -> tuple[Scene, ...]:
    """The commands of the walk."""
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
        Scene("Now a failure: somebody pulls the guest's network cable. It will boot, and never answer. To see that "
              "soon, it gets two seconds instead of four minutes.",
              rf"printf '\n[container#0]\nstart_timeout = 2s\n' >> opensvc/etc/{SERVICE}.env", before=simulated.unplug),
        Scene("", f"osvc start {SERVICE}", status=1, leaves="down"),
        Scene("What was brought up was brought down again: the guest is off.", f"virsh domstate {SERVICE}"),
        Scene("The cable is back.", f"osvc start {SERVICE}", leaves="up", before=simulated.plug),
        Scene("", f"osvc stop {SERVICE}", leaves="down"),
        Scene("Who did what, from the journal.", f"osvc log {SERVICE}"),
    )  # fmt: skip
