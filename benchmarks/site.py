"""A hypervisor of the lab with the agent on it: services, guests, and a `virsh` that is watched."""

from __future__ import annotations

import compileall
import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

import opensvc_core
from tests.lab.libvirt import Hypervisor
from tests.lab.nodes import Lab

ROOT = "/srv/opensvc"
WATCH = "/srv/watch"
CALLS = f"{WATCH}/calls"
OSVC = str(Path(sys.executable).with_name("osvc"))
SECONDS = 300.0

# Not simulated: it notes that it was called, and how, in one write; then it becomes the real one.
WATCHED_VIRSH = f"""#!/bin/sh
printf '%s\\0' "$@" '
' >>{CALLS}
exec /usr/bin/virsh "$@"
"""


@frozen
class Site:
    """One node of the lab that is a hypervisor and runs the agent."""

    hypervisor: Hypervisor

    @classmethod
    @contextmanager
    def up(cls) -> Iterator[Site]:
        """A lab of one node, gone afterwards."""
        compile_code()
        with Lab.up(1) as lab:
            hypervisor = Hypervisor(lab.nodes[0], lab.shared, lab.public_key)
            hypervisor.start()
            site = cls(hypervisor)
            hypervisor.node.write(f"{WATCH}/virsh", WATCHED_VIRSH, mode=0o755)
            yield site

    def run(self, *argv: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the node. Raises CalledProcessError, TimeoutExpired."""
        own = {"OSVC_ROOT": ROOT, "OSVC_NODE": "node1", **(env or {})}
        return self.hypervisor.node.exec(argv, env=own, timeout=SECONDS, check=True)

    def osvc(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the agent in the node. Raises CalledProcessError, TimeoutExpired."""
        return self.run(OSVC, *words)

    def write_services(self, services: Mapping[str, Iterable[str]]) -> None:
        """Have exactly these services, each with the guests that it names."""
        folder = self.hypervisor.files.with_name("services")
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, guests in services.items():
            sections = [f"[container#{i}]\ntype = kvm\nname = {guest}\n" for i, guest in enumerate(guests)]
            (folder / f"{name}.env").write_text("".join(["[default]\nnodes = node1\n", *sections]))
        self.run("rm", "-rf", f"{ROOT}/etc")
        self.run("mkdir", "-p", ROOT)
        self.run("cp", "-r", str(folder), f"{ROOT}/etc")

    def states(self, *names: str) -> list[str]:
        """The state of every guest of services. Raises CalledProcessError, TimeoutExpired."""
        told = json.loads(self.osvc("status", *names, "--format", "json").stdout)
        return [each["status"] for service in told["services"].values() for each in service["resources"].values()]

    def virsh_calls(self, *words: str) -> list[Sequence[str]]:
        """The arguments of every `virsh` that an `osvc` command line runs."""
        self.run("rm", "-f", CALLS)
        path = f"{WATCH}:{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        self.run(OSVC, *words, env={"PATH": path})
        calls = self.run("cat", CALLS).stdout
        return [call.rstrip("\0").split("\0") for call in calls.split("\n\0") if call]


def compile_code() -> None:
    """Have byte code of everything, as an installer leaves it: in a node of the lab nothing can be written there."""
    for folder in (sysconfig.get_path("purelib"), str(Path(opensvc_core.__file__).parents[1])):
        compileall.compile_dir(folder, quiet=2, workers=0)
