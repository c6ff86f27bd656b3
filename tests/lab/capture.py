"""Captures what the real `virsh` prints, for the tests of parsers: `python -m tests.lab.capture` writes the fixtures.

Run as root where the lab runs. It makes every state that a QEMU guest can be brought to here, asks for it in the ways
that a driver does, and writes standard output and error to `tests/fixtures/libvirt/`, with a README that says how each
was made. Nothing is edited but the path of the lab's temporary folder, which becomes `/srv/guests`.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab.domain_xml import Disk, Kind
from tests.lab.libvirt import URI, Hypervisor
from tests.lab.nodes import Lab
from tests.lab.specification import REPOSITORY

TARGET = REPOSITORY / "tests" / "fixtures" / "libvirt"
GUESTS = "/srv/guests"
_STATES_AND_AUTOSTART = "domstats --state; list --all --autostart --name"
_HANG_SECONDS = 2.0
_HEAD = """\
# What virsh really prints

Captured by `python -m tests.lab.capture` on the lab's hypervisor (Debian 12, QEMU without hardware virtualisation);
capture anew rather than edit. Every command ran as `LC_ALL=C virsh -c {uri} …`. `NAME.txt` is standard output,
`NAME.stderr.txt` standard error where there was any. The path of the guests' files has become `{guests}`, the virtual
environment's `/venv`; nothing else is edited.

```
{version}```

| file | command after `virsh -c {uri}` | exit status | what it shows |
| --- | --- | --- | --- |
"""


class Recorder:
    """Runs commands on a hypervisor and keeps what they print."""

    def __init__(self, hypervisor: Hypervisor, target: Path) -> None:
        """Write into the folder `target`, which loses what it held."""
        self._hypervisor = hypervisor
        self._target = target
        self._rows: list[str] = []
        target.mkdir(parents=True, exist_ok=True)
        for old in target.glob("*.txt"):
            old.unlink()

    def record(self, name: str, shows: str, *argv: str, prefix: Sequence[str] = ()) -> None:
        """Run `virsh ARGV` and keep its output as `name`; `prefix` is a command that changes who runs it."""
        line = [*prefix, "virsh", "-c", URI, *argv]
        try:
            done = self._hypervisor.node.exec(line, timeout=_HANG_SECONDS)
        except subprocess.TimeoutExpired as slow:
            status, out, err = f"none in {_HANG_SECONDS:g} s", _text(slow.output), _text(slow.stderr)
        else:
            status, out, err = str(done.returncode), done.stdout, done.stderr
        for suffix, text in (("", out), (".stderr", err)):
            if text or not suffix:
                (self._target / f"{name}{suffix}.txt").write_text(self._without_paths(text))
        by = f" by `{shlex.join(prefix)}`" if prefix else ""
        self._rows.append(f"| {name} | `{self._without_paths(shlex.join(argv))}`{by} | {status} | {shows} |")

    def write_readme(self, version: str) -> None:
        """Write the README of the captures."""
        head = _HEAD.format(uri=URI, guests=GUESTS, version=version.strip() + "\n")
        (self._target / "README.md").write_text(head + "\n".join(self._rows) + "\n" + _NOTES)

    def _without_paths(self, text: str) -> str:
        path = self._hypervisor.node.exec(["printenv", "PATH"]).stdout.partition(":")[0]
        return text.replace(str(self._hypervisor.files), GUESTS).replace(path, "/venv/bin")


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


_NOTES = """\

## What the captures cannot show (libvirt 9.0.0, seen in the lab)

- While a guest's hook script runs (`/etc/libvirt/hooks/qemu`, any phase), and while libvirtd waits for a QEMU to die,
  libvirtd holds that guest's lock. `domstats` (with and without `--nowait`), `list` and whatever names that guest get
  no answer until then, and print nothing before. `domstats --state OTHER` answers at once.
- A QEMU that is stopped (SIGSTOP) does not hinder `domstats --state`, `list`, `domstate`, `dumpxml`; its guest reads
  `running`. `domstats` without `--state` hangs, `shutdown` hangs, `destroy` takes 10 s and holds the lock as above,
  also when its client is killed.
- A killed client changes nothing: libvirtd goes on with `start` and `destroy`, and they take effect.
- libvirtd killed while a `prepare` or `start` hook runs: the guest is `shut off (unknown)` when it is back, and stays
  so. Killed during the `started` hook: the guest runs.
- A hook script that fails in the phase `reconnect`, when libvirtd starts, costs the running guest its life: it is
  `shut off (daemon)`.
- `shutdown` of a guest that is paused, pmsuspended or crashed fails with the words of one that is shut off,
  `domain is not running`; `start` of it says `Domain is already active`.
- The reason of `shut off` is forgotten when libvirtd restarts: it is 0 (unknown) then, saved guests too.
- `undefine` of a running guest leaves it running, without a definition: it is gone from libvirt when it stops.
- Of several commands in one virsh the exit status is the last one's; a failed one prints an empty line and its error.
- Two starts at once: one succeeds, the other fails with `Requested operation is not valid: domain is already running`.
- The state `in shutdown` was not to be seen in six shutdowns.
"""


def capture_states(hypervisor: Hypervisor, recorder: Recorder) -> None:
    """Guests in every state, asked for in every way."""
    for name in ("running", "paused", "resumed", "off-shutdown", "off-saved", "restored"):
        hypervisor.add(name)
    for name in ("mule", "off-destroyed", "off-crashed"):
        hypervisor.add(name, Kind.STUBBORN)
    hypervisor.add("pmsuspended", Kind.SLEEPER)
    hypervisor.add("crashed", Kind.PANICKED)
    hypervisor.add("never-started")
    hypervisor.add("off-failed")
    (hypervisor.files / "off-failed.img").unlink()
    (hypervisor.files / "second.img").write_bytes(bytes(1 << 20))
    disks = [Disk(hypervisor.files / "second.img", "vdb"), Disk(Path("/dev/loop7"), "vdc", is_block=True)]
    hypervisor.define("disks", hypervisor.domain_xml("disks", disks=disks))
    started = [
        "running", "paused", "resumed", "off-shutdown", "off-saved", "restored", "mule", "off-destroyed", "off-crashed",
        "pmsuspended", "crashed",
    ]  # fmt: skip
    for name in started:
        hypervisor.virsh("start", name, check=True)
        hypervisor.wait_booted(name)
    recorder.record("start-failed", "a start that fails: an image is missing", "start", "off-failed")
    for command, *names in (
        ("suspend", "paused", "resumed"),
        ("resume", "resumed"),
        ("managedsave", "off-saved", "restored"),
        ("start", "restored"),
        ("destroy", "off-destroyed"),
        ("shutdown", "off-shutdown"),
        ("autostart", "running", "never-started"),
    ):
        for name in names:
            hypervisor.virsh(command, name, check=True)
    hypervisor.signal_guest("off-crashed", "KILL")
    for name, state in (("off-shutdown", "shut off"), ("off-crashed", "shut off"), ("pmsuspended", "pmsuspended")):
        hypervisor.wait_state(name, state)
    hypervisor.wait_state("crashed", "crashed")
    recorder.record("domstats-state", "one guest in each state; all guests when none is named", "domstats", "--state")
    recorder.record("domstats-autostart", "states, then names with autostart: one process", _STATES_AND_AUTOSTART)
    recorder.record("domstats-quiet", "the same, quiet: no empty line between", "-q", _STATES_AND_AUTOSTART)
    recorder.record("domstats-block", "states and disks", "domstats", "--state", "--block", "running", "disks")
    recorder.record("list-all", "the table", "list", "--all")
    recorder.record("list-autostart", "names only", "list", "--all", "--autostart", "--name")
    for name in [*started, "never-started", "off-failed"]:
        recorder.record(f"domstate-{name}", "state and reason", "domstate", "--reason", name)


def capture_definitions(hypervisor: Hypervisor, recorder: Recorder) -> None:
    """Definitions, disks and facts of guests."""
    recorder.record("dumpxml-running", "what runs, with all that libvirt added", "dumpxml", "running")
    recorder.record("dumpxml-inactive", "what the next start would boot", "dumpxml", "--inactive", "running")
    recorder.record("dumpxml-disks", "file and block disks", "dumpxml", "--inactive", "disks")
    recorder.record("domblklist-details", "file and block disks", "domblklist", "--details", "disks")
    recorder.record("domblklist", "the same, short", "domblklist", "disks")
    recorder.record("dominfo-running", "facts", "dominfo", "running")
    recorder.record("dominfo-off", "facts", "dominfo", "never-started")
    recorder.record("capabilities", "what this host can run", "capabilities")
    xml = str(hypervisor.files / "running.xml")
    recorder.record("define", "defined anew while it runs", "define", xml)
    other = (hypervisor.files / "running.xml").read_text().replace("<name>running<", "<name>paused<")
    (hypervisor.files / "other.xml").write_text(other)
    recorder.record(
        "define-uuid-taken", "one guest's name, another's uuid", "define", str(hypervisor.files / "other.xml")
    )
    (hypervisor.files / "bad.xml").write_text("no definition\n")
    recorder.record("define-garbage", "a file that is no definition", "define", str(hypervisor.files / "bad.xml"))
    recorder.record("define-missing", "a file that is not there", "define", f"{GUESTS}/nosuch.xml")


def capture_refusals(hypervisor: Hypervisor, recorder: Recorder) -> None:
    """What virsh says when it cannot."""
    for command in ("domstate", "start", "shutdown", "destroy", "dumpxml", "domblklist", "undefine"):
        recorder.record(f"{command}-unknown", "a guest that is not defined", command, "nosuch")
    recorder.record("domstats-unknown", "one of two is not defined", "domstats", "--state", "running", "nosuch")
    recorder.record("several-one-fails", "a failure in the midst", f"domstate nosuch; {_STATES_AND_AUTOSTART}")
    for name in ("running", "paused", "pmsuspended", "crashed"):
        recorder.record(f"start-{name}", f"a guest that is {name}", "start", name)
    for name in ("never-started", "paused", "pmsuspended", "crashed"):
        recorder.record(f"shutdown-{name}", f"a guest that is {name}", "shutdown", name)
    recorder.record("destroy-off", "a guest that is off", "destroy", "never-started")
    recorder.record("shutdown-no-agent", "a guest without agent", "shutdown", "running", "--mode", "agent")
    recorder.record("unknown-option", "an option that virsh does not know", "domstats", "--bogus")
    hypervisor.set_hook('#!/bin/sh\n[ "$2" != prepare ] || exit 3\n')
    recorder.record("start-hook-refuses", "a hook script that says no", "start", "never-started")
    hypervisor.set_hook(None)


def capture_actions(hypervisor: Hypervisor, recorder: Recorder) -> None:
    """What virsh says when it can."""
    recorder.record("start", "a start", "start", "never-started")
    hypervisor.wait_booted("never-started")
    recorder.record("shutdown", "returns before the guest is down", "shutdown", "never-started")
    recorder.record("destroy", "a running guest", "destroy", "mule")
    recorder.record("undefine", "a guest that is off", "undefine", "mule")


def capture_hangs(hypervisor: Hypervisor, recorder: Recorder) -> None:
    """QEMU, a hook or libvirtd that answers no more, and a libvirtd that is not there."""
    hypervisor.signal_guest("running", "STOP")
    recorder.record("domstats-state-qemu-stopped", "QEMU of `running` is stopped by SIGSTOP", "domstats", "--state")
    recorder.record("domstats-qemu-stopped", "the same, all statistics", "domstats")
    recorder.record("shutdown-qemu-stopped", "the same", "shutdown", "running")
    hypervisor.clear()
    for name in ("slow", "other"):
        hypervisor.add(name)
    hypervisor.set_hook('#!/bin/sh\n[ "$1/$2" = slow/prepare ] && echo >"$0.begun" && sleep 600\nexit 0\n')
    with hypervisor.node.popen(["virsh", "-c", URI, "start", "slow"]) as start:
        hypervisor.node.exec(["timeout", "10", "sh", "-c", "until [ -e /etc/libvirt/hooks/qemu.begun ]; do :; done"])
        recorder.record("domstats-start-in-hook", "`slow` starts and its hook script sleeps", "domstats", "--state")
        recorder.record("domstats-nowait-start-in-hook", "the same", "domstats", "--state", "--nowait")
        recorder.record("domstats-other-start-in-hook", "the same", "domstats", "--state", "other")
        recorder.record("list-start-in-hook", "the same", "list", "--all")
        start.kill()
    hypervisor.node.exec(["rm", "-f", "/etc/libvirt/hooks/qemu.begun"])
    hypervisor.clear()
    recorder.record("domstats-no-guests", "no guest is defined", _STATES_AND_AUTOSTART)
    hypervisor.freeze()
    recorder.record("libvirtd-frozen", "libvirtd is stopped by SIGSTOP", "domstats", "--state")
    hypervisor.thaw()
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    recorder.record("no-permission", "a user who may not", "domstats", "--state", prefix=nobody)
    hypervisor.stop()
    recorder.record("libvirtd-stopped", "libvirtd was ended", "domstats", "--state")
    hypervisor.start()
    hypervisor.kill()
    recorder.record("libvirtd-killed", "libvirtd was killed and left its socket", "domstats", "--state")


def main() -> None:
    """Capture everything into `TARGET`."""
    with Lab.up(1) as lab:
        hypervisor = Hypervisor(lab.nodes[0], lab.shared, lab.public_key)
        hypervisor.start()
        recorder = Recorder(hypervisor, TARGET)
        version = hypervisor.virsh("version", check=True).stdout
        capture_states(hypervisor, recorder)
        capture_definitions(hypervisor, recorder)
        capture_refusals(hypervisor, recorder)
        capture_actions(hypervisor, recorder)
        capture_hangs(hypervisor, recorder)
        recorder.write_readme(version)


if __name__ == "__main__":
    main()
