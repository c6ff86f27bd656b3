"""Commands in a guest by ssh, run through the context of this node: its journal, limits and dry run hold there too."""

from __future__ import annotations

import secrets
import shlex
import time
from typing import TYPE_CHECKING

from attrs import define, frozen

from opensvc_core.errors import ActionError, CommandNotFound, CommandTimeout
from opensvc_core.host import Command, CommandResult
from opensvc_core.state_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from opensvc_core.clock import Cancel
    from opensvc_core.context import Context
    from opensvc_core.host import Spawned

CONNECT_LIMIT = 5.0
"""Seconds until a guest that does not answer counts as out of reach."""
ALIVE_INTERVAL = 5
"""Seconds between two signs of life that ssh asks the guest for; three in a row without an answer end the session."""
MARGIN = 2.0
"""Seconds by which the limit in the guest is below ours, so that it is the guest that ends the command."""
CONFIRMED_STATUSES = (124, 137)
"""What ``timeout`` of coreutils and busybox ends with when it ended the command: by SIGTERM, by SIGKILL."""
SSH_FAILED = 255
"""What ssh ends with when it, not the command, failed; a command may end so too."""
BEFORE_LOGIN = ("kex_exchange_identification", "banner exchange", "Connection refused", "Permission denied")
"""Words of ssh for a connection that broke before anything could be run."""
AFTER_LOGIN = ("closed by remote host", "Connection reset", "Broken pipe", "not responding")
"""Words of ssh for a connection that broke and may have run something."""

# One line without `!` or a line break, as the guest's login shell may be a csh, which reads them even in quotes.
# $1 word of this call, $2 seconds, $3 whether it leaves daemons; then the command. Both streams begin with the word,
# so what profiles and banners print before it can be told from the command's own; the end tells a command that ended
# with 255 from a lost connection. ssh leaves the command running when the connection goes, so `timeout` ends it there.
WRAPPER = (
    "PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; export PATH; w=$1; t=$2; d=$3; shift 3; "
    'echo "$w begin"; echo "$w begin" >&2; '
    'case $1 in */*) test -x "$1";; *) command -v "$1" >/dev/null 2>&1;; esac '
    '|| { echo "$w end 127 absent" >&2; exit 127; }; k=untimed; '
    'if timeout -k 1 9 true >/dev/null 2>&1; then set -- timeout -k 2 "$t" "$@"; k=timed; fi; '
    'if [ "$d" = yes ] && f=$(umask 077; mktemp 2>/dev/null); then "$@" >"$f" 2>&1; r=$?; cat "$f"; rm -f "$f"; '
    'else "$@"; r=$?; fi; '
    'echo "$w end $r $k" >&2; exit $r'
)


@frozen
class GuestAnswer:
    """What came back from the wrapper in the guest.

    Attributes:
        is_begun: whether the guest began to run the command.
        rc: exit status of the command, None if its end was not seen.
        kind: ``timed``, ``untimed`` (the guest has no ``timeout``) or ``absent`` (it has no such command); or empty.
        stdout: of the command alone.
        stderr: of the command alone, or everything if it was not begun.
    """

    is_begun: bool
    rc: int | None
    kind: str
    stdout: str
    stderr: str


def read_answer(word: str, stdout: str, stderr: str) -> GuestAnswer:
    """Take the marks of the wrapper out of what ssh printed."""
    begin = f"{word} begin\n"
    _, begun, rest = stderr.partition(begin)
    if not begun:
        return GuestAnswer(is_begun=False, rc=None, kind="", stdout=stdout, stderr=stderr)
    said = stdout.partition(begin)[2]
    before, end, after = rest.rpartition(f"{word} end ")
    if not end:
        return GuestAnswer(is_begun=True, rc=None, kind="", stdout=said, stderr=rest)
    words = after.partition("\n")[0].split()
    is_whole = len(words) == 2 and words[0].isdecimal() and words[0].isascii()
    rc, kind = (int(words[0]), words[1]) if is_whole else (None, "")
    return GuestAnswer(is_begun=True, rc=rc, kind=kind, stdout=said, stderr=before)


@define
class SshGuest:
    """A guest reached by ssh as a place that runs commands.

    Attributes:
        context: of this node: runs ``ssh``.
        address: name or address of the guest.
        known_hosts: file that pins the guest's host key at its first use; its folder is made, closed to others.
        user: to log in as.
        connect_timeout: seconds until a guest that does not answer counts as out of reach.
        label: name for messages, the address if empty.
        options: further ``-o`` options, ``Port=2222``.
        clock: monotonic seconds, to tell a limit that was reached in the guest.
    """

    context: Context
    address: str
    known_hosts: Path
    user: str = "root"
    connect_timeout: float = CONNECT_LIMIT
    label: str = ""
    options: Sequence[str] = ()
    clock: Callable[[], float] = time.monotonic

    @property
    def name(self) -> str:
        """Name of the guest, for messages."""
        return self.label or self.address

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """Run a command in the guest, with ``LC_ALL=C``, the command's variables and its input.

        Args:
            command: what to run. Where the guest has ``timeout``, its process group is ended there at the limit.
            cancel: not looked at: the context's own token ends ssh.
            spawned: not told: the context journals ssh.

        Raises:
            ActionError: the guest cannot be reached (``guest_unreachable``), its host key is another one
                (``guest_host_key``), it lets nobody in (``guest_refused``), it runs no shell (``guest_shell``), or the
                connection was lost while a reading command ran (``guest_lost``).
            CommandNotFound: the guest has no such command.
            CommandTimeout: it was ended at its limit; or it changes something and the connection was lost meanwhile.
            Cancelled: the run was cancelled.
        """
        del cancel, spawned
        self._make_folder()
        word = f"osvc-{secrets.token_hex(4)}"
        began = self.clock()
        ask = self.context.run if command.changes else self.context.query
        try:
            result = ask(
                *self.argv(command, word),
                timeout=command.timeout,
                check=False,
                input=command.input,
                has_secrets=command.has_secrets,
            )
        except CommandNotFound as error:
            # Not to be taken for a command that the guest lacks.
            raise ActionError(error.message, code="guest_unreachable", hint=error.hint) from error
        except CommandTimeout as error:
            raise self._given_up(command, read_answer(word, error.stdout, error.stderr)) from error
        seconds = self.clock() - began
        answer = read_answer(word, result.stdout, result.stderr)
        if not answer.is_begun and not (command.changes and _may_have_begun(result)):
            raise self._not_begun(result)
        if answer.rc is None:
            raise self._lost(command, answer)
        if answer.kind == "absent":
            raise CommandNotFound(
                f"`{command.argv[0]}` is not installed in the guest {self.name}, or may not be executed",
                argv=command.argv,
                rc=answer.rc,
                hint="install it in the guest, or make it executable there",
            )
        if answer.kind == "timed" and answer.rc in CONFIRMED_STATUSES and seconds >= self._remote_limit(command):
            raise CommandTimeout(
                f"`{shlex.join(command.argv)}` in the guest {self.name} did not end within "
                f"{self._remote_limit(command)} s and was ended there",
                argv=command.argv,
                rc=answer.rc,
                stdout=answer.stdout,
                stderr=answer.stderr,
                hint="run it by hand in the guest to see what it waits for",
            )
        return CommandResult(command.argv, answer.rc, answer.stdout, answer.stderr, seconds)

    def argv(self, command: Command, word: str) -> tuple[str, ...]:
        """The ssh command that runs a command in the guest; ``word`` marks where its output begins and ends."""
        options = (
            "BatchMode=yes",
            "StrictHostKeyChecking=accept-new",
            f"UserKnownHostsFile={self.known_hosts}",
            # Plain, and without a port, so that the hint of a changed key finds it.
            "HashKnownHosts=no",
            f"HostKeyAlias={self.address}",
            f"ConnectTimeout={max(1, round(self.connect_timeout))}",
            "ConnectionAttempts=1",
            f"ServerAliveInterval={ALIVE_INTERVAL}",
            "ServerAliveCountMax=3",
            "LogLevel=ERROR",
            *self.options,
        )
        variables = [f"{name}={value}" for name, value in {"LC_ALL": "C", **command.env}.items()]
        limit = str(self._remote_limit(command))
        daemons = "yes" if command.leaves_daemons else "no"
        remote = shlex.join(["env", *variables, "sh", "-c", WRAPPER, "sh", word, limit, daemons, *command.argv])
        flags = ("-x", "-a", "-T") if command.input is not None else ("-n", "-x", "-a", "-T")
        given = tuple(part for option in options for part in ("-o", option))
        return ("ssh", *flags, *given, f"{self.user}@{self.address}", "--", remote)

    @staticmethod
    def _remote_limit(command: Command) -> int:
        return max(1, int(command.timeout - MARGIN))

    def _make_folder(self) -> None:
        folder = self.known_hosts.parent
        try:
            make_folder(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
        except OSError as error:
            raise ActionError(
                f"the host key of the guest {self.name} cannot be kept in {folder}: {error.strerror}",
                code="guest_host_key",
                hint="run as the user that owns the folder, or mend its rights",
            ) from error

    def _not_begun(self, result: CommandResult) -> ActionError:
        """Why ssh did not get as far as the command."""
        lines = [line.strip() for line in (result.stderr.strip() or result.stdout.strip()).splitlines() if line.strip()]
        said = lines[-1] if lines else f"ssh ended with status {result.rc} and said nothing"
        text = "\n".join(lines)
        at = f"the guest {self.name} ({self.user}@{self.address})"
        if "REMOTE HOST IDENTIFICATION HAS CHANGED" in text or "Host key verification failed" in text:
            forget = shlex.join(["ssh-keygen", "-R", self.address, "-f", str(self.known_hosts)])
            return ActionError(
                f"{at} shows another host key than the one pinned in {self.known_hosts}",
                code="guest_host_key",
                hint=f"if the guest was installed anew: {forget}; if not, something else has its address",
            )
        if "Permission denied" in text:
            return ActionError(
                f"{at} lets this node not in: {said}",
                code="guest_refused",
                hint=f"add the public key of this node's {self.user} to ~{self.user}/.ssh/authorized_keys in the guest",
            )
        if result.rc == SSH_FAILED:
            return ActionError(
                f"{at} cannot be reached by ssh: {said}",
                code="guest_unreachable",
                hint="is it booted, is its address right, does its sshd run?",
            )
        return ActionError(
            f"{at} did not run a shell: {said}",
            code="guest_shell",
            hint=f"the login of {self.user} must run `sh`; set shell = false for a guest that has none",
        )

    def _given_up(self, command: Command, answer: GuestAnswer) -> ActionError:
        """The error for ssh that was ended at our own limit."""
        line = f"`{shlex.join(command.argv)}`"
        if not answer.is_begun and not command.changes:
            return ActionError(
                f"the guest {self.name} ({self.user}@{self.address}) let ssh wait until the limit of "
                f"{command.timeout:.3g} s; {line} was not begun",
                code="guest_unreachable",
                hint="does the guest hang, or its sshd?",
            )
        return CommandTimeout(
            f"{line} in the guest {self.name} did not end within {command.timeout:.3g} s; the connection was closed, "
            "and without a `timeout` command in the guest it may still run there",
            argv=command.argv,
            stdout=answer.stdout,
            stderr=answer.stderr,
            hint="look at it in the guest: ps -ef",
        )

    def _lost(self, command: Command, answer: GuestAnswer) -> ActionError:
        """The error for a command whose end was not seen."""
        line = f"`{shlex.join(command.argv)}`"
        lines = answer.stderr.strip().splitlines()
        said = f": {lines[-1]}" if lines else ""
        text = f"the connection to the guest {self.name} was lost while {line} ran{said}"
        if command.changes:
            return CommandTimeout(
                f"{text}; whether it takes effect is not known",
                argv=command.argv,
                stdout=answer.stdout,
                stderr=answer.stderr,
            )
        return ActionError(text, code="guest_lost")


def _may_have_begun(result: CommandResult) -> bool:
    """Whether a connection that was up broke before the mark of the command's begin came through: it may run there."""
    if result.rc != SSH_FAILED:
        return False
    text = result.stderr
    if any(words in text for words in BEFORE_LOGIN):
        return False
    return any(words in text for words in AFTER_LOGIN)
