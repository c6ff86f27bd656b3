"""A hypervisor with the agent on it, as the tests of `osvc` on a real libvirt see it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

from tests.lab.agent import Osvc
from tests.lab.libvirt import Hypervisor
from tests.lab.processes import NodeProcess, OutputWatch

SLOW_HOOK = """\
#!/bin/sh
[ "$1/$2" = slow/prepare ] || exit 0
echo begun >/run/hook
while [ ! -e /run/go ]; do sleep 0.05; done
"""


class Site:
    """A hypervisor with the agent on it."""

    def __init__(self, hypervisor: Hypervisor, osvc: Osvc) -> None:
        self.hypervisor = hypervisor
        self.node = hypervisor.node
        self._osvc = osvc

    def service(self, name: str, *lines: str, nodes: str = "node1", more: str = "") -> None:
        """A service of one KVM guest, with short limits unless `lines` say otherwise."""
        limits = {"start_timeout": "20", "stop_timeout": "15"}
        for line in lines:
            key, _, value = line.partition(" = ")
            limits[key] = value
        keywords = "\n".join(f"{key} = {value}" for key, value in limits.items())
        text = f"[default]\nnodes = {nodes}\n\n[container#0]\ntype = kvm\n{keywords}\n{more}"
        self._osvc.write_service(self.node, name, text)

    def know(self, name: str, address: str) -> None:
        """Tell the agent the address of a node."""
        self.node.write(f"{self._osvc.root}/etc/hosts", f"{address} {name}\n")

    def be_quick(self) -> None:
        """Do not wait long for a platform that does not answer."""
        self.node.write(f"{self._osvc.root}/etc/node.conf", "[limits]\nstatus = 4\n")

    def osvc(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return self._osvc(self.node, *args, env=env)

    def start_in_background(self, *args: str) -> NodeProcess:
        return self._osvc.popen(self.node, *args)

    def container(self, name: str) -> tuple[str, str]:
        """Status of the container, and its notes on one line."""
        return self.containers(name)[name]

    def containers(self, *names: str, env: Mapping[str, str] | None = None) -> dict[str, tuple[str, str]]:
        """The same for several services, asked about at once."""
        done = self.osvc("status", *names, "--format", "json", env=env)
        assert done.stdout, done.stderr
        found = {}
        for name, service in json.loads(done.stdout)["services"].items():
            resource = service["resources"]["container#0"]
            found[name] = (resource["status"], "; ".join(note["text"] for note in resource["notes"]))
        return found

    def hold_starts(self) -> None:
        """Have the start of the guest `slow` stand still inside libvirt until `let_go`."""
        self.node.exec(["rm", "-f", "/run/go", "/run/hook"])
        self.hypervisor.set_hook(SLOW_HOOK)

    def await_held(self) -> None:
        """Wait until a start stands still."""
        with OutputWatch(self.node.popen(["tail", "-n", "+1", "-F", "/run/hook"])) as hook:
            hook.wait_for("begun", 30)

    def let_go(self) -> None:
        """Let the start that stands still go on."""
        self.node.exec(["touch", "/run/go"], check=True)
