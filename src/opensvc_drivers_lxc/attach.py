"""Commands inside a container through ``lxc-attach``: no network, no sshd, no key (lxc-attach(1))."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Cancel,
    Command,
    CommandNotFound,
    CommandResult,
    CommandTimeout,
    Context,
    Spawned,
)
from opensvc_drivers_lxc.parse import said

MARGIN = 2.0
"""Seconds by which the limit in the container is below ours, so that it is there that the command is ended."""
ENDED = (124, 137)
"""What ``timeout`` of coreutils and busybox ends with when it ended the command: by SIGTERM, by SIGKILL."""

# $1 word of this call, $2 seconds, $3 whether it leaves daemons; then the command. The marks tell a container that
# cannot be entered (lxc-attach ends with 1) from a command that ends with 1. Ending lxc-attach leaves what it runs in
# the container, so `timeout` ends it there. A daemon that keeps the output open would keep lxc-attach waiting, so that
# of a launcher goes through a file.
WRAPPER = (
    "w=$1; t=$2; d=$3; shift 3; "
    'echo "$w begin" >&2; '
    'case $1 in */*) test -x "$1";; *) command -v "$1" >/dev/null 2>&1;; esac '
    '|| { echo "$w end 127 absent" >&2; exit 127; }; k=untimed; '
    'if timeout -k 1 9 true >/dev/null 2>&1; then set -- timeout -k 2 "$t" "$@"; k=timed; fi; '
    'if [ "$d" = yes ] && f=$(umask 077; mktemp 2>/dev/null); then "$@" >"$f" 2>&1; r=$?; cat "$f"; rm -f "$f"; '
    'else "$@"; r=$?; fi; '
    'echo "$w end $r $k" >&2; exit $r'
)
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@frozen
class AttachedGuest:
    """A running container as a place that runs commands.

    Attributes:
        context: of this node: runs ``lxc-attach``.
        lxcpath: the folder that LXC has the container in.
        name: of the container.
    """

    context: Context
    lxcpath: str
    name: str

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """Run a command in the container as its root, with ``LC_ALL=C``, the command's variables and its input.

        Args:
            command: what to run. Where the container has ``timeout``, its process group is ended there at the limit.
            cancel: not looked at: the context's own token ends lxc-attach.
            spawned: not told: the context journals lxc-attach.

        Raises:
            ActionError: the container cannot be entered (``guest_unreachable``), or its shell was ended while a
                reading command ran (``guest_lost``).
            CommandNotFound: the container has no such command.
            CommandTimeout: it was ended at its limit; or it changes something and its shell was ended.
            Cancelled: the run was cancelled.
        """
        del cancel, spawned
        word = f"osvc-{secrets.token_hex(4)}"
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
            # Not to be taken for a command that the container lacks.
            raise ActionError(error.message, code="guest_unreachable", hint=error.hint) from error
        except CommandTimeout as error:
            raise self._given_up(command, error, word) from error
        return self._read(command, result, word)

    def argv(self, command: Command, word: str) -> tuple[str, ...]:
        """The ``lxc-attach`` that runs a command; ``word`` marks where its errors begin and end."""
        variables = [f"{name}={value}" for name, value in {"LC_ALL": "C", **command.env}.items()]
        daemons = "yes" if command.leaves_daemons else "no"
        wrapped = ("sh", "-c", WRAPPER, "sh", word, str(_inner_limit(command)), daemons, *command.argv)
        attach = ("lxc-attach", "-P", self.lxcpath, "-n", self.name, "--clear-env")
        return (*attach, "--", "env", PATH, *variables, *wrapped)

    def _read(self, command: Command, result: CommandResult, word: str) -> CommandResult:
        before, begun, rest = result.stderr.partition(f"{word} begin\n")
        if not begun:
            text = said(before, result.stdout) or f"lxc-attach ended with status {result.rc} and said nothing"
            raise ActionError(
                f"the container {self.name} cannot be entered: {text}",
                code="guest_unreachable",
                hint=f"does it run, and has it a shell? lxc-info -P {self.lxcpath} -n {self.name}",
            )
        own, end, after = rest.rpartition(f"{word} end ")
        words = after.split()
        line = f"`{shlex.join(command.argv)}`"
        if not end or len(words) != 2 or not (words[0].isdecimal() and words[0].isascii()):
            text = f"the shell in the container {self.name} was ended while {line} ran"
            hint = "did the container stop meanwhile?"
            if command.changes:
                text = f"{text}: whether that takes effect is not known"
                raise CommandTimeout(text, argv=command.argv, stdout=result.stdout, stderr=own, hint=hint)
            raise ActionError(text, code="guest_lost", hint=hint)
        rc, kind = int(words[0]), words[1]
        if kind == "absent":
            raise CommandNotFound(
                f"`{command.argv[0]}` is not installed in the container {self.name}, or may not be executed",
                argv=command.argv,
                rc=rc,
                hint="install it in the container, or make it executable there",
            )
        if kind == "timed" and rc in ENDED and result.seconds >= _inner_limit(command):
            raise CommandTimeout(
                f"{line} in the container {self.name} did not end within {_inner_limit(command)} s and was ended there",
                argv=command.argv,
                rc=rc,
                stdout=result.stdout,
                stderr=own,
                hint="run it by hand in the container to see what it waits for",
            )
        return CommandResult(command.argv, rc, result.stdout, own, result.seconds)

    def _given_up(self, command: Command, error: CommandTimeout, word: str) -> ActionError:
        """The error for an ``lxc-attach`` that was ended at our own limit."""
        line = f"`{shlex.join(command.argv)}`"
        if f"{word} begin\n" not in error.stderr and not command.changes:
            return ActionError(
                f"the container {self.name} was not entered within {command.timeout:.3g} s; {line} was not begun",
                code="guest_unreachable",
                hint="is it frozen, or its monitor stuck?",
            )
        return CommandTimeout(
            f"{line} in the container {self.name} did not end within {command.timeout:.3g} s; it may still run there",
            argv=command.argv,
            stdout=error.stdout,
            stderr=error.stderr,
            hint=f"look at it: lxc-attach -P {self.lxcpath} -n {self.name} -- ps -ef",
        )


def _inner_limit(command: Command) -> int:
    return max(1, int(command.timeout - MARGIN))
