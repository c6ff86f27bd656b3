"""The forced command of guests, run by real shells: all that the agent does in a guest goes through, nothing else."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from opensvc_core.builtin.ip_guest import LIST_ADDRESSES
from opensvc_core.host import Command
from opensvc_core.host.guest import WRAPPER, SshGuest, read_answer
from opensvc_core.host.guest_gate import gate_script
from tests.opensvc_core.world import World

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
MARK = "osvc-0123abcd"


def _launchers(folder: Path) -> Path:
    scripts = folder / "init.d"
    scripts.mkdir()
    (scripts / "S10web").write_text('#!/bin/sh\necho "$0 $1 $OPENSVC_SVCNAME"\n')
    (scripts / "S10web").chmod(0o755)
    (scripts / "evil").write_text("#!/bin/sh\necho evil\n")
    (scripts / "evil").chmod(0o755)
    return scripts


def _through(gate: str, shell: str, command: str) -> subprocess.CompletedProcess[str]:
    """What sshd does with a forced command."""
    words = [shell, "sh"] if shell == "busybox" else [shell]
    return subprocess.run(
        [*words, "-c", gate],
        env={"SSH_ORIGINAL_COMMAND": command, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SSH_CLIENT": "10.0.0.1 1 22"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _sent(folder: Path, *argv: str, **options: object) -> str:
    """What the agent sends to a guest for a command."""
    guest = SshGuest(World(folder).context(), "vm188", folder / "known_hosts")
    return guest.argv(Command(argv, **options), MARK)[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_agent_does_in_a_guest_goes_through(shell: str, tmp_path: Path) -> None:
    scripts = _launchers(tmp_path)
    gate = gate_script(str(scripts))
    find = ("find", f"{scripts}/.", "!", "-name", ".", "-prune", "-name", "[SKC]*")
    env = {"OPENSVC_SVCNAME": "vm188"}
    wanted = {
        ("pwd",): str(Path.cwd()),
        find: f"{scripts}/./S10web",
        ("sh", "-c", LIST_ADDRESSES, "sh", ""): "127.0.0.1",
        ("sh", "-c", LIST_ADDRESSES, "sh", "eth0:1"): "127.0.0.1",
        (f"{scripts}/S10web", "start"): f"{scripts}/S10web start vm188",
        (f"{scripts}/S10web", "status"): f"{scripts}/S10web status vm188",
        (f"{scripts}/S10web", "stop"): f"{scripts}/S10web stop vm188",
    }
    for argv, said in wanted.items():
        is_script = argv[0].startswith("/")
        options = {"env": env, "leaves_daemons": argv[-1] == "start"} if is_script else {}
        done = _through(gate, shell, _sent(tmp_path, *argv, **options))
        answer = read_answer(MARK, done.stdout, done.stderr)
        assert answer.rc == 0, done.stderr
        assert said in answer.stdout


def _forbidden(scripts: str) -> list[str]:
    good = shlex.join(["env", "LC_ALL=C", "sh", "-c", WRAPPER, "sh", MARK, "5", "no"])
    start = f"{good} {scripts}/S10web start"
    return [
        "",
        "sh",
        "pwd",
        "id; pwd",
        "scp -t /etc/passwd",
        "internal-sftp",
        "rsync --server . /",
        good,
        f"{good} id",
        f"{good} pwd; id",
        f"{good} pwd ",
        f"{good} pwd\nid",
        f"{good} sh -c id",
        f"{good} sh -c 'id' sh eth0",
        f"{good} sh -c '{LIST_ADDRESSES}; id' sh eth0",
        f"{good} sh -c '{LIST_ADDRESSES}' sh 'a;id'",
        f"{good} sh -c '{LIST_ADDRESSES}' sh a b",
        f"{good} sh -c '{LIST_ADDRESSES}' sh -x",
        f"{good} find / -name x",
        f"{good} find {scripts}/. '!' -name . -prune -name '[SKC]*' -delete",
        f"{good} {scripts}/evil start",
        f"{good} {scripts}/../S10web start",
        f"{good} {scripts}/S10web/../evil start",
        f"{good} {scripts}/S10web reboot",
        f"{good} {scripts}/S10web start stop",
        f"{good} {scripts}/S10web;id start",
        f"{good} {scripts}/S10web\nid start",
        f"{good} '{scripts}/S10web' start",
        f"{start}; id",
        f"{start} && id",
        f"{start}\n",
        start.replace("LC_ALL=C", "LC_ALL=C LD_PRELOAD=/x"),
        start.replace("LC_ALL=C", "LC_ALL=C OPENSVC_SVCNAME=$(id)"),
        start.replace("LC_ALL=C", "LC_ALL=C OPENSVC_SVCNAME="),
        start.replace("LC_ALL=C", "LC_ALL=C 'OPENSVC_SVCNAME=a b'"),
        start.replace("exit $r", "id; exit $r"),
        start.replace(" 5 no ", " 5;id no "),
        start.replace(" 5 no ", " 999999 no "),
        start.replace(" 5 no ", " -1 no "),
        start.replace(" 5 no ", " 5 $(id) "),
        start.replace(MARK, "osvc-`id`"),
        start.replace(MARK, "-x"),
        start.replace(MARK, "osvc-*"),
        f" {start}",
        f"{start}".replace("env ", "env -i "),
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_everything_else_is_refused_and_runs_nothing(shell: str, tmp_path: Path) -> None:
    scripts = _launchers(tmp_path)
    gate = gate_script(str(scripts))
    for command in _forbidden(str(scripts)):
        done = _through(gate, shell, command)
        assert (done.returncode, done.stdout) == (126, ""), command
        assert "refused" in done.stderr


@pytest.mark.parametrize("folder", ["relative", "/a b", "/a'b", "/a/../b", "/", "/a\n", "/$x"])
def test_a_folder_that_a_shell_would_read_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        gate_script(folder)
