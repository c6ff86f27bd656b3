"""One service on a node of each kind: guests of simulated platforms, and a service without a guest, driven alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opensvc_testkit.demo.service import ADDRESS, NODES, SERVICE, cookbook
from opensvc_testkit.demo.simulation import SimulatedStage, simulate
from opensvc_testkit.faults import FaultKind
from tests.warm.commands import run

LIMIT = 60.0
HOSTED = "hosted"
TOOLS: Mapping[str, tuple[str, ...]] = {
    "kvm": ("virsh",),
    "xen": ("xl",),
    "hpvm": ("hpvmstatus",),
    "zone": ("zoneadm",),
    "lxc": ("lxc-ls", "lxc-info"),
}
"""By mode, the commands that tell states."""
GUESTS = tuple(TOOLS)
MODES = (*GUESTS, HOSTED)
LAUNCHER = """\
#!/bin/sh
# simulated application: its state is a file
here=$(dirname "$0")
case $1 in
start) [ ! -e "$here/.fails" ] || exit 3; touch "$here/.up" ;;
stop) rm -f "$here/.up"; [ ! -e "$here/.hangs" ] || sleep 3600 ;;
status) [ -e "$here/.up" ] ;;
esac
"""


class Site(ABC):
    """A node with the service `vm188` of the cookbook, not yet created.

    Attributes:
        mode: of the service.
        folder: where commands run; `vm188.env` lies in it.
        environment: of the commands.
        resources: rids that have a state of their own, or their guest's.
    """

    resources: tuple[str, ...] = ("app#0",)

    def __init__(self, mode: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.mode = mode
        self.folder = folder
        self.environment = dict(environment)

    @property
    def file(self) -> Path:
        """The service file before it is created."""
        return self.folder / f"{SERVICE}.env"

    def osvc(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `osvc` on the node."""
        return run(words, env=self.environment, cwd=self.folder, timeout=LIMIT)

    def do(self, *words: str, status: int = 0) -> str:
        """Run `osvc`, which must end with a status; all that it said."""
        done = self.osvc(*words)
        said = done.stdout + done.stderr
        assert done.returncode == status, f"osvc {' '.join(words)} ended with {done.returncode}: {said}"
        return said

    def create(self, **keywords: str) -> None:
        """Create the service, with keywords of its container or application."""
        section = self.section
        lines = "".join(f"{key} = {value}\n" for key, value in keywords.items())
        text = self.file.read_text()
        if f"[{section}]\n" in text:
            text = text.replace(f"[{section}]\n", f"[{section}]\n{lines}")
        else:
            text = f"{text}\n[{section}]\n{lines}"
        self.file.write_text(text)
        self.do("config", "create", SERVICE, "--from", self.file.name)

    def report(self) -> dict[str, Any]:
        """The service as `osvc status` tells it in JSON."""
        found: dict[str, Any] = json.loads(self.do("status", SERVICE, "--format", "json"))["services"][SERVICE]
        return found

    def words(self) -> dict[str, str]:
        """Status of each resource that has one, and what all amount to as `avail`."""
        report = self.report()
        found = {rid: str(each["status"]) for rid, each in report["resources"].items() if each["status"] != "n/a"}
        return {**found, "avail": str(report["avail"])}

    @property
    def all_up(self) -> dict[str, str]:
        """The words of the service while all of it is up."""
        return {**dict.fromkeys(self.resources, "up"), "avail": "up"}

    @property
    @abstractmethod
    def section(self) -> str:
        """The section whose limits a test shortens."""

    @abstractmethod
    def is_running(self) -> bool:
        """Whether it runs, not by the word of the agent."""

    @abstractmethod
    def break_application(self, *, is_broken: bool) -> None:
        """Its next starts fail, or do not."""

    @abstractmethod
    def kill_application(self) -> None:
        """The application ends by itself."""

    @abstractmethod
    def be_stubborn(self) -> None:
        """The service will not obey when it is told to stop."""

    @property
    @abstractmethod
    def force(self) -> str:
        """What the agent says when a stubborn service is stopped."""

    @abstractmethod
    def close(self) -> None:
        """Nothing of it runs any more."""


class GuestSite(Site):
    """A guest of a simulated platform."""

    section = "container#0"
    force = "by force"

    def __init__(self, mode: str, folder: Path) -> None:
        self.simulated: SimulatedStage = simulate(folder, mode, boot_time=0.05, shutdown_time=0.05)
        super().__init__(mode, folder, self.simulated.stage.environment(os.environ))
        ready = ("container#0ready",) if mode == "zone" else ()
        self.resources = ("container#0", "ip#1", "app#0", *ready)

    def is_running(self) -> bool:
        return bool(self.simulated.cluster.running_on(SERVICE))

    def kill_application(self) -> None:
        (application,) = (self.simulated.cluster.root / "boots").glob("*/application.erp")
        application.unlink()

    def break_application(self, *, is_broken: bool) -> None:
        statuses = {"start": 3} if is_broken else {}
        self.simulated.cluster.set_launcher(SERVICE, "S10erp", application="erp", statuses=statuses)

    def be_stubborn(self) -> None:
        self.simulated.cluster.change_guest(SERVICE, shutdown_time=None)

    def steal_address(self) -> None:
        """Another machine has the address of the guest."""
        self.simulated.cluster.add_machine("thief", ADDRESS)

    def confuse(self) -> None:
        """The platform's tools print garbage."""
        for tool in TOOLS[self.mode]:
            self.simulated.cluster.set_fault(tool, FaultKind.GARBAGE)

    def close(self) -> None:
        self.simulated.cluster.close()


class HostedSite(Site):
    """A service without a guest: its launchers lie in `etc/vm188.d`."""

    section = "app#0"
    force = "K10erp"

    def __init__(self, folder: Path) -> None:
        self._launchers = folder / "opensvc" / "etc" / f"{SERVICE}.d"
        path = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        own = {"OSVC_ROOT": str(folder / "opensvc"), "OSVC_NODE": NODES[0], "PATH": path, "LC_ALL": "C.UTF-8"}
        super().__init__(HOSTED, folder, own)
        (folder / "opensvc").mkdir(parents=True)
        lines = cookbook(HOSTED).replace("vm_name = vm188\n", "").split("\n[ip#1]")[0]
        self.file.write_text(f"{lines}\n[app#0]\nscript_timeout = 5s\n")

    def create(self, **keywords: str) -> None:
        del keywords  # they are limits of a guest
        self.do("config", "create", SERVICE, "--from", self.file.name)
        script = self._launchers / "S10erp"
        script.write_text(LAUNCHER)
        script.chmod(0o755)
        for link in ("K10erp", "C10erp"):
            (self._launchers / link).symlink_to(script.name)

    def is_running(self) -> bool:
        return (self._launchers / ".up").exists()

    def kill_application(self) -> None:
        (self._launchers / ".up").unlink()

    def break_application(self, *, is_broken: bool) -> None:
        if is_broken:
            (self._launchers / ".fails").touch()
        else:
            (self._launchers / ".fails").unlink(missing_ok=True)

    def be_stubborn(self) -> None:
        (self._launchers / ".hangs").touch()

    def close(self) -> None:
        """The agent has ended what hung."""


def make_site(mode: str, folder: Path) -> Site:
    """The node of a mode, in a folder."""
    return HostedSite(folder) if mode == HOSTED else GuestSite(mode, folder)
