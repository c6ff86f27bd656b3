"""Commands inside a guest through the QEMU guest agent: no network, no sshd (QEMU guest agent protocol reference)."""

from __future__ import annotations

import base64
import binascii
import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Cancel,
    Cancelled,
    Command,
    CommandNotFound,
    CommandResult,
    CommandTimeout,
    Context,
    Deadline,
    Spawned,
)

ANSWER_LIMIT = 10
"""Seconds that the agent has for one answer; whole, as ``virsh --timeout`` takes no other."""
FIRST_PAUSE = 0.03
SLOWEST_PAUSE = 1.0
# The agent waits until nobody holds the output any more: what a daemon inherits must be a file, not the agent's pipe.
OUTPUT_IN_FILE = 'f=$(umask 077; mktemp) || exec "$@"; "$@" >"$f" 2>&1; r=$?; cat "$f"; rm -f "$f"; exit $r'
NOT_STARTED = "Failed to execute child process"
"""What the agent says of a program that is not there (GLib's words)."""
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class AgentError(ActionError):
    """The guest agent does not answer, or not as it should."""

    code = "guest_agent"


@frozen
class GuestAgent:
    """A host whose commands run in a guest, through ``virsh qemu-agent-command``.

    Attributes:
        uri: of the libvirt that runs the guest.
        domain: name of the guest in libvirt.
        context: what runs virsh.
    """

    uri: str
    domain: str
    context: Context

    @property
    def name(self) -> str:
        """Name of the guest."""
        return self.domain

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """Run a command in the guest to its end; ended there, as far as the agent can, at its limit.

        Raises:
            CommandNotFound: the agent cannot start it.
            CommandTimeout: its limit was over.
            Cancelled: the token was set.
            AgentError: the agent does not answer.
        """
        del spawned  # the process is the guest's, not this node's
        clock = self.context.clock
        began = clock.monotonic()
        limit = Deadline.after(command.timeout, clock, shlex.join(command.argv))
        pid = self._begin(command)
        pause = FIRST_PAUSE
        while True:
            answer = self._ask("guest-exec-status", {"pid": pid}, has_secrets=command.has_secrets)
            if answer.get("exited"):
                result = _result(command, answer, clock.monotonic() - began)
                if result.rc in {126, 127} and result.stderr.startswith("setsid: "):
                    raise self._not_found(command, result.stderr.strip())
                return result
            if limit.is_over or clock.wait(cancel.event, min(pause, limit.remaining())):
                self._end(pid)
                self._raise_ended(command, cancel)
            pause = min(pause * 1.5, SLOWEST_PAUSE)

    def _begin(self, command: Command) -> int:
        """Start the command in a session of its own, so that its children can be ended with it; its process id."""
        argv = command.argv
        if command.leaves_daemons:
            argv = ("sh", "-c", OUTPUT_IN_FILE, "sh", *argv)
        try:
            return self._spawn(command, ("setsid", *argv))
        except CommandNotFound:
            return self._spawn(command, argv)

    def _spawn(self, command: Command, argv: Sequence[str]) -> int:
        arguments: dict[str, Any] = {
            "path": argv[0],
            "arg": list(argv[1:]),
            "env": [PATH, "LC_ALL=C", *(f"{name}={value}" for name, value in command.env.items())],
            "capture-output": True,
        }
        if command.input is not None:
            arguments["input-data"] = base64.b64encode(command.input).decode()
        try:
            pid = self._ask("guest-exec", arguments, changes=command.changes).get("pid")
        except AgentError as error:
            if NOT_STARTED in error.message:
                raise self._not_found(command, error.message) from error
            raise
        if not isinstance(pid, int):
            raise AgentError(f"the guest agent of {self.domain} names no process for `{shlex.join(command.argv)}`")
        return pid

    def _not_found(self, command: Command, said: str) -> CommandNotFound:
        return CommandNotFound(f"`{command.argv[0]}` cannot be run in {self.domain}: {said}", argv=command.argv)

    def _end(self, pid: int) -> None:
        """End a command and its children in the guest, as far as that can be done: the agent itself has no way to."""
        script = f"kill -KILL -{pid} 2>/dev/null || kill -KILL {pid}"
        try:
            self._ask("guest-exec", {"path": "sh", "arg": ["-c", script], "env": [PATH]}, changes=True)
        except ActionError as error:
            self.context.note(f"process {pid} in {self.domain} may still run: {error.message}", "guest_process")

    def _raise_ended(self, command: Command, cancel: Cancel) -> None:
        line = shlex.join(command.argv)
        if cancel.is_set:
            raise Cancelled(f"cancelled while `{line}` ran in {self.domain}: {cancel.reason}")
        raise CommandTimeout(f"`{line}` in {self.domain} was ended after {command.timeout:g} s", argv=command.argv)

    def _ask(
        self, verb: str, arguments: dict[str, Any], *, changes: bool = False, has_secrets: bool = False
    ) -> dict[str, Any]:
        """One question to the agent, and its answer. Raises AgentError."""
        question = json.dumps({"execute": verb, "arguments": arguments})
        argv = ["virsh", "-c", self.uri, "qemu-agent-command", "--timeout", str(ANSWER_LIMIT), self.domain, question]
        send = self.context.run if changes else self.context.query
        result = send(*argv, timeout=ANSWER_LIMIT + 5.0, check=False, has_secrets=has_secrets)
        if result.rc != 0:
            said = " ".join(line.removeprefix("error:").strip() for line in result.stderr.strip().splitlines())
            raise AgentError(f"{self.domain}: {said or f'virsh ended with status {result.rc}'}")
        try:
            answer = json.loads(result.stdout)["return"]
        except (ValueError, KeyError, TypeError):
            raise AgentError(f"the guest agent of {self.domain} answers {result.stdout.strip()[:80]!r}") from None
        if not isinstance(answer, dict):
            raise AgentError(f"the guest agent of {self.domain} answers {result.stdout.strip()[:80]!r}")
        return answer


def _result(command: Command, answer: dict[str, Any], seconds: float) -> CommandResult:
    """What ``guest-exec-status`` says of a process that has ended."""
    if isinstance(signal := answer.get("signal"), int):
        rc = -signal
    else:
        code = answer.get("exitcode")
        if not isinstance(code, int):
            raise AgentError(f"the guest agent gives no exit status of `{shlex.join(command.argv)}`")
        rc = code
    return CommandResult(command.argv, rc, _text(answer, "out-data"), _text(answer, "err-data"), seconds=seconds)


def _text(answer: dict[str, Any], key: str) -> str:
    try:
        return base64.b64decode(str(answer.get(key, "")), validate=True).decode(errors="replace")
    except binascii.Error:
        raise AgentError(f"the guest agent gives {key} that is not base64") from None
