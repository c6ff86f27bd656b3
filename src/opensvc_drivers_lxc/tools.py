"""The containers of one folder of LXC's, asked and changed through its tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve, frozen

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandFailed,
    CommandResult,
    Context,
    GuestState,
    OpenSVCError,
    Status,
    side_by_side,
)
from opensvc_drivers_lxc.config import AUTOSTART, ConfigurationError, read_configuration
from opensvc_drivers_lxc.monitors import list_monitored
from opensvc_drivers_lxc.parse import COLUMNS, is_unknown, parse_info, parse_listing, said, start_failure
from opensvc_drivers_lxc.states import NOT_DEFINED, ending_state, guest_state

LISTING_LIMIT = 5.0
"""Seconds for the one call that lists all containers; 100, of which 20 run, take 0.07 s: what needs longer is stuck."""
INFO_LIMIT = 5.0
"""Seconds to ask for one container."""
SOFT_LIMIT = 5
"""Seconds that one request to stop waits for its effect; whole, as ``lxc-stop -t`` takes no other."""
FORCE_LIMIT = 60.0
"""Seconds for a forced stop: hooks after the stop are waited for."""


@frozen
class Lxc:
    """The containers in one folder.

    Attributes:
        path: of the folder, as ``-P`` takes it.
        context: what runs the commands.
    """

    path: str
    context: Context

    # -- reading ----------------------------------------------------------------------------------------------------

    def states(self, names: Sequence[str]) -> Iterator[tuple[str, GuestState]]:
        """State of each named container, in one call for all of them.

        ``lxc-ls`` asks the monitor of each container that runs, and waits for one that is stuck, or busy with a hook
        before the start (seen with 5.0.2). Then each container is asked for by itself: all but the stuck one answer at
        once. So are those that it does not list: that it lists none whose configuration it cannot load is no sign that
        they do not run. Raises Cancelled only.
        """
        limit = min(LISTING_LIMIT, self.context.deadline.remaining() / 2)
        argv = ("lxc-ls", "-P", self.path, "--fancy", "--fancy-format", ",".join(COLUMNS))
        unlisted = list(names)
        try:
            answer = self.context.query(*argv, timeout=limit, check=False)
        except Cancelled:
            raise
        except OpenSVCError:
            pass
        else:
            listing = parse_listing(answer.stdout)
            rows = listing.rows if answer.rc == 0 else {}
            known = {name: row for name in names if not trouble_with(name) and (row := rows.get(name)) is not None}
            unlisted = [name for name in names if name not in known]
            monitored = list_monitored() if any(row.state == "STOPPED" for row in known.values()) else frozenset()
            for name, row in known.items():
                # Of one that runs, lxc-ls tells what its configuration said when it was started.
                is_autostarted = self._file_says(name) if row.state == "RUNNING" else None
                yield (
                    name,
                    self._settled(
                        name,
                        row.state,
                        monitored,
                        is_autostarted=row.is_autostarted if is_autostarted is None else is_autostarted,
                    ),
                )
        for name, found in side_by_side(unlisted, self.state):
            if isinstance(found, Cancelled):
                raise found
            yield name, GuestState.undef(str(found), "lxc_error") if isinstance(found, Exception) else found

    def state(self, name: str) -> GuestState:
        """State of one container, which no other one can delay, with autostart. Raises Cancelled only."""
        if problem := trouble_with(name):
            return GuestState.undef(problem, "ambiguous_name")
        try:
            argv = ("lxc-info", "-P", self.path, "-n", name, "-s", "-c", AUTOSTART)
            answer = self.context.query(*argv, timeout=INFO_LIMIT, check=False)
        except Cancelled:
            raise
        except OpenSVCError as error:
            return GuestState.undef(f"LXC does not answer for {name}: {error.message}", error.code)
        info = parse_info(answer.stdout)
        if answer.rc == 0 and info.state:
            state = info.state.upper()
            monitored = list_monitored() if state == "STOPPED" else frozenset()
            return self._settled(name, state, monitored, is_autostarted=bool(info.is_autostarted))
        if answer.rc != 0 and not answer.stdout.strip() and is_unknown(answer.stderr, name):
            return self._confirm_unknown(name)
        text = said(answer.stderr, answer.stdout) or f"lxc-info ended with status {answer.rc} and said nothing"
        return GuestState.undef(f"LXC cannot tell of {name}: {text}", "lxc_error")

    def _settled(self, name: str, word: str, monitored: frozenset[str], *, is_autostarted: bool) -> GuestState:
        state = guest_state(word, name, self.path)
        if state.status is Status.DOWN and f"{self.path} {name}" in monitored:
            state = ending_state()
        return evolve(state, is_autostarted=is_autostarted)

    def _confirm_unknown(self, name: str) -> GuestState:
        """LXC says the same of a container that is not there and of one that this user may not see."""
        path = Path(self.path, name, "config")
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return NOT_DEFINED
        except OSError as error:
            return GuestState.undef(f"cannot tell of {name}: {path}: {error.strerror}", "lxc_error")
        return GuestState.undef(f"LXC says that {name} does not exist, and {path} does", "lxc_error")

    def _file_says(self, name: str) -> bool | None:
        """Whether a container's file has it started with the node, None if that cannot be told."""
        try:
            configuration = read_configuration(Path(self.path, name, "config"))
        except (ConfigurationError, OSError):
            return None
        return None if configuration is None else configuration.is_autostarted

    # -- changing ---------------------------------------------------------------------------------------------------

    def start(self, name: str, log: Path, timeout: float) -> CommandResult:
        """Start a container in the background.

        Args:
            name: of the container.
            log: where LXC writes why it does not start; of this start alone.
            timeout: seconds.

        Raises:
            ActionError: the log cannot be written.
            CommandFailed: it did not start; the message is what the log says.
            CommandTimeout: its monitor may still bring it up.
        """
        if not self.context.is_dry_run:
            try:
                log.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                log.unlink(missing_ok=True)
            except OSError as error:
                raise ActionError(
                    f"{name} is not started: the log of its start, {log}, cannot be written: {error.strerror}",
                    code="log",
                    hint="mend the rights of the folder, or make room",
                ) from error
        result = self.context.run(
            *("lxc-start", "-P", self.path, "-n", name, "-d", "-o", str(log), "-l", "ERROR"),
            timeout=timeout,
            check=False,
            leaves_daemons=True,
        )
        if result.rc != 0:
            reason = start_failure(result.stderr, _read(log)) or f"it ended with status {result.rc} and said nothing"
            raise CommandFailed(
                f"lxc-start {name}: {reason}",
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
                hint=f"see {log}, or start it in the foreground: lxc-start -P {self.path} -n {name} -F",
            )
        return result

    def stop_softly(self, name: str, timeout: float) -> CommandResult:
        """Send a container its signal to stop, and wait a little for that to be done. Raises CommandTimeout."""
        seconds = max(1, min(SOFT_LIMIT, int(timeout)))
        result = self.context.run(
            *("lxc-stop", "-P", self.path, "-n", name, "--nokill", "-t", str(seconds)),
            timeout=seconds + INFO_LIMIT,
            check=False,
        )
        if result.rc == 1 and not result.stderr.strip():
            # It was asked, and is not down yet.
            return evolve(result, rc=0)
        return result

    def stop_by_force(self, name: str) -> CommandResult:
        """Kill everything in a container. Raises CommandTimeout."""
        return self.context.run("lxc-stop", "-P", self.path, "-n", name, "-k", timeout=FORCE_LIMIT, check=False)


def trouble_with(name: str) -> str:
    """Why LXC could take a name for something else, empty if it cannot."""
    if "/" in name or name in {"", ".", ".."}:
        return f"the name {name!r} is none of a container: mend `name` in the service file"
    return ""


def _read(log: Path) -> str:
    try:
        return log.read_text(errors="replace")
    except OSError:
        return ""
