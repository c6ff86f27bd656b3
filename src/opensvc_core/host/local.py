"""Commands on this node: own session, clean environment, hard limits, bounded output; plumbum starts them."""

from __future__ import annotations

import errno
import os
import pwd
import shlex
import shutil
import signal
import tempfile
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO, TYPE_CHECKING, Any

from opensvc_core.clock import Cancel, Clock, SystemClock
from opensvc_core.errors import ActionError, Cancelled, CommandError, CommandNotFound, CommandTimeout
from opensvc_core.host import Command, CommandResult, Spawned
from opensvc_core.host.child import Child, Ending
from opensvc_core.host.processes import has_proc, process_start_time, process_state
from opensvc_core.host.starting import plumbum_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opensvc_core.host.talk import Talk

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where commands are looked for when nobody says otherwise."""
VENDOR_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "HP-UX": ("/opt/hpvm/bin", "/usr/contrib/bin"),
    "SunOS": ("/opt/SUNWldm/bin", "/usr/cluster/bin"),
}
"""By operating system (``uname -s``), folders of commands that are on nobody's ``PATH``: looked into last."""
HPUX_TERMINFO = "/usr/share/lib/terminfo"
"""Where HP-UX keeps the descriptions of terminals (cookbook, "HP-UX specificities")."""
KEEP = 16 * 1024 * 1024
"""Bytes that are kept of each output stream of a command."""


def search_path(inherited: str) -> str:
    """A ``PATH`` for vendor commands: what was inherited, then the folders that cron and ssh leave out."""
    folders = [folder for folder in inherited.split(":") if folder.startswith("/")]
    return ":".join(dict.fromkeys((*folders, *DEFAULT_PATH.split(":"))))


class LocalHost:
    """This node as a place that runs commands.

    Args:
        name: of the node, for messages.
        path: where commands are looked for, as in ``$PATH``; the environment of the agent is not read.
        os_name: as ``uname -s`` prints it; HP-UX tools need ``TERMINFO``, and lie in folders of their own.
        clock: source of time.
        env: variables that every command gets.
        keep: bytes kept of each output stream; the rest is counted and dropped.
        scratch: folder for the output of commands that leave daemons; the system's by default.
        signal_group: sends a signal to a process group.
    """

    def __init__(
        self,
        name: str,
        path: str = DEFAULT_PATH,
        *,
        os_name: str = "Linux",
        clock: Clock | None = None,
        env: Mapping[str, str] | None = None,
        keep: int = KEEP,
        scratch: Path | None = None,
        signal_group: Callable[[int, int], None] = os.killpg,
    ) -> None:
        self._name = name
        self._os_name = os_name
        self._path = ":".join(dict.fromkeys((*path.split(":"), *VENDOR_FOLDERS.get(os_name, ()))))
        self._clock = clock or SystemClock()
        self._keep = keep
        self._scratch = scratch
        self._signal_group = signal_group
        self._env = {"PATH": self._path, "HOME": _home(), "LC_ALL": "C", "TERM": "dumb", **(env or {})}
        if os_name == "HP-UX":
            # Without it HP-UX tools print terminal sequences among their answers, or nothing at all.
            self._env.setdefault("TERMINFO", HPUX_TERMINFO)

    @property
    def name(self) -> str:
        """Name of the node."""
        return self._name

    @property
    def path(self) -> str:
        """Where commands are looked for, as in ``$PATH``."""
        return self._path

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """Run a command to its end, in its own session and process group, from ``/``.

        Args:
            command: what to run.
            cancel: when set, the group is ended and Cancelled raised.
            spawned: told the process right after it was started; what it raises ends the process and passes through.

        Raises:
            CommandNotFound: not installed or not executable.
            CommandTimeout: it was ended at its limit, or cannot be killed and is left behind.
            Cancelled: the token was set.
            CommandError: it could not be started for another reason.
        """
        if cancel.is_set:
            raise Cancelled(f"cancelled before `{shlex.join(command.argv)}`: {cancel.reason}")
        began = self._clock.monotonic()
        child = self._spawn(command)
        try:
            if spawned is not None:
                started = process_start_time(child.pid) if has_proc() else ""
                spawned(Spawned(child.pid, started or f"{self._clock.now():.0f}"))
            ending = child.wait(command.timeout, cancel)
            is_gone = ending is Ending.EXITED or child.end(command.grace)
        except BaseException:
            child.end(0)
            raise
        finally:
            child.close()
        stdout, stderr = child.stdout.text(), child.stderr.text()
        if ending is Ending.EXITED:
            return CommandResult(command.argv, child.rc or 0, stdout, stderr, self._clock.monotonic() - began)
        raise self._ended(command, child, ending, cancel, is_gone)

    def _ended(
        self,
        command: Command,
        child: Child,
        ending: Ending,
        cancel: Cancel,
        is_gone: bool,  # noqa: FBT001
    ) -> ActionError:
        """The error that says how a command was ended."""
        line = f"`{shlex.join(command.argv)}` on {self._name}"
        state = process_state(child.pid)
        stuck = "" if is_gone else f"; it cannot be killed (process {child.pid}{_letter(state)}) and is left behind"
        hint = (
            ""
            if is_gone
            else f"it hangs in the kernel, often on a disk or file system: see dmesg{self._more_of(child.pid)}"
        )
        if ending is Ending.CANCELLED:
            return Cancelled(f"{line} was ended, as the run is cancelled: {cancel.reason}{stuck}", hint=hint)
        stdout, stderr = child.stdout.text(), child.stderr.text()
        effect = ": whether it takes effect is not known" if command.changes else ""
        printed = stderr.strip() or ("" if command.has_secrets else stdout.strip())
        words = next(iter(reversed(printed.splitlines())), "")
        said = f" (it had said: {words[:200]})" if words else ""
        verb = "and is given up" if not is_gone else "and was ended"
        return CommandTimeout(
            f"{line} did not end within {command.timeout:.3g} s {verb}{effect}{stuck}{said}",
            argv=command.argv,
            stdout=stdout,
            stderr=stderr,
            hint=hint or "run it by hand to see what it waits for",
        )

    def _more_of(self, pid: int) -> str:
        return f" and /proc/{pid}/stack" if self._os_name == "Linux" else ""

    def _spawn(self, command: Command) -> Child:
        files = (self._scratch_file(), self._scratch_file()) if command.leaves_daemons else None
        pipes = {"stdout": files[0], "stderr": files[1]} if files else {"stdout": PIPE, "stderr": PIPE}
        try:
            process = self._popen(command, stdin=DEVNULL if command.input is None else PIPE, **pipes)
        except BaseException:
            for file in files or ():
                file.close()
            raise
        return Child(process, command.input, files, self._keep, self._clock, self._signal_group, command.heard)

    def _popen(self, command: Command, **streams: Any) -> Any:
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            # The kernel would then drop exit statuses, and every failure would read as success.
            raise ActionError(
                "the agent was started with SIGCHLD ignored: it could not tell success from failure",
                hint="start it from a shell or service that does not ignore SIGCHLD",
            )
        program = self._find(command)
        try:
            return plumbum_command()(program).popen(
                command.argv[1:], env={**self._env, **command.env}, cwd="/", new_session=True, **streams
            )
        except (OSError, ValueError) as error:
            raise self._not_started(command, program, error) from error

    def talk(self, command: Command) -> Talk:
        """Start a command to talk with: the other end of a session. Its limit and input are the caller's to keep.

        Raises:
            CommandNotFound: not installed or not executable.
            CommandError: it could not be started for another reason.
        """
        from opensvc_core.host.talk import Talk

        return Talk(self._popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE), command.argv)

    def pass_through(self, command: Command, cancel: Cancel) -> int:
        """Run a command on this process's own standard streams, to its end; its exit status, negative for a signal.

        Raises:
            CommandTimeout, Cancelled: its process group was ended.
            CommandNotFound, CommandError: it could not be started.
        """
        from opensvc_core.host.talk import wait_for

        process = self._popen(command, stdin=None, stdout=None, stderr=None)
        return wait_for(process, command, cancel, self._clock)

    def _find(self, command: Command) -> str:
        if not command.argv or not command.argv[0]:
            raise CommandError("a command without a program cannot be run", argv=command.argv)
        name = command.argv[0]
        program = name if "/" in name else shutil.which(name, path=self._path)
        if program is None:
            raise CommandNotFound(
                f"`{name}` is not installed on {self._name}, or may not be executed",
                argv=command.argv,
                hint=f"install the package that has `{name}`, or add its folder to PATH; looked in {self._path}",
            )
        return program

    def _not_started(self, command: Command, program: str, error: Exception) -> CommandError:
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.ENOENT and Path(program).exists():
            reason, hint = (
                "the interpreter that its first line names is missing",
                f"look at the first line of {program}",
            )
        elif number in {errno.ENOENT, errno.ENOTDIR}:
            reason, hint = "there is no such file", ""
        elif number == errno.EACCES:
            reason, hint = "it is not executable", f"chmod +x {shlex.quote(program)}, if it is meant to be run"
        elif number == errno.ENOEXEC:
            reason, hint = "it is not a program of this machine, and has no #! line", f"look at it: file {program}"
        else:
            text = error.strerror if isinstance(error, OSError) else str(error)
            message = f"`{shlex.join(command.argv)[:500]}` on {self._name} could not be started: {text}"
            return CommandError(message, argv=command.argv)
        return CommandNotFound(f"`{program}` on {self._name} cannot be run: {reason}", argv=command.argv, hint=hint)

    def _scratch_file(self) -> IO[bytes]:
        # Appending, so that the file can be cut while it is written; without a name, so that nothing is left behind.
        return tempfile.TemporaryFile("a+b", buffering=0, dir=self._scratch)


def _home() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"


def _letter(state: Any) -> str:
    return "" if state is None else f", state {state.state}"
