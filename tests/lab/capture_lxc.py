"""Captures what LXC's tools really print, for the tests of parsers: `python -m tests.lab.capture_lxc`.

Run as root where the lab runs. Standard output, standard error and the logs of starts go to `tests/fixtures/lxc/`, with
a README that says how each was made. Nothing is edited.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.lab.lxc import PATH, Containers
from tests.lab.nodes import Lab
from tests.lab.specification import REPOSITORY

TARGET = REPOSITORY / "tests" / "fixtures" / "lxc"
LOG = "/run/start.log"
_LISTING = ("lxc-ls", "-P", PATH, "--fancy", "--fancy-format", "NAME,STATE,AUTOSTART")
_HEAD = """\
# What LXC's tools really print

Captured by `python -m tests.lab.capture_lxc` from LXC {version} (Debian 12, `LC_ALL=C`); capture anew rather than edit.
`NAME.txt` is standard output, `NAME.stderr.txt` standard error, `NAME.log.txt` the log of a start; each where there was
any.

| file | command | exit status | what it shows |
| --- | --- | --- | --- |
"""


class Recorder:
    """Runs commands on the node and keeps what they print."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers
        self._rows: list[str] = []
        TARGET.mkdir(parents=True, exist_ok=True)
        for old in TARGET.glob("*.txt"):
            old.unlink()

    def record(self, name: str, shows: str, *argv: str) -> None:
        """Run a command and keep its output as `name`."""
        done = self._containers.run(*argv)
        for suffix, text in ((".txt", done.stdout), (".stderr.txt", done.stderr)):
            if text:
                (TARGET / f"{name}{suffix}").write_text(text)
        self._rows.append(f"| {name} | `{shlex.join(argv)}` | {done.returncode} | {shows} |")

    def record_start(self, name: str, shows: str, more: str) -> None:
        """Start a container that cannot start, and keep the log too."""
        self._containers.define("c1", more=more)
        self._containers.node.exec(["rm", "-f", LOG])
        self.record(name, shows, "lxc-start", "-P", PATH, "-n", "c1", "-d", "-o", LOG, "-l", "ERROR")
        if log := self._containers.node.exec(["cat", LOG]).stdout:
            (TARGET / f"{name}.log.txt").write_text(log)

    def write_readme(self, version: str) -> None:
        """Say how each file was made."""
        text = _HEAD.format(version=version) + "\n".join(self._rows) + "\n"
        Path(TARGET / "README.md").write_text(text)


def capture(containers: Containers) -> None:
    """Bring containers to every state that can be had here, and record what is said of them."""
    recorder = Recorder(containers)

    def info(name: str, shows: str, container: str) -> None:
        recorder.record(name, shows, "lxc-info", "-P", PATH, "-n", container, "-s", "-c", "lxc.start.auto")

    recorder.record("ls-none", "no container at all", *_LISTING)
    for name, more in (("c1", ""), ("frozen", ""), ("off", ""), ("auto", "lxc.start.auto = 1\n")):
        containers.define(name, more=more)
    containers.node.write(f"{PATH}/a b/config", containers.node.read(f"{PATH}/off/config"))
    for name in ("c1", "frozen"):
        containers.run("lxc-start", "-n", name, "-d")
        containers.wait_booted(name)
    containers.run("lxc-freeze", "-n", "frozen")
    recorder.record("ls", "every state that lasts, autostart, a name with a blank", *_LISTING)
    info("info-running", "one that runs", "c1")
    info("info-frozen", "one that is frozen", "frozen")
    info("info-stopped", "one that does not run", "off")
    info("info-auto", "one that is autostarted", "auto")
    info("info-unknown", "no such container", "nosuch")
    recorder.record("start-running", "a start of one that runs", "lxc-start", "-P", PATH, "-n", "c1", "-d")
    recorder.record("start-unknown", "a start of none", "lxc-start", "-P", PATH, "-n", "nosuch", "-d")
    recorder.record("stop-timeout", "a frozen one hears no stop", "lxc-stop", "-n", "frozen", "--nokill", "-t", "1")
    recorder.record("stop-stopped", "a stop of one that does not run", "lxc-stop", "-P", PATH, "-n", "off", "--nokill")
    recorder.record("kill-unknown", "a kill of none", "lxc-stop", "-P", PATH, "-n", "nosuch", "-k")
    recorder.record("attach-stopped", "a command in one that does not run", "lxc-attach", "-n", "off", "--", "true")
    recorder.record("attach-absent", "no such command in it", "lxc-attach", "-n", "c1", "--", "nosuch")
    config = f"{PATH}/c1/config"
    text = containers.node.read(config)
    containers.node.write(config, f"{text}lxc.bogus = 1\n")
    recorder.record("ls-bad", "one that runs and has a bad line in its configuration since", *_LISTING)
    info("info-bad", "the same", "c1")
    recorder.record("stop-bad", "the same", "lxc-stop", "-P", PATH, "-n", "c1", "-k")
    containers.node.write(config, text)
    containers.run("lxc-stop", "-n", "c1", "-k")
    recorder.record_start("start-bad", "a bad line", "lxc.bogus = 1\n")
    recorder.record_start("start-rootfs", "no root file system", "lxc.rootfs.path = dir:/nonexist\n")
    recorder.record_start("start-init", "no first process", "lxc.init.cmd = /no/init\n")
    recorder.record_start("start-bridge", "no bridge", "lxc.net.0.type = veth\nlxc.net.0.link = nobr0\n")
    recorder.record_start("start-hook", "a hook that fails", "lxc.hook.pre-start = /bin/false\n")
    recorder.write_readme(containers.run("lxc-ls", "--version").stdout.strip())


if __name__ == "__main__":
    with Lab.up(1) as lab:
        captured = Containers(lab.nodes[0])
        try:
            capture(captured)
        finally:
            captured.clear()
