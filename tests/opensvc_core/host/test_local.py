"""LocalHost with real processes: limits, groups, bounded output, cancellation, and what cannot be started."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from opensvc_core.clock import Cancel
from opensvc_core.errors import ActionError, Cancelled, CommandError, CommandNotFound, CommandTimeout
from opensvc_core.host import Command, CommandResult, Spawned
from opensvc_core.host.local import DEFAULT_PATH, LocalHost, search_path
from opensvc_core.host.processes import group_members, is_running, process_state


@pytest.fixture
def host() -> LocalHost:
    return LocalHost("node1")


def run(host: LocalHost, *argv: str, **settings: object) -> CommandResult:
    return host.execute(Command(argv, **{"timeout": 20.0, **settings}), Cancel())  # type: ignore[arg-type]


class Witness:
    """Keeps what was spawned."""

    def __init__(self) -> None:
        self.seen: list[Spawned] = []

    def __call__(self, process: Spawned) -> None:
        self.seen.append(process)

    @property
    def pid(self) -> int:
        return self.seen[0].pid


def test_gives_back_status_and_both_streams(host: LocalHost) -> None:
    result = run(host, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (result.rc, result.stdout, result.stderr) == (3, "out\n", "err\n")
    assert result.is_made


def test_a_signal_is_a_negative_status(host: LocalHost) -> None:
    assert run(host, "sh", "-c", "kill -9 $$").rc == -signal.SIGKILL


def test_undecodable_bytes_are_replaced_and_not_lost(host: LocalHost) -> None:
    assert run(host, "printf", "a\\377b").stdout == "a\N{REPLACEMENT CHARACTER}b"


def test_environment_is_clean(host: LocalHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSVC_STRAY", "1")
    names = {line.partition("=")[0] for line in run(host, "env", env={"MINE": "yes"}).stdout.splitlines()}
    assert names == {"PATH", "HOME", "LC_ALL", "TERM", "MINE"}


def test_messages_are_untranslated_whatever_the_agent_speaks(host: LocalHost) -> None:
    assert "LC_ALL=C\n" in run(host, "env").stdout


def test_hpux_tools_get_their_terminfo() -> None:
    assert "TERMINFO=/usr/share/lib/terminfo\n" in run(LocalHost("node1", os_name="HP-UX"), "env").stdout


def test_has_no_input_unless_given(host: LocalHost) -> None:
    assert run(host, "cat").stdout == ""
    assert run(host, "cat", input=b"hello").stdout == "hello"


def test_large_input_and_output_do_not_block_each_other(host: LocalHost) -> None:
    data = b"0123456789abcdef" * 65536
    assert len(run(host, "cat", input=data).stdout) == len(data)


def test_a_command_may_leave_its_input_unread(host: LocalHost) -> None:
    assert run(host, "true", input=b"x" * 1_000_000).rc == 0


def test_leads_a_session_of_its_own_and_starts_in_the_root_folder(host: LocalHost) -> None:
    result = run(
        host, sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid() == os.getpgid(0), os.getcwd())"
    )
    assert result.stdout == "True /\n"


def test_inherits_no_descriptor(host: LocalHost, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        listed = run(host, "ls", "-l", "/proc/self/fd").stdout
    assert str(tmp_path) not in listed


def test_tells_pid_and_start_time_while_it_runs(host: LocalHost) -> None:
    alive: list[bool] = []
    host.execute(
        Command(("sleep", "0.1")), Cancel(), lambda process: alive.append(is_running(process.pid, process.start_time))
    )
    assert alive == [True]


def test_a_witness_that_fails_ends_the_command(host: LocalHost) -> None:
    seen = Witness()

    def refuse(process: Spawned) -> None:
        seen(process)
        raise ActionError("the journal is full")

    with pytest.raises(ActionError, match="journal is full"):
        host.execute(Command(("sleep", "100")), Cancel(), refuse)
    assert not group_members(seen.pid)


def test_limit_ends_the_whole_group_and_keeps_what_was_said(host: LocalHost) -> None:
    seen = Witness()
    command = Command(("sh", "-c", "echo so far; sleep 100 & sleep 100"), timeout=1.0)
    with pytest.raises(CommandTimeout, match=r"did not end within 1 s and was ended") as caught:
        host.execute(command, Cancel(), seen)
    assert caught.value.stdout == "so far\n"
    assert not group_members(seen.pid)


def test_limit_on_a_change_says_that_the_effect_is_not_known(host: LocalHost) -> None:
    with pytest.raises(CommandTimeout, match="whether it takes effect is not known"):
        run(host, "sleep", "100", timeout=0.1, changes=True)


def test_what_ignores_sigterm_is_killed(host: LocalHost) -> None:
    seen = Witness()
    command = Command(("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"), timeout=0.2, grace=0.2)
    with pytest.raises(CommandTimeout):
        host.execute(command, Cancel(), seen)
    assert process_state(seen.pid) is None


def test_a_child_that_ignores_sigterm_is_killed_after_its_parent_has_gone(host: LocalHost) -> None:
    seen = Witness()
    script = "sh -c \"trap '' TERM; while :; do sleep 0.05; done\" & exec sleep 100"
    with pytest.raises(CommandTimeout):
        host.execute(Command(("sh", "-c", script), timeout=0.3, grace=0.3), Cancel(), seen)
    assert not group_members(seen.pid)


def test_a_stopped_process_is_ended(host: LocalHost) -> None:
    seen = Witness()
    with pytest.raises(CommandTimeout):
        host.execute(Command(("sh", "-c", "kill -STOP $$"), timeout=0.2, grace=0.1), Cancel(), seen)
    assert process_state(seen.pid) is None


def test_what_cannot_be_killed_is_given_up_with_its_pid() -> None:
    sent: list[int] = []
    host = LocalHost("node1", signal_group=lambda _pid, number: sent.append(number))
    seen = Witness()
    with pytest.raises(CommandTimeout, match="cannot be killed") as caught:
        host.execute(Command(("sleep", "100"), timeout=0.1, grace=0.1), Cancel(), seen)
    try:
        assert sent == [signal.SIGTERM, signal.SIGKILL]
        assert f"process {seen.pid}" in caught.value.message
        assert "given up" in caught.value.message
        assert "was ended" not in caught.value.message
        assert str(seen.pid) in caught.value.hint
    finally:
        os.killpg(seen.pid, signal.SIGKILL)


def test_a_holder_of_the_pipe_does_not_keep_the_caller(host: LocalHost) -> None:
    result = run(host, "sh", "-c", "setsid sleep 30 & echo $!")
    os.kill(int(result.stdout), signal.SIGKILL)
    assert result.rc == 0


def test_a_limit_holds_when_an_escaped_process_holds_the_pipe(host: LocalHost) -> None:
    with pytest.raises(CommandTimeout) as caught:
        run(host, "sh", "-c", "setsid sleep 30 & echo $!; sleep 100", timeout=1.0, grace=0.2)
    os.kill(int(caught.value.stdout), signal.SIGKILL)


def test_a_daemon_survives_a_command_that_leaves_daemons(host: LocalHost, tmp_path: Path) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    # The daemon waits for the test, then writes to the output that it inherited: it must not die of a closed pipe.
    script = f"(read go < {fifo}; echo late; echo alive > {tmp_path / 'answer'}) & echo started; echo err >&2"
    result = run(host, "sh", "-c", script, leaves_daemons=True)
    assert (result.stdout, result.stderr) == ("started\n", "err\n")
    members = group_members(_group_of(fifo))
    fifo.write_text("go\n")
    assert members
    _await_file(tmp_path / "answer")


def _group_of(fifo: Path) -> int:
    """The process group of the shell that waits for the fifo: it has the path in its command line."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                line = Path(entry.path, "cmdline").read_bytes()
            except OSError:
                continue
            state = process_state(int(entry.name))
            if str(fifo).encode() in line and state is not None and state.group != os.getpgid(0):
                return state.group
    raise AssertionError("the daemon is not there")


def _await_file(path: Path) -> None:
    waiting = threading.Event()
    while not path.exists():
        waiting.wait(0.01)


def test_the_limit_of_a_command_that_leaves_daemons_ends_its_group(host: LocalHost) -> None:
    seen = Witness()
    command = Command(("sh", "-c", "echo said; sleep 100 & sleep 100"), timeout=1.0, leaves_daemons=True)
    with pytest.raises(CommandTimeout) as caught:
        host.execute(command, Cancel(), seen)
    assert caught.value.stdout == "said\n"
    assert not group_members(seen.pid)


@pytest.mark.parametrize("leaves_daemons", [False, True])
def test_a_chatty_command_is_kept_only_in_part(*, leaves_daemons: bool) -> None:
    host = LocalHost("node1", keep=1000)
    result = run(host, "sh", "-c", "head -c 500000 /dev/zero | tr '\\0' x", leaves_daemons=leaves_daemons)
    assert result.stdout.startswith("x" * 1000)
    assert result.stdout[1000:] == "\n[499000 more bytes were not kept]\n"


def test_cancel_ends_the_group(host: LocalHost) -> None:
    cancel = Cancel()
    seen = Witness()

    def cancel_it(process: Spawned) -> None:
        seen(process)
        cancel.set("SIGINT")

    with pytest.raises(Cancelled, match="SIGINT"):
        host.execute(Command(("sh", "-c", "sleep 100 & sleep 100")), cancel, cancel_it)
    assert not group_members(seen.pid)


def test_cancelled_before_it_starts_runs_nothing(host: LocalHost, tmp_path: Path) -> None:
    cancel = Cancel()
    cancel.set("SIGTERM")
    with pytest.raises(Cancelled):
        host.execute(Command(("touch", str(tmp_path / "file"))), cancel)
    assert not (tmp_path / "file").exists()


def test_many_threads_at_once(host: LocalHost) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        answers[number] = run(host, "sh", "-c", f"echo {number}; echo $MINE", env={"MINE": str(number)}).stdout

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"{number}\n{number}\n" for number in range(40)}


def test_missing_program_names_itself_and_where_it_was_looked_for(host: LocalHost) -> None:
    with pytest.raises(CommandNotFound, match="`nosuchprogram` is not installed on node1") as caught:
        run(host, "nosuchprogram")
    assert "/usr/sbin" in caught.value.hint


def test_a_name_is_never_taken_for_a_similar_one(tmp_path: Path) -> None:
    (tmp_path / "a-b").symlink_to("/bin/true")
    with pytest.raises(CommandNotFound):
        run(LocalHost("node1", str(tmp_path)), "a_b")


def test_looks_only_in_the_path_it_was_given(tmp_path: Path) -> None:
    script = tmp_path / "virsh"
    script.write_text("#!/bin/sh\necho simulated\n")
    script.chmod(0o755)
    assert run(LocalHost("node1", str(tmp_path)), "virsh").stdout == "simulated\n"


def test_a_program_that_is_installed_later_is_found(tmp_path: Path) -> None:
    host = LocalHost("node1", str(tmp_path))
    with pytest.raises(CommandNotFound):
        run(host, "late")
    (tmp_path / "late").symlink_to("/bin/true")
    assert run(host, "late").rc == 0


def test_what_cannot_be_executed_says_why(host: LocalHost, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    with pytest.raises(CommandNotFound, match="not executable"):
        run(host, str(plain))
    (tmp_path / "orphan").write_text("#!/no/such/interpreter\n")
    (tmp_path / "orphan").chmod(0o755)
    with pytest.raises(CommandNotFound, match="interpreter"):
        run(host, str(tmp_path / "orphan"))
    (tmp_path / "garbage").write_bytes(b"\x01\x02\x03")
    (tmp_path / "garbage").chmod(0o755)
    with pytest.raises(CommandNotFound, match="not a program"):
        run(host, str(tmp_path / "garbage"))
    with pytest.raises(CommandNotFound, match="no such file"):
        run(host, str(tmp_path / "absent"))
    with pytest.raises(CommandNotFound, match="not executable"):
        run(host, str(tmp_path))


@pytest.mark.parametrize("argv", [(), ("",), ("true", "nul\0byte"), ("true", "x" * 4_000_000)])
def test_what_no_system_can_start_is_an_error_and_no_crash(host: LocalHost, argv: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(host, *argv)


def test_refuses_to_run_where_exit_statuses_would_be_lost(host: LocalHost) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(ActionError, match="SIGCHLD"):
            run(host, "false")
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_no_descriptor_is_left_open(host: LocalHost) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    run(host, "true")
    before = count()
    run(host, "cat", input=b"x")
    run(host, "true", leaves_daemons=True)
    with pytest.raises(CommandTimeout):
        run(host, "sleep", "9", timeout=0.05)
    with pytest.raises(CommandNotFound):
        run(host, "/etc/passwd", leaves_daemons=True)
    assert count() == before


def test_search_path_adds_the_system_folders_once() -> None:
    assert (
        search_path("/opt/x/bin::relative:/usr/bin") == f"/opt/x/bin:/usr/bin:{DEFAULT_PATH.replace('/usr/bin:', '')}"
    )
