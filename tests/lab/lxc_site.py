"""A node with LXC and the agent on it, as the tests of `osvc` on real containers see it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

from tests.lab.agent import Osvc
from tests.lab.lxc import Containers
from tests.lab.processes import NodeProcess

WAITING_HOOK = """\
#!/bin/sh
echo begun >/run/hook
while [ ! -e /run/go ]; do sleep 0.05; done
"""
"""A hook of a container that stands still until the test lets it go on."""
HOOK = "/srv/hook"


class LxcSite:
    """A node with LXC and the agent on it."""

    def __init__(self, containers: Containers, osvc: Osvc) -> None:
        self.containers = containers
        self.node = containers.node
        self._osvc = osvc

    def service(self, name: str, *lines: str, nodes: str = "node1", more: str = "") -> None:
        """A service of one container, with short limits unless `lines` say otherwise."""
        limits = {"start_timeout": "20", "stop_timeout": "10"}
        for line in lines:
            key, _, value = line.partition(" = ")
            limits[key] = value
        keywords = "\n".join(f"{key} = {value}" for key, value in limits.items())
        text = f"[default]\nnodes = {nodes}\n\n[container#0]\ntype = lxc\n{keywords}\n{more}"
        self._osvc.write_service(self.node, name, text)

    def be_quick(self) -> None:
        """Do not wait long for a platform that does not answer."""
        self.node.write(f"{self._osvc.root}/etc/node.conf", "[limits]\nstatus = 4\n")

    def osvc(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return self._osvc(self.node, *args, env=env)

    def start_in_background(self, *args: str) -> NodeProcess:
        return self._osvc.popen(self.node, *args)

    def statuses(self, *names: str, rid: str = "container#0", env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Status of a resource of each service, its notes after a colon."""
        done = self.osvc("status", *names, "--format", "json", env=env)
        assert done.stdout, done.stderr
        found = {}
        for name, service in json.loads(done.stdout)["services"].items():
            resource = service["resources"][rid]
            notes = "; ".join(note["text"] for note in resource["notes"])
            found[name] = f"{resource['status']}{': ' if notes else ''}{notes}"
        return found

    def status(self, name: str, rid: str = "container#0") -> str:
        """The same of one service."""
        return self.statuses(name, rid=rid)[name]

    def state(self, name: str) -> str:
        """What LXC says of a container."""
        return self.containers.run("lxc-info", "-n", name, "-s", "-H").stdout.strip()

    def monitor(self, name: str) -> str:
        """The process id of a container's monitor inside the node, empty if it has none."""
        done = self.node.exec(["pgrep", "-f", rf"^\[lxc monitor\] \S+ {name}$"])
        return done.stdout.strip()

    def await_hook(self) -> None:
        """Wait until the waiting hook stands still."""
        self.node.exec(["sh", "-c", "until test -e /run/hook; do sleep 0.02; done"], check=True)

    def let_go(self) -> None:
        """Let the waiting hook go on."""
        self.node.exec(["touch", "/run/go"], check=True)

    def clear_hook(self) -> None:
        """The waiting hook, ready for a container that names it in its configuration."""
        self.node.exec(["rm", "-f", "/run/hook", "/run/go"], check=True)
        self.node.write(HOOK, WAITING_HOOK, mode=0o755)
