"""A node with services that need no hypervisor: their applications are launchers that a test holds and lets go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import define

LAUNCHER = """\
#!/bin/sh
# simulated application: its state is a file; `start` waits for a word where the test has made a pipe
here=$(dirname "$0")
name=$(basename "$here")
case $1 in
start)
    if [ -p "$here/.hold" ]; then echo waiting >>"$here/.said"; read word <"$here/.hold"; fi
    if [ -e "$here/.fails" ]; then echo "no licence" >&2; exit 3; fi
    touch "$here/.up" ;;
stop) rm -f "$here/.up" ;;
status) test -e "$here/.up" ;;
esac
"""

BIN = Path(sys.executable).parent
NODES = {"n1": "127.0.1.1", "n2": "127.0.1.2"}
SSH = """\
#!/bin/sh
# simulated ssh: the gate of the node at that address, in a process of its own; a node that is off answers nothing
case "$*" in *" -O exit "*) exit 0 ;; esac
for word; do case $word in
root@*) address=${{word#root@}} ;;
IdentityFile=*) origin=${{word#*{folder}/}}; origin=${{origin%%/*}} ;;
esac; done
case $address in {cases} esac
[ -e {folder}/$node/off ] && {{ echo "ssh: connect to host $address port 22: No route to host" >&2; exit 255; }}
exec env -i PATH="{path}" LC_ALL=C.UTF-8 OSVC_ROOT={folder}/$node OSVC_NODE=$node \\
    SSH_ORIGINAL_COMMAND="osvc peer" SSH_CONNECTION="$address 1 $address 22" osvc peer --from "$origin"
"""
FILE = "[default]\nservice_type = TST\nnodes = n1 n2\nautostart_node = n1\n\n[app#0]\n"


@define
class NodeFolder:
    """The root folder of a node made for a test.

    Attributes:
        root: the folder.
    """

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """What an `osvc` of this node is started with."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        own = {"OSVC_ROOT": str(self.root), "OSVC_NODE": "node109", "PATH": path, "TERM": "xterm", "COLUMNS": "80"}
        return {**kept, "LC_ALL": "C.UTF-8", **own}

    def add(self, name: str, text: str = "[default]\nservice_type = DEV\nnodes = node109\n\n[app#0]\n") -> Path:
        """A service with one application; gives back the folder of its launchers."""
        etc = self.root / "etc"
        etc.mkdir(exist_ok=True)
        (etc / f"{name}.env").write_text(text)
        folder = etc / f"{name}.d"
        folder.mkdir()
        script = folder / "S10web"
        script.write_text(LAUNCHER)
        script.chmod(0o755)
        for link in ("K10web", "C10web"):
            (folder / link).symlink_to("S10web")
        return folder

    def call(self, *words: str, program: str = "osvc", **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [program if "/" in program else str(Path(sys.executable).parent / program), *words],
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeFolder]:
    """An empty node; a launcher that a killed run left waiting is ended after the test."""
    yield NodeFolder(tmp_path)
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(tmp_path / "etc").encode() in command.read_bytes():
                os.kill(int(command.parent.name), signal.SIGKILL)


@pytest.fixture
def osvc(node: NodeFolder) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `osvc` on that node."""
    return node.call


@define
class PairNode(NodeFolder):
    """One of the two nodes."""

    name: str

    @property
    def environment(self) -> dict[str, str]:
        own = super().environment
        return {**own, "OSVC_NODE": self.name, "PATH": f"{self.root.parent}/bin:{own['PATH']}"}

    @property
    def is_up(self) -> bool:
        return (self.root / "etc/web01.d/.up").exists()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[PairNode, PairNode]]:
    """Two nodes that reach each other, with one service that is up on the first."""
    cases = " ".join(f"{address}) node={name} ;;" for name, address in NODES.items())
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin/ssh"
    ssh.write_text(SSH.format(cases=cases, folder=tmp_path, path=f"{tmp_path}/bin:{BIN}:/usr/bin:/bin"))
    ssh.chmod(0o755)
    found = []
    for name in NODES:
        node = PairNode(tmp_path / name, name)
        (node.root / "etc/ssh").mkdir(parents=True)
        for file in ("id_ed25519", "known_hosts"):
            (node.root / "etc/ssh" / file).touch(0o600)
        (node.root / "etc/hosts").write_text("".join(f"{a} {n}\n" for n, a in NODES.items()))
        node.add("web01", FILE)
        found.append(node)
    started = found[0].call("start", "web01")
    assert started.returncode == 0, started.stderr
    yield found[0], found[1]
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(tmp_path).encode() in command.read_bytes():
                os.kill(int(command.parent.name), signal.SIGKILL)
