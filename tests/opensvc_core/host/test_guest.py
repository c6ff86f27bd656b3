"""Commands in a guest, with a simulated ssh that runs them here, and what its real failures become."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.errors import ActionError, CommandFailed, CommandNotFound, CommandTimeout
from opensvc_core.host import Command
from opensvc_core.host.guest import WRAPPER, SshGuest, read_answer
from opensvc_core.host.processes import find_by_marker
from tests.opensvc_core.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.context import Context

pytestmark = pytest.mark.simulated


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def guest(world: World, action: str = "status") -> Context:
    return world.context(action).guest(world.resources[0])


def test_words_arrive_as_they_are(world: World) -> None:
    words = ("a b", "'", '"', "$HOME", "*", "`id`", ";", "", "-n", "é")
    assert guest(world).query("printf", "%s|", *words).stdout == "|".join(words) + "|"


def test_gives_back_status_and_both_streams(world: World) -> None:
    result = guest(world).query("sh", "-c", "echo out; echo err >&2; exit 3", check=False)
    assert (result.rc, result.stdout, result.stderr) == (3, "out\n", "err\n")


def test_input_and_variables_arrive(world: World) -> None:
    result = guest(world).query("sh", "-c", "cat; echo $MINE $LC_ALL", input=b"in ", env={"MINE": "a b"})
    assert result.stdout == "in a b C\n"


def test_what_profiles_and_banners_print_is_left_out(world: World) -> None:
    world.ssh_fails("echo 'You have mail'; echo 'Authorized use only' >&2")
    result = guest(world).query("echo", "hello")
    assert (result.stdout, result.stderr) == ("hello\n", "")


def test_a_failing_command_names_the_guest(world: World) -> None:
    with pytest.raises(CommandFailed, match="on vm188 ended with status 1"):
        guest(world).query("false")


def test_a_status_of_255_is_the_commands_own(world: World) -> None:
    assert guest(world).query("sh", "-c", "exit 255", check=False).rc == 255


def test_a_missing_command_is_told_from_a_missing_guest(world: World) -> None:
    with pytest.raises(CommandNotFound, match=r"`nosuchprogram` is not installed in the guest vm188"):
        guest(world).query("nosuchprogram")


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("echo 'ssh: connect to host vm188 port 22: Connection refused' >&2; exit 255", "guest_unreachable", "refused"),
        ("echo 'root@vm188: Permission denied (publickey).' >&2; exit 255", "guest_refused", "lets this node not in"),
        ("echo 'Host key verification failed.' >&2; exit 255", "guest_host_key", "another host key"),
        ("echo 'This account is currently not available.'; exit 1", "guest_shell", "not available"),
        ("exit 255", "guest_unreachable", "said nothing"),
    ],
)
def test_a_guest_that_runs_nothing_says_why(world: World, script: str, code: str, words: str) -> None:
    world.ssh_fails(script)
    with pytest.raises(ActionError, match=words) as caught:
        guest(world).query("true")
    assert caught.value.code == code
    assert caught.value.hint


def test_a_changed_host_key_says_how_to_forget_the_old_one(world: World) -> None:
    world.ssh_fails("echo 'Host key verification failed.' >&2; exit 255")
    with pytest.raises(ActionError) as caught:
        guest(world).query("true")
    assert f"ssh-keygen -R vm188 -f {world.folder}/var/known_hosts/vm188" in caught.value.hint


def test_no_ssh_on_this_node_is_no_missing_command_of_the_guest(world: World) -> None:
    (world.folder / "ssh").write_text("#!/no/such/interpreter\n")
    with pytest.raises(ActionError) as caught:
        guest(world).query("true")
    assert caught.value.code == "guest_unreachable"


def test_an_ssh_that_hangs_is_given_up_before_the_command_began(world: World) -> None:
    world.ssh_fails("exec sleep 100")
    with pytest.raises(ActionError, match="was not begun") as caught:
        guest(world).query("true", timeout=0.3)
    assert caught.value.code == "guest_unreachable"


LOSES = """#!/bin/sh
# simulated ssh whose connection breaks while the command runs
for last do :; done
word=$(echo "$last" | grep -o 'osvc-[0-9a-f]*')
echo "$word begin"; echo "$word begin" >&2
echo partly; echo 'Connection to vm188 closed by remote host.' >&2; exit 255
"""


def test_a_connection_lost_while_something_changes_leaves_the_effect_unknown(world: World) -> None:
    world.simulate("ssh", LOSES)
    context = guest(world, "start")
    with pytest.raises(CommandTimeout, match="not known") as caught:
        context.run("mkfs")
    assert caught.value.stdout == "partly\n"
    assert "mkfs" in context.lost_changes


@pytest.mark.parametrize(
    ("said", "is_known"),
    [
        ("Connection to vm188 closed by remote host.", False),
        ("client_loop: send disconnect: Broken pipe", False),
        ("kex_exchange_identification: Connection closed by remote host", True),
        ("ssh: connect to host vm188 port 22: Connection refused", True),
    ],
)
def test_a_change_whose_begin_was_not_seen_may_have_been_made(world: World, said: str, is_known: bool) -> None:
    world.ssh_fails(f"echo '{said}' >&2; exit 255")
    with pytest.raises(ActionError) as caught:
        guest(world, "start").run("touch", "/tmp/x")
    assert isinstance(caught.value, CommandTimeout) is not is_known
    with pytest.raises(ActionError) as caught:
        guest(world).query("ls")
    assert not isinstance(caught.value, CommandTimeout)


def test_a_connection_lost_while_reading_is_no_answer(world: World) -> None:
    world.simulate("ssh", LOSES)
    with pytest.raises(ActionError, match=r"closed by remote host") as caught:
        guest(world).query("cat", "/etc/motd")
    assert caught.value.code == "guest_lost"


def test_what_hangs_is_ended_in_the_guest_with_its_children(world: World) -> None:
    marker = {"OSVC_TEST_MARK": str(world.folder)}
    with pytest.raises(CommandTimeout, match="was ended there") as caught:
        guest(world).query("sh", "-c", "echo so far; sleep 100 & sleep 100", timeout=3, env=marker)
    assert caught.value.stdout == "so far\n"
    assert find_by_marker("OSVC_TEST_MARK", str(world.folder)) == []


def test_a_guest_without_timeout_is_given_up_and_that_is_said(world: World) -> None:
    world.simulate("timeout", "#!/bin/sh\nexit 1\n")
    run = f'PATH={world.folder}:$PATH sh -c "$last"'
    world.simulate("ssh", f"#!/bin/sh\n# simulated ssh to a guest without timeout\nfor last do :; done\n{run}\n")
    with pytest.raises(CommandTimeout, match="may still run there"):
        guest(world).query("sleep", "100", timeout=0.5)
    assert guest(world).query("echo", "hello").stdout == "hello\n"


def test_a_daemon_does_not_keep_the_connection(world: World) -> None:
    context = guest(world, "start")
    result = context.run("sh", "-c", "sleep 100 & echo $!; echo err >&2", leaves_daemons=True, timeout=20)
    pid, error = result.stdout.split()
    assert error == "err"
    assert world.context().query("kill", pid).rc == 0


def test_the_host_key_is_pinned_in_a_closed_folder(world: World) -> None:
    (world.folder / "var/known_hosts").mkdir(parents=True, mode=0o755)
    guest(world).query("true")
    assert (world.folder / "var/known_hosts").stat().st_mode & 0o777 == 0o700
    argv = (world.folder / "ssh.argv").read_text().splitlines()
    assert f"UserKnownHostsFile={world.folder}/var/known_hosts/vm188" in argv
    assert "StrictHostKeyChecking=accept-new" in argv
    assert "root@vm188" in argv
    assert argv[argv.index("--") - 1] == "root@vm188"


def test_a_dry_run_asks_and_changes_nothing(world: World) -> None:
    from opensvc_core.recording import Recording

    recording = Recording()
    context = world.context("start", recording).guest(world.resources[0])
    assert context.query("echo", "hello").stdout == "hello\n"
    assert not context.run("touch", str(world.folder / "made")).is_made
    assert not (world.folder / "made").exists()
    assert [str(line) for line in recording.commands] == [f"touch {world.folder}/made"]


def test_ssh_is_journalled_as_a_command_of_this_node(world: World) -> None:
    class Log:
        def __init__(self) -> None:
            self.begun: list[tuple[str, Command]] = []

        def begin(self, host: str, command: Command) -> str:
            self.begun.append((host, command))
            return "id1"

        def spawned(self, command_id: str, process: object) -> None: ...

        def end(self, command_id: str, result: object, error: str) -> None: ...

    log = Log()
    context = world.context("start")
    context.command_log = log
    context.guest(world.resources[0]).run("true")
    assert [(host, command.argv[0], command.changes) for host, command in log.begun] == [("node1", "ssh", True)]


def test_the_wrapper_suits_a_csh() -> None:
    assert "\n" not in WRAPPER
    assert "!" not in WRAPPER


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1, max_size=4))
def test_the_remote_command_is_one_word_that_a_shell_takes_apart(words: list[str]) -> None:
    argv = SshGuest(None, "vm188", None).argv(Command(tuple(words)), "osvc-1")  # type: ignore[arg-type]
    assert argv[-2] == "--"
    assert shlex.split(argv[-1])[-len(words) :] == words


@given(st.text(), st.text())
def test_any_output_is_read(stdout: str, stderr: str) -> None:
    answer = read_answer("osvc-1", stdout, stderr)
    assert answer.is_begun == ("osvc-1 begin\n" in stderr)
    assert answer.stderr in stderr


@given(st.text(), st.text(), st.integers(0, 255), st.sampled_from(["timed", "untimed"]))
def test_the_commands_own_output_is_found(stdout: str, stderr: str, rc: int, kind: str) -> None:
    begin = "osvc-1 begin\n"
    answer = read_answer("osvc-1", f"noise\n{begin}{stdout}", f"noise\n{begin}{stderr}osvc-1 end {rc} {kind}\n")
    assert (answer.rc, answer.kind, answer.stdout, answer.stderr) == (rc, kind, stdout, stderr)
