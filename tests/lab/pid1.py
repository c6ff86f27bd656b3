"""PID 1 of a lab node: makes the node's root, boots what the specification names, and lives until the lab lets go.

Runs as a script of its own, with the standard library only: `pid1.py SPECIFICATION.json CONTROL_FD`. It says `born` on
the control socket, waits for `wired` (its network cables are in), boots and says `ready`. When the other end of the
socket is closed (the test session ended, however it ended) it exits, and the kernel ends the node with it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SSHD_WAIT_SECONDS = 10.0


def main(specification: str, control_fd: int) -> None:
    """Boot the node that the JSON file `specification` describes, then wait for the end of the lab."""
    control = socket.socket(fileno=control_fd)
    control.send(b"born")
    if control.recv(16) != b"wired":
        return
    spec = json.loads(Path(specification).read_text())
    _mount(spec)
    _write_files(spec)
    _enter_root(Path(spec["root"]))
    socket.sethostname(spec["hostname"])
    for command in spec["commands"]:
        _run(*command)
    _start_sshd()
    control.send(b"ready")
    # From here on orphans are reaped by the kernel: PID 1 has nothing left to wait for but its lifeline.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            if not control.recv(16):
                return
        except ConnectionError:
            return


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, timeout=20)


def _mount(spec: dict[str, Any]) -> None:
    root = spec["root"]
    _run("mount", "-t", "overlay", "-o", f"lowerdir=/,upperdir={spec['upper']},workdir={spec['work']}", "lab", root)
    for kind, source, options, target in spec["mounts"]:
        where = root + target
        Path(where).mkdir(parents=True, exist_ok=True)
        if kind in {"bind", "rbind"}:
            _run("mount", f"--{kind}", source, where)
            if options:
                _run("mount", "-o", f"remount,bind,{options}", where)
        else:
            _run("mount", "-t", kind, *(["-o", options] if options else []), source, where)


def _write_files(spec: dict[str, Any]) -> None:
    for name, (text, mode) in spec["files"].items():
        path = Path(spec["root"] + name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    for source, target in spec["file_binds"]:
        _run("mount", "--bind", spec["root"] + source, spec["root"] + target)


def _enter_root(root: Path) -> None:
    old = root / ".old"
    old.mkdir(exist_ok=True)
    _run("pivot_root", str(root), str(old))
    os.chdir("/")
    _run("umount", "-l", "/.old")


def _start_sshd() -> None:
    _run("/usr/sbin/sshd", "-f", "/etc/ssh/lab_sshd")
    # sshd writes its pid file once it listens, and has no other way to tell.
    deadline = time.monotonic() + SSHD_WAIT_SECONDS
    while not Path("/run/sshd.pid").exists():
        if time.monotonic() > deadline:
            raise TimeoutError("sshd of the node does not come up")
        time.sleep(0.002)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
