"""What one platform gives to the demo: its stand-ins, its guest, its service file; a module each in `sceneries`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from attrs import frozen

from opensvc_testkit.demo.service import PLATFORMS
from opensvc_testkit.demo.stage import StageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opensvc_testkit.demo.stage import Stage
    from opensvc_testkit.simulated import SimulatedCluster


@frozen
class Scenery:
    """One platform of the demo.

    Attributes:
        mode: of the service file.
        driver: the import package with its driver.
        os_name: operating system of the nodes, as ``uname -s`` prints it.
        installs: platforms whose simulated executables a node has.
        stand_ins: these executables, for the opening words.
        look: a command that shows whether the guest runs.
        trouble: what somebody does to the guest before the start that fails, and what that start does then.
        define: makes the guest on the nodes: the cluster, the stage, their names, the seconds of ``Timing``.
        unplug: lets the guest boot and nobody hear of it.
        absent: executables of Linux that these nodes lack.
        more: what the service file has beyond the cookbook's, made from the stage.
    """

    mode: str
    driver: str
    os_name: str
    installs: tuple[str, ...]
    stand_ins: str
    look: str
    trouble: str
    define: Callable[[SimulatedCluster, Stage, tuple[str, ...], Mapping[str, Any]], None]
    unplug: Callable[[SimulatedCluster], None]
    absent: tuple[str, ...] = ()
    more: Callable[[Stage], str] = lambda _stage: ""

    @property
    def opening(self) -> str:
        """What the audience should know before all."""
        return (
            f"SIMULATED: {self.stand_ins} are stand-ins in the folder `bin` of this demo, the nodes run {self.os_name}"
            " by their word alone, and the guest is a file. What OpenSVC does with them is what it does with real ones."
        )


def load(platform: str) -> Scenery:
    """The scenery of a platform.

    Raises:
        StageError: there is none, or its driver is not installed.
    """
    if platform not in PLATFORMS:
        raise StageError(f"no platform {platform}: there are {', '.join(PLATFORMS)}")
    scenery: Scenery = import_module(f"opensvc_testkit.demo.sceneries.{platform}").SCENERY
    if find_spec(scenery.driver) is None:
        raise StageError(f"the driver is not installed: pip install {scenery.driver.replace('_', '-')}")
    return scenery
