"""The simulated virsh prints and returns what the real one was seen to print and return."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from opensvc_testkit.simulated import Libvirtd, SimulatedCluster, domain_xml
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated

FIXTURES = Path(__file__).parents[1] / "fixtures" / "libvirt"
URI = "qemu:///system"
STATES = {  # name of a captured domain: libvirt's state and reason
    "off-failed": (5, 6),
    "off-crashed": (5, 3),
    "off-shutdown": (5, 1),
    "off-saved": (5, 5),
    "off-destroyed": (5, 2),
    "disks": (5, 0),
    "never-started": (5, 0),
    "running": (1, 1),
    "paused": (3, 1),
    "resumed": (1, 5),
    "restored": (1, 3),
    "mule": (1, 1),
    "pmsuspended": (7, 0),
    "crashed": (6, 1),
}
NOT_COMPARED = {
    "start-failed": "simulated disks are never looked for; a test says so with a fault",
    "start-hook-refuses": "a reason that a test gives with a fault",
    "domstats-block": "sizes of images",
    "dumpxml-running": "PCI addresses, CPU model and labels are not simulated",
    "dumpxml-inactive": "PCI addresses and CPU model are not simulated",
    "dumpxml-disks": "PCI addresses and CPU model are not simulated",
    "capabilities": "those of the host",
    "domblklist": "needs a block device of the captured name; see test_disks_are_listed_as_captured",
    "domblklist-details": "needs a block device of the captured name; see test_disks_are_listed_as_captured",
    "dominfo-running": "CPU time, and a warning about the lab's root user",
    "domstats-no-guests": "asked of a libvirt without guests; see test_nothing_is_listed_where_nothing_is_defined",
}
BEFORE = {"shutdown": ["start", "never-started"]}
"""What the capture did before the line."""


def captured() -> list[tuple[str, list[str], int]]:
    """Name, arguments and exit status of each captured command that ended, without those run in special ways."""
    rows = []
    for line in (FIXTURES / "README.md").read_text().splitlines():
        row = re.match(r"\| ([\w-]+) \| `([^`]+)` \| (\d+) \| ", line)
        if row and row[1] not in NOT_COMPARED and "in-hook" not in row[1] and "qemu-stopped" not in row[1]:
            rows.append((row[1], shlex.split(row[2]), int(row[3])))
    return rows


BLOCK = re.compile(r"Domain: '.*'\n(?:  .*\n)*")


def sorted_blocks(text: str) -> list[str]:
    """Statistics in an order of their own, as libvirt lists them in that of a hash table; then what is around them."""
    return [*sorted(BLOCK.findall(text)), BLOCK.sub("", text)]


@pytest.fixture
def captured_node(simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode) -> SimulatedNode:
    """A node whose libvirt knows the domains of the captures, in their states."""
    order = ["running", "paused", "resumed", "mule", "pmsuspended", "crashed", "restored"]
    names = [*order, *(name for name in STATES if name not in order)]
    lines = []
    for name in names:
        path = simulated_cluster.define_guest(name, nodes=[simulated_node.name])
        path.write_text(path.read_text().replace("<memory unit='MiB'>512<", "<memory unit='MiB'>16<"))
        lines.append(f"define {path}")
    done = simulated_node.run("virsh", "-q", "; ".join([*lines, "autostart running", "autostart never-started"]))
    assert done.stderr == ""
    for name in names:
        simulated_cluster.set_domain_state(simulated_node.name, name, *STATES[name])
    return simulated_node


def substituted(text: str, folder: Path) -> str:
    """A captured text with this test's folder, and the uuid that its domain has here."""
    text = text.replace("/srv/guests", str(folder))
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", text)


@pytest.mark.parametrize(("name", "argv", "status"), captured(), ids=[row[0] for row in captured()])
def test_every_captured_answer_is_given(
    name: str, argv: list[str], status: int, captured_node: SimulatedNode, simulated_cluster: SimulatedCluster
) -> None:
    folder = simulated_cluster.root
    (folder / "bad.xml").write_text("no definition\n")
    uuid_of_running = captured_node.run("virsh", "-q", "domuuid", "running").stdout.strip()
    other = re.sub("<uuid>.*</uuid>", f"<uuid>{uuid_of_running}</uuid>", domain_xml("other"))
    (folder / "other.xml").write_text(other)
    special = {
        "libvirtd-stopped": Libvirtd.ABSENT,
        "libvirtd-killed": Libvirtd.KILLED,
        "no-permission": Libvirtd.DENIED,
    }
    if name in BEFORE:
        captured_node.run("virsh", *BEFORE[name])
    if name in special:
        simulated_cluster.set_libvirtd(captured_node.name, special[name])
    done = captured_node.run("virsh", "-c", URI, *[word.replace("/srv/guests", str(folder)) for word in argv])
    stdout = (FIXTURES / f"{name}.txt").read_text()
    errors = FIXTURES / f"{name}.stderr.txt"
    got, wanted = [sorted_blocks(substituted(text, folder)) for text in (done.stdout, stdout)]
    if name == "list-all":
        # Ids depend on what ran before the capture.
        got, wanted = [[re.sub(r"(?m)^ \d+ +", " N ", text) for text in texts] for texts in (got, wanted)]
    assert got == wanted
    assert substituted(done.stderr, folder) == substituted(errors.read_text() if errors.exists() else "", folder)
    assert done.returncode == status


def test_captures_to_compare_with_are_there() -> None:
    assert len(captured()) >= 40


def test_disks_are_listed_as_captured(simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode) -> None:
    xml = domain_xml("disks", disks=["/dev/loop7"]).replace(
        "<target dev='vdb'",
        "<target dev='vdc'",
    )
    second = "<disk type='file'><source file='/srv/guests/second.img'/><target dev='vdb' bus='virtio'/></disk>"
    xml = xml.replace("    <disk type='block'", f"    {second}\n    <disk type='block'", 1)
    xml = xml.replace("/var/lib/libvirt/images/disks.img", "/srv/guests/disks.img")
    path = simulated_cluster.root / "disks.xml"
    path.write_text(xml)
    simulated_node.run("virsh", "define", str(path))
    for name, options in (("domblklist", []), ("domblklist-details", ["--details"])):
        # The width of the dashes follows the widest path, and the capture's own was another.
        wanted = re.sub("-{9,}", "---", (FIXTURES / f"{name}.txt").read_text())
        got = re.sub("-{9,}", "---", simulated_node.run("virsh", "domblklist", *options, "disks").stdout)
        assert got == wanted


def test_nothing_is_listed_where_nothing_is_defined(simulated_node: SimulatedNode) -> None:
    done = simulated_node.run("virsh", "-c", URI, "domstats --state; list --all --autostart --name")
    assert (done.returncode, done.stdout) == (0, (FIXTURES / "domstats-no-guests.txt").read_text())


# Lines that were captured by hand from virsh 9.0.0, on a libvirt with `vm1` off and nothing else: the words, the
# standard output, the standard error, the exit status.
BY_HAND = [
    (["uri"], "qemu:///system\n\n", "", 0),
    (["-q", "uri"], "qemu:///system\n", "", 0),
    (["--version"], "9.0.0\n", "", 0),
    (["domstate vm1; domstate nosuch; domstate vm1"], "shut off\n\n\nshut off\n\n", "failed to get domain 'nosuch'", 0),
    (["domstate vm1; domstate nosuch"], "shut off\n\n\n", "failed to get domain 'nosuch'", 1),
    (["bogus; domstate vm1"], "", "unknown command: 'bogus'", 1),
    (["domstate vm1; domstate"], "", "command 'domstate' requires <domain> option", 1),
    (["domstate", "vm1", ";", "domstate", "vm1"], "", "unexpected data ';'", 1),
    (["domstate vm1", "domstate vm1"], "", "unknown command: 'domstate vm1'", 1),
    (["domstate vm1;"], "shut off\n\n", "", 0),
    (["domstate vm1 # c; domstate vm1"], "shut off\n\n", "", 0),
    (["domstate vm1\ndomstate vm1"], "shut off\n\nshut off\n\n", "", 0),
    (['domstate "vm1'], "", 'missing "', 1),
    (["echo a\\ b 'c d'"], "a b c d\n\n", "", 0),
    ([""], "", None, 1),
    ([";"], "", "", 0),
    (["domstate", "--", "vm1"], "shut off\n\n", "", 0),
    (["domstate", "--reason=1", "vm1"], "", "invalid '=' after option --reason", 1),
    (["domstate", "vm1", "extra"], "", "unexpected data 'extra'", 1),
    (["domstate", ""], "\n", "Failed to get option 'domain': Option argument is empty", 1),
    (["list", "--bogus"], "", "command 'list' doesn't support option --bogus", 1),
    (["--bogus"], "", "unsupported option '--bogus'. See --help.", 1),
    (["-c"], "", "option '-c'/'--connect' requires an argument", 1),
    (["autostart", "--disable", "vm1", "--disable"], "", "option --disable already seen", 1),
    (["qemu-agent-command", "vm1"], "", "command 'qemu-agent-command' requires <cmd> option", 1),
    (["list", "--all", "--title"],
     " Id   Name   State      Title\n-------------------------------\n -    vm1    shut off   \n\n", "", 0),
    (["-q", "list", "--all"], " -   vm1   shut off\n", "", 0),
    (["list"], " Id   Name   State\n--------------------\n\n", "", 0),
    (["domstats", "--state", "--list-running"], "\n", "", 0),
    (["shutdown", "vm1", "--mode", "bogus"], "\n",
     "Unknown mode bogus value, expecting 'acpi', 'agent', 'initctl', 'signal', or 'paravirt'", 1),
    (["define", "/"], "\n", "Failed to read file '/': Is a directory", 1),
    (["define", "/nosuch.xml"], "\n", "Failed to open file '/nosuch.xml': No such file or directory", 1),
]  # fmt: skip


@pytest.mark.parametrize(("argv", "stdout", "error", "status"), BY_HAND, ids=[" ".join(row[0]) for row in BY_HAND])
def test_command_lines_are_read_as_virsh_reads_them(
    argv: list[str],
    stdout: str,
    error: str | None,
    status: int,
    simulated_cluster: SimulatedCluster,
    simulated_node: SimulatedNode,
) -> None:
    simulated_cluster.define_guest("vm1", nodes=[simulated_node.name])
    done = simulated_node.run("virsh", *argv)
    assert done.stdout == stdout
    if error is not None:
        assert done.stderr == (f"error: {error}\n" if error else "")
    assert done.returncode == status


def test_a_connection_that_fails_prints_no_empty_line(simulated_node: SimulatedNode) -> None:
    done = simulated_node.run("virsh", "-c", "bogus:///x", "list")
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: failed to connect to the hypervisor",
        "error: no connection driver available for bogus:///x",
    ]


def test_what_is_not_simulated_says_so(simulated_node: SimulatedNode) -> None:
    done = simulated_node.run("virsh", "managedsave", "vm1")
    assert (done.returncode, done.stderr) == (70, "simulated virsh: not simulated: managedsave\n")


def virsh(node: SimulatedNode, *argv: str) -> subprocess.CompletedProcess[str]:
    return node.run("virsh", "-q", *argv)


def test_a_definition_without_uuid_is_refused_when_the_name_is_known(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode
) -> None:
    path = simulated_cluster.define_guest("vm1")
    path.write_text(re.sub("  <uuid>.*</uuid>\n", "", path.read_text()))
    assert virsh(simulated_node, "define", str(path)).returncode == 0
    uuid = virsh(simulated_node, "domuuid", "vm1").stdout.strip()
    again = virsh(simulated_node, "define", str(path))
    assert again.stderr.splitlines()[1] == f"error: operation failed: domain 'vm1' already exists with uuid {uuid}"


def test_a_running_domain_keeps_its_definition_until_it_stops(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode
) -> None:
    path = simulated_cluster.define_guest("vm1", nodes=[simulated_node.name])
    virsh(simulated_node, "start", "vm1")
    path.write_text(path.read_text().replace("512", "256"))
    assert virsh(simulated_node, "define", str(path)).returncode == 0
    assert "<memory unit='KiB'>524288<" in virsh(simulated_node, "dumpxml", "vm1").stdout
    assert "<memory unit='KiB'>262144<" in virsh(simulated_node, "dumpxml", "--inactive", "vm1").stdout
    virsh(simulated_node, "destroy", "vm1")
    virsh(simulated_node, "start", "vm1")
    assert "<memory unit='KiB'>262144<" in virsh(simulated_node, "dumpxml", "vm1").stdout


def test_what_was_dumped_can_be_defined_again_unchanged(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode, tmp_path: Path
) -> None:
    simulated_cluster.define_guest("vm1", nodes=[simulated_node.name], disks=["/dev/sdb"], has_agent=True)
    dumped = virsh(simulated_node, "dumpxml", "--inactive", "vm1").stdout
    (tmp_path / "dumped.xml").write_text(dumped)
    assert virsh(simulated_node, "define", str(tmp_path / "dumped.xml")).returncode == 0
    assert virsh(simulated_node, "dumpxml", "--inactive", "vm1").stdout == dumped


def test_an_undefined_running_domain_is_gone_when_it_stops(
    simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode
) -> None:
    simulated_cluster.define_guest("vm1", nodes=[simulated_node.name])
    virsh(simulated_node, "start", "vm1")
    virsh(simulated_node, "undefine", "vm1")
    assert "Persistent:     no" in virsh(simulated_node, "dominfo", "vm1").stdout
    virsh(simulated_node, "destroy", "vm1")
    assert simulated_cluster.state_of(simulated_node.name, "vm1") == ""


def test_each_node_has_a_libvirt_of_its_own(simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode) -> None:
    simulated_cluster.define_guest("vm1", nodes=[simulated_node.name, "node2"])
    node2 = {"OSVC_NODE": "node2"}
    simulated_node.run("virsh", "start", "vm1", env=node2)
    assert virsh(simulated_node, "domstate", "vm1").stdout == "shut off\n"
    assert simulated_node.run("virsh", "-q", "domstate", "vm1", env=node2).stdout == "running\n"
    assert virsh(simulated_node, "-c", "qemu+ssh://root@node2/system", "domstate", "vm1").stdout == "running\n"
    assert simulated_cluster.running_on("vm1") == ("node2",)
