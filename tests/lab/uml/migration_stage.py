"""What a migration of a service with a shared disk is played on, and who has what of it, by everybody's own word."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs

from tests.lab.processes import NodeProcess
from tests.lab.uml.moving_guest import WORLD, MovingGuest, operator_environment
from tests.lab.uml.node import KernelNode
from tests.lab.uml.oracle import Volume, Watch, Writer, verify_round, watched
from tests.lab.uml.san import Lun
from tests.lab.uml.site import Site
from tests.lab.uml.stamper import BLOCK

SIZE = 32 << 20
"""Of the volume, in bytes."""
DATA = 1 << 20
"""Where LVM puts the first volume of a group."""


@attrs.define
class Stage:
    """The cluster, its disk, and the guest on it.

    Attributes:
        site: the nodes.
        guest: the stand-in.
        volume: its disk.
    """

    site: Site
    guest: MovingGuest
    volume: Volume

    @property
    def nodes(self) -> tuple[KernelNode, KernelNode]:
        """Both."""
        first, second = self.site.lab.nodes
        return first, second

    @property
    def lun(self) -> Lun:
        """The shared disk under the group."""
        return self.site.lab.luns[0]

    def told(self, node: KernelNode, *words: str) -> str:
        """Run `osvc WORDS`, which must succeed."""
        return self.site.told(node, *words, env=operator_environment())

    def tags(self) -> set[str]:
        """Of the group, as the disk has them."""
        on = next(node for node in self.nodes if node.is_on)
        return set(on.sh("vgs --noheadings -o vg_tags mig").strip().split(",")) - {""}

    def active(self) -> set[str]:
        """Nodes whose kernels have the volume."""
        return {node.name for node in self.nodes if node.is_on and self.site.is_active(node, "mig")}

    def begin(self, node: KernelNode, *words: str) -> NodeProcess:
        """Start `osvc WORDS`."""
        return self.site.popen(node, *words, env=operator_environment())

    def steps(self, node: KernelNode) -> list[str]:
        """What the last run did, in the order of the ends, as the journal of the node has it that drove it."""
        (run,) = json.loads(self.told(node, "log", "vm1", "--limit", "1", "--format", "json"))["runs"]
        (found,) = json.loads(self.told(node, "log", "vm1", "--run", run["id"], "--format", "json"))["runs"]
        steps: list[dict[str, Any]] = sorted(found["steps"], key=lambda step: str(step["ended"]))
        return [step["step"] for step in steps if step["state"] != "failed"]

    def verify_rests_on(self, node: KernelNode) -> None:
        """All of it is there, and nothing anywhere else: by the guest's libvirts, the target, LVM and both agents."""
        (other,) = (each for each in self.nodes if each is not node)
        assert self.guest.running() == [node.name]
        assert (self.site.holder(self.lun), self.site.registered(self.lun)) == (node.name, {node.name: 1})
        assert self.tags() == {node.name}
        assert self.active() == {node.name}
        for each, rows in zip(self.nodes, self.site.rows_of_all("vm1", operator_environment()), strict=True):
            told = {rows[rid].status for rid in ("disk#1pr", "disk#1", "container#0")}
            assert told == {"up" if each is node else "down"}, (each.name, rows)
        assert self.site.write_error(other, self.lun) != ""

    def verify_truth(self) -> list[str]:
        """It is up on one node or on none, all of it; the node."""
        running = self.guest.running()
        assert len(running) <= 1, running
        for node in self.nodes:
            if node.name in running:
                self.verify_rests_on(node)
        if not running:
            self.verify_is_down()
        return running

    def verify_is_down(self) -> None:
        """It is nowhere, and has left nothing."""
        assert self.guest.running() == []
        assert (self.site.holder(self.lun), self.site.registered(self.lun)) == ("", {})
        assert self.tags() == set()
        assert self.active() == set()

    @contextmanager
    def writing(self) -> Iterator[Watch]:
        """The guest writes wherever it runs, and the target is watched; then every word of it must be on the disk."""
        before, since = self.volume.last()[1], time.monotonic()
        with ExitStack() as stack:
            writers = []
            for node in self.nodes:
                writer = Writer(node, "/dev/mig/data", SIZE // BLOCK, WORLD, "vm1")
                stack.callback(writer.close)
                writers.append(writer)
            with watched(self.site.lab.san, self.lun) as watch:
                yield watch
            wrote = verify_round(self.volume, before, writers, since)
            print(f"    stamps by node: {wrote}")  # noqa: T201 - how much was proved
            assert [stamp for writer in writers for stamp in writer.stamps if stamp.error] == []
            assert wrote
