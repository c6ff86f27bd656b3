"""Captures what the SCSI tools print, for tests of parsers: `python -m tests.lab.uml.capture_scsi` writes the fixtures.

Run as root where the lab runs. It brings disks of two targets, and multipath maps of one, to every state that it can,
and writes what the tools say to `tests/fixtures/scsi/`, with a README that says how each was made and `index.json`,
which has the exit statuses. Nothing is edited.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from tests.lab import multipathed
from tests.lab.specification import REPOSITORY
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.lio import Lio
from tests.lab.uml.node import KernelNode
from tests.lab.uml.san import San

TARGET = REPOSITORY / "tests" / "fixtures" / "scsi"
MINE, THEIRS, NOBODYS = "0x1111aaaa", "0x2222bbbb", "0x3333cccc"
_HEAD = """\
# What the SCSI tools really print

Captured by `python -m tests.lab.uml.capture_scsi` in nodes with kernels of their own (User-Mode Linux 6.1, Debian 12,
iSCSI); capture anew rather than edit. Every command ran with `LC_ALL=C`. `NAME.txt` is standard output,
`NAME.stderr.txt` standard error where there was any; `index.json` has command and exit status of each. Names begin with
the target: `tgt` (tgtd), `lio` (Linux's own); `map` is a multipath map of two paths to LIO, `other` is no shared disk.
Two nodes have the keys {mine} (n1, who runs what is captured) and {theirs} (n2).

```
{versions}```

| file | command | exit status | what it shows |
| --- | --- | --- | --- |
"""


class Recorder:
    """Runs commands in a node and keeps what they print."""

    def __init__(self, target: Path) -> None:
        """Write into the folder `target`, which loses what it held."""
        self._target = target
        self._index: dict[str, dict[str, object]] = {}
        self._rows: list[str] = []
        target.mkdir(parents=True, exist_ok=True)
        for old in target.iterdir():
            old.unlink()

    def record(self, node: KernelNode, name: str, shows: str, argv: Sequence[str]) -> None:
        """Run a command and keep its output as `name`."""
        done = node.exec(argv)
        for suffix, text in (("", done.stdout), (".stderr", done.stderr)):
            if text or not suffix:
                (self._target / f"{name}{suffix}.txt").write_text(text)
        self._index[name] = {"argv": list(argv), "status": done.returncode}
        self._rows.append(
            f"| {name} | `{shlex.join(argv).replace('|', chr(92) + '|')}` | {done.returncode} | {shows} |"
        )

    def write_index(self, versions: str) -> None:
        """Write the README and the index of the captures."""
        head = _HEAD.format(mine=MINE, theirs=THEIRS, versions=versions.strip() + "\n")
        (self._target / "README.md").write_text(head + "\n".join(self._rows) + "\n")
        (self._target / "index.json").write_text(json.dumps(self._index, indent=1) + "\n")


class Persist:
    """One tool on one device of n1, and `sg_persist` on the same disk of n2."""

    def __init__(self, recorder: Recorder, prefix: str, tool: str, places: tuple[KernelNode, str], other: str) -> None:
        """Capture what `tool` prints on the device of n1, `places`, under names that begin with `prefix`."""
        self._recorder = recorder
        self._prefix = prefix
        self._tool = [tool] if tool == "mpathpersist" else [tool, "-n"]
        self._node, self._device = places
        self._other = other

    def __call__(self, name: str, shows: str, *words: str) -> None:
        """Run the tool and keep its output."""
        self._recorder.record(self._node, f"{self._prefix}-{name}", shows, [*self._tool, *words, self._device])

    def there(self, node: KernelNode, *words: str) -> None:
        """Let the other node act, when it has heard what became of its reservations; nothing is kept."""
        node.exec(["sg_turs", "-n", "8", self._other])
        node.exec(["sg_persist", "-n", *words, self._other], check=True)


def capture_life(ask: Persist, other: KernelNode) -> None:
    """A disk's reservations from nothing to a foreign holder and back."""
    ask("keys-none", "nothing registered", "-i", "-k")
    ask("holder-none", "nobody holds", "-i", "-r")
    ask("reserve-stranger", "reserve, nothing registered", "-o", "-R", "-T", "5", "-K", MINE)
    ask("register-wrong-key", "register with a key that is not there", "-o", "-G", "-K", NOBODYS, "-S", MINE)
    ask("register-ignore", "register", "-o", "-I", "-S", MINE)
    ask("register-ignore-again", "register again", "-o", "-I", "-S", MINE)
    ask("keys-mine", "this node registered, on each path", "-i", "-k")
    ask("reserve", "reserve", "-o", "-R", "-T", "5", "-K", MINE)
    ask("reserve-again", "reserve again", "-o", "-R", "-T", "5", "-K", MINE)
    ask("holder-mine", "this node holds", "-i", "-r")
    ask("reserve-other-type", "reserve with another type than held", "-o", "-R", "-T", "6", "-K", MINE)
    ask("release-wrong-type", "release with another type than held", "-o", "-L", "-T", "6", "-K", MINE)
    ask.there(other, "-o", "-I", "-S", THEIRS)
    ask("keys-both", "both nodes registered", "-i", "-k")
    ask("full-status", "both nodes registered, this one holds", "-i", "-s")
    ask("capabilities", "what the target can", "-i", "-c")
    ask("preempt-unknown", "preempt a key that is not there", "-o", "-P", "-T", "5", "-K", MINE, "-S", NOBODYS)
    ask("preempt-abort", "preempt and abort the other's", "-o", "-A", "-T", "5", "-K", MINE, "-S", THEIRS)
    ask("release", "release", "-o", "-L", "-T", "5", "-K", MINE)
    ask("release-again", "release what nobody holds", "-o", "-L", "-T", "5", "-K", MINE)
    ask.there(other, "-o", "-I", "-S", THEIRS)
    ask.there(other, "-o", "-R", "-T", "5", "-K", THEIRS)
    ask("holder-theirs", "the other node holds", "-i", "-r")
    ask("reserve-conflict", "reserve what the other holds", "-o", "-R", "-T", "5", "-K", MINE)
    ask("release-theirs", "release what the other holds", "-o", "-L", "-T", "5", "-K", MINE)
    ask("holder-after-release-theirs", "who holds after that", "-i", "-r")
    ask("keys-after-release-theirs", "who is registered after that", "-i", "-k")
    ask.there(other, "-o", "-I", "-S", THEIRS)
    ask.there(other, "-o", "-R", "-T", "5", "-K", THEIRS)
    ask.there(other, "-o", "-P", "-T", "5", "-K", THEIRS, "-S", MINE)
    ask("keys-preempted", "the first question after the other preempted this node", "-i", "-k")
    ask("keys-preempted-again", "the next one", "-i", "-k")
    ask("release-stranger", "release, preempted", "-o", "-L", "-T", "5", "-K", MINE)
    ask("reserve-preempted", "reserve, preempted", "-o", "-R", "-T", "5", "-K", MINE)
    ask("preempt-stranger", "preempt, preempted", "-o", "-P", "-T", "5", "-K", MINE, "-S", THEIRS)
    ask("clear-stranger", "clear, preempted", "-o", "-C", "-K", MINE)
    ask("register-beside", "register while the other holds", "-o", "-I", "-S", MINE)
    ask("preempt", "preempt the holder", "-o", "-P", "-T", "5", "-K", MINE, "-S", THEIRS)
    ask("unregister-wrong-key", "unregister with another key", "-o", "-G", "-K", NOBODYS, "-S", "0")
    ask("unregister", "unregister while holding", "-o", "-G", "-K", MINE, "-S", "0")
    ask("unregister-ignore", "unregister by register-ignore", "-o", "-I", "-S", "0")
    ask("keys-after", "nothing registered, any more", "-i", "-k")
    ask("register-again", "register", "-o", "-I", "-S", MINE)
    ask("clear", "clear", "-o", "-C", "-K", MINE)


def capture_odds(recorder: Recorder, prefix: str, node: KernelNode, disk: str) -> None:
    """What is said beside the life of a reservation."""

    def record(name: str, shows: str, *argv: str) -> None:
        recorder.record(node, f"{prefix}-{name}", shows, argv)

    record("inquiry", "without `-n`", "sg_persist", "-i", "-k", disk)
    record("bad-type", "a type that does not exist", "sg_persist", "-n", "-o", "-R", "-T", "2", "-K", MINE, disk)
    record("no-type", "no type", "sg_persist", "-n", "-o", "-R", "-K", MINE, disk)
    record("two-actions", "two actions", "sg_persist", "-n", "-i", "-k", "-r", disk)
    record("vpd", "the identity of a unit", "sg_vpd", "-p", "0x83", disk)
    record("serial", "its serial number", "sg_vpd", "-p", "0x80", disk)
    record("lsblk", "what lsblk knows without udev", "lsblk", "-J", "-o", "NAME,TYPE,WWN,SERIAL,SIZE,HCTL,STATE")
    record("wwid", "identities in sysfs", "sh", "-c", "grep . /sys/block/sd*/device/wwid")


def capture_faults(recorder: Recorder, prefix: str, lab: KernelLab) -> None:
    """Disks and targets that do not do as they should."""
    node, lun, san = lab.nodes[0], lab.luns[0], lab.san
    disk = node.devices(lun.serial)[0]

    def record(name: str, shows: str, *words: str) -> None:
        recorder.record(node, f"{prefix}-{name}", shows, ["sg_persist", "-n", *words, disk])

    san.block(lun)
    record("blocked-keys", "the target refuses everything", "-i", "-k")
    record("blocked-register", "the target refuses everything", "-o", "-I", "-S", MINE)
    san.clear(lun)
    node.exec(["sg_turs", "-n", "8", disk])
    san.remove(lun)
    record("removed", "the disk was taken away at the target", "-i", "-k")
    san.restore(lun)
    node.exec(["sg_turs", "-n", "8", disk])
    node.exec(["sg_persist", "-n", "-o", "-I", "-S", MINE, disk], check=True)
    san.clear(lun)
    record("cleared", "the first question after another cleared", "-i", "-k")


def capture_paths(recorder: Recorder, prefix: str, lab: KernelLab) -> None:
    """A path that is lost and returns."""
    node, lun = lab.nodes[0], lab.luns[0]
    disk = node.devices(lun.serial)[0]
    words = ["sg_persist", "-n", "-k", disk]
    multipathed.lose_path(node, "san1", disk.removeprefix("/dev/"))
    recorder.record(node, f"{prefix}-path-lost", "a path that the kernel has given up", words)
    if prefix == "map":
        recorder.record(node, "map-path-lost-ll", "one path lost", ["multipath", "-ll"])
        ask = ["mpathpersist", "-o", "-I", "-S", MINE, "/dev/mapper/mpatha"]
        recorder.record(node, "map-path-lost-register", "register with one path lost", ask)
        recorder.record(node, "map-path-lost-keys", "with one path lost", ["mpathpersist", "-i", "-k", ask[-1]])
    node.heal("san1")
    node.sh('until [ "$(cat /sys/block/sd*/device/state | sort -u)" = running ]; do sleep 0.1; done')
    recorder.record(node, f"{prefix}-path-back", "the first question after the path returned", words)


def capture_maps(recorder: Recorder, lab: KernelLab) -> None:
    """Multipath maps, with multipathd and without."""
    node, other = lab.nodes
    multipathed.start(node, maps=len(lab.luns))
    mpath = "/dev/mapper/mpatha"
    theirs = other.devices(lab.luns[0].serial)[0]

    def record(name: str, shows: str, *argv: str) -> None:
        recorder.record(node, f"map-{name}", shows, argv)

    record("ll", "two maps of two paths", "multipath", "-ll")
    record("version", "the version", "multipath", "-h")
    record("paths", "what multipathd knows of paths", "multipathd", "show", "paths", "format", "%d %t %T %m %w")
    record(
        "dmsetup", "the maps as device-mapper knows them", "dmsetup", "info", "-c", "--noheadings", "-o", "name,uuid"
    )
    record(
        "slaves",
        "the paths of maps in sysfs",
        "sh",
        "-c",
        "ls -d /sys/block/dm-*/slaves/*; grep . /sys/block/dm-*/dm/*",
    )
    record("lsblk", "what lsblk knows without udev", "lsblk", "-J", "-o", "NAME,TYPE,WWN,SERIAL,SIZE,HCTL,STATE")
    record("sg-persist", "sg_persist on the map itself", "sg_persist", "-n", "-i", "-k", mpath)
    capture_life(Persist(recorder, "map", "mpathpersist", (node, mpath), theirs), other)
    for lun in lab.luns:
        lab.san.clear(lun)
    capture_paths(recorder, "map", lab)
    record("no-device", "a device that is not there", "mpathpersist", "-i", "-k", "/dev/nosuch")
    record("plain-disk", "a path, not a map", "mpathpersist", "-i", "-k", theirs)
    record("no-action", "no action", "mpathpersist", mpath)
    multipathed.end(node)
    record("no-daemon-keys", "multipathd does not run", "mpathpersist", "-i", "-k", mpath)
    record("no-daemon-register", "multipathd does not run", "mpathpersist", "-o", "-I", "-S", MINE, mpath)


def capture_others(recorder: Recorder, node: KernelNode) -> None:
    """Devices that are no shared disks."""

    def record(name: str, shows: str, device: str) -> None:
        recorder.record(node, f"other-{name}", shows, ["sg_persist", "-n", "-i", "-k", device])

    record("no-device", "a device that is not there", "/dev/nosuch")
    record("file", "a file", "/etc/hostname")
    record("folder", "a folder", "/etc")
    record("character", "a character device that is no disk", "/dev/null")
    record("system-disk", "a disk that is not SCSI", "/dev/ubda")
    node.sh("truncate -s 8M /run/image; losetup /dev/loop0 /run/image")
    record("loop", "a loop device", "/dev/loop0")
    node.sh("losetup -d /dev/loop0")
    with node.plain_disk() as disk:
        record("plain-disk", "a SCSI disk that knows no reservations", disk)
        words = ["sg_persist", "-n", "-o", "-I", "-S", MINE, disk]
        recorder.record(node, "other-plain-disk-register", "a SCSI disk that knows no reservations", words)


def _reset(san: San) -> None:
    for lun in san.luns:
        san.clear(lun)


def main() -> None:
    """Write the fixtures anew."""
    recorder = Recorder(TARGET)
    with KernelLab.up(2) as lab:
        n1, n2 = lab.nodes
        mine, theirs = (node.devices(lab.luns[0].serial)[0] for node in (n1, n2))
        capture_life(Persist(recorder, "tgt", "sg_persist", (n1, mine), theirs), n2)
        _reset(lab.san)
        capture_odds(recorder, "tgt", n1, mine)
        capture_faults(recorder, "tgt", lab)
        capture_paths(recorder, "tgt", lab)
        capture_others(recorder, n1)
    with KernelLab.up(2, san="lio", paths=2) as lab:
        n1, n2 = lab.nodes
        assert isinstance(lab.san, Lio)
        mine, theirs = (node.devices(lab.luns[0].serial)[0] for node in (n1, n2))
        capture_life(Persist(recorder, "lio", "sg_persist", (n1, mine), theirs), n2)
        _reset(lab.san)
        capture_odds(recorder, "lio", n1, mine)
        capture_faults(recorder, "lio", lab)
        lab.san.set_reservations(lab.luns[0], is_able=False)
        recorder.record(n1, "lio-unable", "a target without reservations", ["sg_persist", "-n", "-i", "-k", mine])
        _reset(lab.san)
        capture_paths(recorder, "lio", lab)
        _reset(lab.san)
        n1.exec(["sg_turs", "-n", "8", mine])
        capture_maps(recorder, lab)
        versions = n1.sh("sg_persist -V 2>&1; multipath -h 2>&1 | head -1; uname -sr")
    recorder.write_index(versions)


if __name__ == "__main__":
    main()
