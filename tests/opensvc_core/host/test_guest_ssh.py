"""Commands in a guest by a real OpenSSH: the guest is this machine, behind an sshd of the test's own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import define

from opensvc_core.clock import Cancel
from opensvc_core.errors import ActionError, Cancelled, CommandTimeout
from opensvc_core.host.guest import SshGuest
from opensvc_core.host.local import LocalHost
from opensvc_core.host.processes import find_by_marker
from tests.opensvc_core.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensvc_core.context import Context

pytestmark = pytest.mark.lab

MARK = "OSVC_TEST_MARK"


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, timeout=20)


@define
class Sshd:
    """An sshd on a port of its own that lets in whoever has the test's key."""

    folder: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def options(self) -> tuple[str, ...]:
        return (f"Port={self.port}", f"IdentityFile={self.folder}/user", "IdentitiesOnly=yes")


def start_sshd(folder: Path, port: int) -> Sshd:
    Path("/run/sshd").mkdir(exist_ok=True)
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel INFO\n"
    )
    process = subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Server listening" in line:
            return Sshd(folder, port, process)
    raise AssertionError("sshd did not start")


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    make_key(tmp_path / "host")
    make_key(tmp_path / "user")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start_sshd(tmp_path, port)
    yield server
    server.process.kill()
    server.process.wait()
    assert server.process.stderr is not None
    server.process.stderr.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    (tmp_path / "ssh").unlink()
    return world


def guest(world: World, sshd: Sshd, action: str = "status") -> Context:
    context = world.context(action)
    known_hosts = context.known_hosts("vm188")
    return context.on(SshGuest(context, "127.0.0.1", known_hosts, label="vm188", options=sshd.options))


def marked(path: Path) -> dict[str, str]:
    return {MARK: str(path)}


def test_words_streams_status_and_input_arrive(world: World, sshd: Sshd) -> None:
    result = guest(world, sshd).query(
        "sh",
        "-c",
        'cat; echo "$1" "$MINE"; echo err >&2; exit 255',
        "sh",
        "a 'b' $c",
        input=b"in ",
        env={"MINE": "x y"},
        check=False,
    )
    assert (result.rc, result.stdout, result.stderr) == (255, "in a 'b' $c x y\n", "err\n")


def test_the_key_is_pinned_at_first_and_another_one_is_refused(world: World, sshd: Sshd) -> None:
    assert guest(world, sshd).query("true").rc == 0
    assert "127.0.0.1" in (world.folder / "var/known_hosts/vm188").read_text()
    (sshd.folder / "host").unlink()
    make_key(sshd.folder / "host")
    sshd.process.kill()
    sshd.process.wait()
    another = start_sshd(sshd.folder, sshd.port)
    try:
        with pytest.raises(ActionError, match="another host key") as caught:
            guest(world, sshd).query("true")
        assert caught.value.code == "guest_host_key"
        # What the hint says helps.
        forget = caught.value.hint.partition("anew: ")[2].partition(";")[0]
        subprocess.run(["sh", "-c", forget], check=True, timeout=20, capture_output=True)
        assert guest(world, sshd).query("true").rc == 0
    finally:
        another.process.kill()
        another.process.wait()
        assert another.process.stderr is not None
        another.process.stderr.close()


def test_nobody_is_let_in_without_the_key(world: World, sshd: Sshd) -> None:
    (sshd.folder / "user.pub").write_text("")
    with pytest.raises(ActionError) as caught:
        guest(world, sshd).query("true")
    assert caught.value.code == "guest_refused"


def test_a_guest_without_sshd_is_out_of_reach(world: World, sshd: Sshd) -> None:
    sshd.process.kill()
    sshd.process.wait()
    with pytest.raises(ActionError, match="refused") as caught:
        guest(world, sshd).query("true")
    assert caught.value.code == "guest_unreachable"


def test_what_hangs_is_ended_in_the_guest(world: World, sshd: Sshd) -> None:
    with pytest.raises(CommandTimeout, match="was ended there"):
        guest(world, sshd).query("sh", "-c", "sleep 100 & sleep 100", timeout=3, env=marked(world.folder))
    assert find_by_marker(MARK, str(world.folder)) == []


def session_of(pid: int) -> int:
    """The sshd process above a command of the guest."""
    while True:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
        if name.startswith("sshd"):
            return pid
        pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])


def test_a_lost_connection_is_told_from_a_failed_command(world: World, sshd: Sshd) -> None:
    fifo = world.folder / "begun"
    os.mkfifo(fifo)
    context = guest(world, sshd, "start")
    errors: list[Exception] = []

    def change() -> None:
        try:
            context.run("sh", "-c", f"echo $$ >{fifo}; sleep 100", env=marked(world.folder))
        except ActionError as error:
            errors.append(error)

    thread = threading.Thread(target=change)
    thread.start()
    pid = int(fifo.read_text())
    os.kill(session_of(pid), signal.SIGKILL)
    thread.join()
    assert isinstance(errors[0], CommandTimeout)
    assert "connection to the guest vm188 was lost" in str(errors[0])
    for left in find_by_marker(MARK, str(world.folder)):
        os.kill(left, signal.SIGKILL)


def test_a_cancelled_run_ends_ssh(world: World, sshd: Sshd) -> None:
    fifo = world.folder / "begun"
    os.mkfifo(fifo)
    context = guest(world, sshd, "start")

    def cancel() -> None:
        fifo.read_text()
        world.cancel.set("SIGINT")

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Cancelled):
        context.run("sh", "-c", f"echo >{fifo}; sleep 100", env=marked(world.folder))
    thread.join()
    for left in find_by_marker(MARK, str(world.folder)):
        os.kill(left, signal.SIGKILL)


def test_a_daemon_does_not_keep_the_connection(world: World, sshd: Sshd) -> None:
    started = "sleep 100 & echo $!"
    result = guest(world, sshd, "start").run("sh", "-c", started, leaves_daemons=True, timeout=20)
    os.kill(int(result.stdout), signal.SIGKILL)


def test_the_wrapper_runs_under_every_login_shell(world: World, sshd: Sshd) -> None:
    """What sshd hands to the login shell is given to each shell of this machine."""
    from opensvc_core.host import Command
    from opensvc_core.host.guest import read_answer

    words = ("printf", "%s|", "a b", "it's", "$HOME", "*")
    argv = SshGuest(world.context(), "127.0.0.1", world.folder).argv(Command(words), "osvc-1")
    shells = [
        shell for shell in ("/bin/dash", "/bin/bash", "/bin/busybox", "/bin/ksh", "/bin/csh") if Path(shell).exists()
    ]
    for shell in shells:
        applet = ("sh",) if shell.endswith("busybox") else ()
        result = LocalHost("here").execute(Command((shell, *applet, "-c", argv[-1])), Cancel())
        answer = read_answer("osvc-1", result.stdout, result.stderr)
        assert (answer.rc, answer.stdout) == (0, "a b|it's|$HOME|*|"), shell
