"""Commands inside a running zone through ``zlogin``: no network, no sshd, no key (zlogin(1), zlogin.c of illumos)."""

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

# zlogin joins its words with blanks and gives them to a shell of the zone. That shell, and the `sh` below, may be the
# Bourne shell of Solaris 10: no `$( )`, no `command -v`. $1 word of this call, $2 whether daemons may stay, then the
# command. The marks tell a zone that cannot be entered (zlogin ends with 1) from a command that ends with 1. A daemon
# that keeps the output open would keep zlogin waiting, so that of a launcher goes through a file.
WRAPPER = (
    "PATH=$PATH:/usr/sbin:/usr/bin:/sbin; export PATH; w=$1; d=$2; shift 2; "
    'echo "$w begin" >&2; '
    'case $1 in */*) test -x "$1";; *) type "$1" >/dev/null 2>&1;; esac '
    '|| { echo "$w end 127 absent" >&2; exit 127; }; '
    'f=; if [ "$d" = yes ]; then f=`umask 077; mktemp /tmp/osvc.XXXXXX 2>/dev/null`; fi; '
    'if [ -n "$f" ]; then "$@" >"$f" 2>&1 </dev/null; r=$?; cat "$f"; rm -f "$f"; else "$@"; r=$?; fi; '
    'echo "$w end $r ran" >&2; exit $r'
)


@frozen
class ZoneGuest:
    """A running zone as a place that runs commands.

    Attributes:
        context: of this node: runs ``zlogin``.
        name: of the zone.
    """

    context: Context
    name: str

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """Run a command in the zone, with ``LC_ALL=C``, the command's variables and its input.

        Args:
            command: what to run. Its process is one of this node too: it is ended with zlogin's at the limit.
            cancel: not looked at: the context's own token ends zlogin.
            spawned: not told: the context journals zlogin.

        Raises:
            ActionError: the zone cannot be entered (``guest_unreachable``), or its shell did not
                end (``guest_lost``).
            CommandNotFound: the zone has no such command.
            CommandTimeout: it was ended at its limit; or it changes something and its shell did not end.
            Cancelled: the run was cancelled.
        """
        del cancel, spawned
        word = f"osvc-{secrets.token_hex(4)}"
        argv, limit, secret = self.argv(command, word), command.timeout, command.has_secrets
        try:
            if command.changes:
                result = self.context.run(
                    *argv,
                    timeout=limit,
                    check=False,
                    input=command.input,
                    leaves_daemons=command.leaves_daemons,
                    has_secrets=secret,
                )
            else:
                result = self.context.query(*argv, timeout=limit, check=False, input=command.input, has_secrets=secret)
        except CommandNotFound as error:
            # Not to be taken for a command that the zone lacks.
            raise ActionError(error.message, code="guest_unreachable", hint=error.hint) from error
        return self._read(command, result, word)

    def argv(self, command: Command, word: str) -> tuple[str, ...]:
        """The ``zlogin`` command that runs a command in the zone; ``word`` marks where its errors begin and end."""
        variables = [f"{name}={value}" for name, value in {"LC_ALL": "C", **command.env}.items()]
        daemons = "yes" if command.leaves_daemons else "no"
        line = shlex.join(["env", *variables, "sh", "-c", WRAPPER, "sh", word, daemons, *command.argv])
        # -S: without login(1) and su(8), which a zone that is just booting, or damaged, may not have yet.
        return ("zlogin", "-S", self.name, line)

    def _read(self, command: Command, result: CommandResult, word: str) -> CommandResult:
        before, begun, rest = result.stderr.partition(f"{word} begin\n")
        if not begun:
            lines = [line.strip() for line in (before.strip() or result.stdout.strip()).splitlines() if line.strip()]
            text = lines[-1] if lines else f"zlogin ended with status {result.rc} and said nothing"
            raise ActionError(
                f"the zone {self.name} cannot be entered: {text}",
                code="guest_unreachable",
                hint=f"is it running? zoneadm -z {self.name} list -v",
            )
        own, end, after = rest.rpartition(f"{word} end ")
        words = after.split()
        if not end or len(words) != 2 or not words[0].isdecimal():
            text = f"the shell in the zone {self.name} was ended while `{shlex.join(command.argv)}` ran"
            hint = "did the zone go down meanwhile?"
            if command.changes:
                text = f"{text}: whether that takes effect is not known"
                raise CommandTimeout(text, argv=command.argv, stdout=result.stdout, stderr=own, hint=hint)
            raise ActionError(text, code="guest_lost", hint=hint)
        if words[1] == "absent":
            raise CommandNotFound(
                f"`{command.argv[0]}` is not installed in the zone {self.name}, or may not be executed",
                argv=command.argv,
                rc=127,
                hint="install it in the zone, or make it executable there",
            )
        return CommandResult(command.argv, int(words[0]), result.stdout, own, result.seconds)
