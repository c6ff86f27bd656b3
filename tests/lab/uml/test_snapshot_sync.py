"""`osvc sync` out of real LVM snapshots: read, gone again, also after `kill -9`; full ones, and groups without room.

The node has two agents, each with a root folder of its own: the second is the peer, reached through the node's sshd.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.lab.uml import bytecode
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.node import ROOT, KernelNode
from tests.lab.uml.site import Site

pytestmark = pytest.mark.timeout(600)
PEER = "/opt/peer"
KEY = f"{ROOT}/etc/ssh/id_ed25519"
SENDER = """\
[default]
service_type = PRD
nodes = n1 n2
postsnap_trigger = {after}

[disk#1]
type = lvm
vgname = erp

[fs#1]
dev = /dev/erp/data
mnt = /srv/erp
type = ext4

[sync#1]
{before}
{sync}
"""
BEFORE = "presnap_trigger = touch /srv/erp/before"
RECEIVER = "[default]\nservice_type = PRD\nnodes = n1 n2\n\n[app#0]\ntype = launchers\n\n[sync#1]\n{sync}\n"
SYNC = "src = /srv/erp/\ndst = /srv/copy\ntarget = nodes\nsnap = true\nexclude = /lost+found\n"
LAUNCHER = "#!/bin/sh\n[ $1 != status ]\n"
SYNC_WORDS = ("sync", "nodes", "erp", "--rid", "sync#1", "--force-delay")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One node that sends, with a second agent beside the first that receives."""
    with KernelLab.up(1, luns=1) as lab:
        bytecode.compile_for(lab.path)
        site = Site(lab)
        node = lab.nodes[0]
        node.sh("modprobe dm-snapshot")
        site.make_group(node, "erp", lab.luns[0])
        trust(node)
        node.write(f"{PEER}/etc/erp.env", RECEIVER.format(sync=SYNC))
        node.write(f"{PEER}/etc/erp.d/C10app", LAUNCHER, mode=0o755)
        # Brought up by hand, which is quicker: a start is tested elsewhere.
        node.sh("vgchange -q --addtag n1 erp; vgchange -q -ay erp; mkdir -p /srv/erp; mount /dev/erp/data /srv/erp")
        yield site


def trust(node: KernelNode) -> None:
    """Let the first agent into the second, as `osvc node trust` does between two nodes."""
    node.write(f"{PEER}/etc/node.conf", "[limits]\npeer = 20\nstatus = 10\n", mode=0o600)
    node.sh(
        f"mkdir -p {ROOT}/etc/ssh {ROOT}/var {PEER}/var; echo PRD | tee {ROOT}/var/host_mode >{PEER}/var/host_mode;"
        f" ssh-keygen -q -t ed25519 -N '' -f {KEY}; echo '127.0.0.1 n2' >>{ROOT}/etc/hosts;"
        f" echo '[limits]\npeer = 20\nstatus = 10\nleft_over = 1' >{ROOT}/etc/node.conf;"
        f' echo "n2 $(ssh-keygen -y -f /etc/ssh/lab_hostkey)" >{ROOT}/etc/ssh/known_hosts'
    )
    agent = f"env OSVC_ROOT={PEER} OSVC_NODE=n2 {sys.executable} -m opensvc_core peer --from n1"
    node.write("/root/.ssh/authorized_keys", f'restrict,command="{agent}" {node.read(KEY + ".pub")}', mode=0o600)


def write(node: KernelNode, after: str, more: str = "", before: str = BEFORE) -> None:
    """Write the service file of the sender."""
    node.write(f"{ROOT}/etc/erp.env", SENDER.format(after=after, before=before, sync=SYNC + more))


def snapshots(node: KernelNode) -> tuple[str, str]:
    """Snapshots that LVM knows, and what is mounted of them."""
    volumes = node.sh("lvs --noheadings -o lv_name --select 'lv_name=~^osvcsync_' erp").split()
    return " ".join(volumes), node.sh("grep -o 'erp-osvcsync_[^ ]*' /proc/mounts || true").strip()


def test_a_copy_is_of_the_moment_of_its_snapshot_whatever_is_cut_or_full(site: Site) -> None:
    (node,) = site.lab.nodes
    # Killed in the middle of the transfer.
    write(node, "touch /srv/erp/after", "bwlimit = 30\n")
    node.sh("head -c 3000000 /dev/urandom >/srv/erp/large")
    run = site.popen(node, *SYNC_WORDS)
    node.sh("until [ $(stat -c %s /srv/copy/.large.* 2>/dev/null || echo 0) -gt 60000 ]; do sleep 0.1; done")
    node.sh("kill -9 $(pgrep -f '[o]pensvc_core sync nodes')")
    run.communicate()
    volume, mounted = snapshots(node)
    assert volume
    assert mounted == f"erp-{volume}"

    # The next run takes away what is left, whatever it is: a group with a mounted snapshot could not be let go.
    site.told(node, "stop", "erp")
    assert snapshots(node) == ("", "")
    assert not site.is_active(node, "erp")
    node.sh("vgchange -q --addtag n1 erp; vgchange -q -ay erp; mount /dev/erp/data /srv/erp")

    # The next transfer goes on.
    node.sh("rm /srv/erp/before /srv/erp/after")
    write(node, "touch /srv/erp/after")
    site.told(node, *SYNC_WORDS)
    assert snapshots(node) == ("", "")
    assert node.exec(["cmp", "/srv/erp/large", "/srv/copy/large"]).returncode == 0
    # The first command had ended before the snapshot was made, the second was begun after it.
    assert sorted(node.sh("ls /srv/copy").split()) == ["before", "large"]
    assert sorted(node.sh("ls /srv/erp").split()) == ["after", "before", "large", "lost+found"]

    # Killed while the application is at rest: the next command wakes it, once.
    node.sh("rm /srv/erp/before /srv/erp/after")
    slow = "presnap_trigger = sh -c 'touch /srv/erp/before; sleep 100'"
    write(node, "sh -c 'echo woken >>/srv/erp/after'", before=slow)
    run = site.popen(node, *SYNC_WORDS)
    node.sh("until [ -e /srv/erp/before ]; do sleep 0.1; done")
    node.sh("kill -9 $(pgrep -f '[o]pensvc_core sync nodes')")
    run.communicate()
    assert node.sh("ls /srv/erp/after 2>/dev/null || true") == ""
    done = site.osvc(node, "recover", "erp")
    assert "ran the postsnap_trigger that a cut sync had left undone" in " ".join(f"{done.stdout}{done.stderr}".split())
    site.told(node, "recover", "erp")
    assert node.read("/srv/erp/after") == "woken\n"
    assert snapshots(node) == ("", "")

    # More is written to the volume than the snapshot has room for.
    write(node, "dd if=/dev/urandom of=/srv/erp/noise bs=1M count=6 conv=fsync", "snap_size = 4MiB\n")
    told = site.refused(node, *SYNC_WORDS)
    assert "is full: what was read of it counts for nothing" in told
    assert "raise it, or sync when less is" in told
    assert snapshots(node) == ("", "")
    assert " /srv/erp ext4 rw" in node.read("/proc/mounts")

    # The group has no room for it.
    node.sh("lvcreate -q -Wn -Zn -y -n rest -l 100%FREE erp")
    assert "no room for a snapshot of erp/data" in site.refused(node, *SYNC_WORDS)
    assert snapshots(node) == ("", "")
