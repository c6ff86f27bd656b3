"""The domains of this node's Xen, asked and changed through ``xl`` or ``xm``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from opensvc_core.api import (
    Cancelled,
    CommandFailed,
    CommandNotFound,
    CommandResult,
    Context,
    GuestState,
    OpenSVCError,
)
from opensvc_drivers_xen.parse import DOMAIN_0, Listing, Row, is_unknown, parse_listing, said
from opensvc_drivers_xen.states import NOT_RUNNING, guest_state, moving_state

XL, XM = "xl", "xm"
LISTING_LIMIT = 5.0
"""Seconds for a call that lists domains."""
CHANGE_LIMIT = 30.0
"""Seconds for a request to shut down: it is written to xenstore."""
FORCE_LIMIT = 60.0
"""Seconds for a forced stop: it waits for the backends of disks and network cards."""
INCOMING = ("{name}--incoming", "migrating-{name}")
"""Names that a domain has while it is received: xl's, and xm's [R]."""
OUTGOING = ("{name}--migratedaway",)


@frozen
class Toolstack:
    """Xen's commands on this node.

    Attributes:
        tools: the commands to take, the first that is installed.
        context: what runs them.
    """

    tools: tuple[str, ...]
    context: Context

    # -- reading ----------------------------------------------------------------------------------------------------

    def query(self, *words: str, timeout: float = LISTING_LIMIT) -> CommandResult:
        """Run a command that changes nothing, whatever it ends with. Raises as ``Context.query``."""
        for tool in self.tools[:-1]:
            try:
                return self.context.query(tool, *words, timeout=timeout, check=False)
            except CommandNotFound:
                continue
        return self.context.query(self.tools[-1], *words, timeout=timeout, check=False)

    def states(self, names: Sequence[str]) -> Iterator[tuple[str, GuestState]]:
        """State of each named domain, in one call for all of them; one more for those that are not in it.

        Xen forgets a domain that does not run, and nothing marks the end of its list: a list that was cut at the end
        of a line would look like one without the domain. So what is missing is looked for a second time, in a list
        with other columns, or by its name where it is one. Raises Cancelled only.
        """
        limit = min(LISTING_LIMIT, self.context.deadline.remaining() / 2)
        wanted = []
        for name in dict.fromkeys(names):
            if problem := trouble_with(name):
                yield name, GuestState.undef(problem, "ambiguous_name")
            else:
                wanted.append(name)
        if not wanted:
            return
        try:
            answer = self.query("list", timeout=limit)
        except OpenSVCError as error:
            yield from ((name, _untold(error)) for name in wanted)
            return
        listing = parse_listing(answer.stdout)
        if answer.rc != 0 or not listing.is_sound:
            untold = GuestState.undef(_not_understood(answer), "xen_error")
            for name in wanted:
                # What runs is seen to run, whatever else went wrong.
                state = _listed(listing, name, answer.argv[0]) if name in listing.rows else untold
                yield name, state if state is not None and state.status.is_up else untold
            return
        missing = []
        for name in wanted:
            state = _listed(listing, name, answer.argv[0])
            if state is None:
                missing.append(name)
            else:
                yield name, state
        if missing:
            yield from self._look_again(missing, answer.argv[0])

    def _look_again(self, names: Sequence[str], tool: str) -> Iterator[tuple[str, GuestState]]:
        """Domains that were not in the list."""
        words = ("list", names[0]) if len(names) == 1 else ("list", "-v") if tool == XL else ("list",)
        try:
            answer = self.context.query(tool, *words, timeout=LISTING_LIMIT, check=False)
        except OpenSVCError as error:
            yield from ((name, _untold(error)) for name in names)
            return
        untold = GuestState.undef(_not_understood(answer), "xen_error")
        listing = parse_listing(answer.stdout)
        if len(names) == 1:
            # The list of one has no domain 0.
            state = _listed(listing, names[0], tool) if answer.rc == 0 else None
            is_gone = answer.rc != 0 and is_unknown(answer.stderr, names[0])
            yield names[0], state or (NOT_RUNNING if is_gone else untold)
            return
        is_sound = answer.rc == 0 and listing.is_sound
        for name in names:
            yield name, (_listed(listing, name, tool) or NOT_RUNNING) if is_sound else untold

    def state(self, name: str) -> GuestState:
        """State of one domain. Raises Cancelled only."""
        return dict(self.states([name]))[name]

    def rows(self) -> Mapping[str, Row | None]:
        """What is listed now, empty if that cannot be told. Raises Cancelled."""
        try:
            return parse_listing(self.query("list").stdout).rows
        except Cancelled:
            raise
        except OpenSVCError:
            return {}

    # -- changing ---------------------------------------------------------------------------------------------------

    def attempt(
        self, *words: str, timeout: float, xm: Sequence[str] = (), leaves_daemons: bool = False
    ) -> CommandResult:
        """Run a command that changes something, whatever it ends with.

        Args:
            words: of the command.
            timeout: seconds.
            xm: the words for ``xm``, where they are others.
            leaves_daemons: it may leave processes behind on purpose.

        Raises:
            CommandTimeout: its effect may still come.
        """

        def run(tool: str) -> CommandResult:
            given = xm if tool == XM and xm else words
            return self.context.run(tool, *given, timeout=timeout, check=False, leaves_daemons=leaves_daemons)

        for tool in self.tools[:-1]:
            # A dry run finds every command, and must show the one that a run would take.
            if self.context.is_dry_run and not self._is_there(tool):
                continue
            try:
                return run(tool)
            except CommandNotFound:
                continue
        return run(self.tools[-1])

    def _is_there(self, tool: str) -> bool:
        try:
            self.context.query(tool, "list", timeout=LISTING_LIMIT, check=False)
        except CommandNotFound:
            return False
        except Cancelled:
            raise
        except OpenSVCError:
            pass
        return True

    def change(self, *words: str, timeout: float, leaves_daemons: bool = False) -> CommandResult:
        """The same for what must succeed.

        Raises:
            CommandFailed: it ended with another status than 0; the message has every line of the reason.
            CommandTimeout: its effect may still come.
        """
        result = self.attempt(*words, timeout=timeout, leaves_daemons=leaves_daemons)
        if result.rc != 0:
            raise CommandFailed(
                f"{result.argv[0]} {words[0]}: {_not_understood(result)}",
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result


def trouble_with(name: str) -> str:
    """Why the toolstack could take a name for something else, empty if it cannot."""
    if name.isdigit():
        return f"the name {name!r} is an id to Xen: rename the guest"
    if name.startswith("-") or not name:
        return f"the name {name!r} is an option to Xen's commands: rename the guest"
    if name == DOMAIN_0:
        return "Domain-0 is this node itself: mend `name` in the service file"
    return ""


def _listed(listing: Listing, name: str, tool: str) -> GuestState | None:
    """State of a domain by a list, None if it is not in it."""
    for is_incoming, patterns in ((True, INCOMING), (False, OUTGOING)):
        if name not in listing.rows and any(pattern.format(name=name) in listing.rows for pattern in patterns):
            return moving_state(name, is_incoming=is_incoming)
    if name not in listing.rows:
        return None
    row = listing.rows[name]
    if row is None:
        return GuestState.undef(f"Xen has two domains {name}", "ambiguous_name")
    if row.domid is None:
        return NOT_RUNNING
    return guest_state(row.letters, name, tool)


def _untold(error: OpenSVCError) -> GuestState:
    if isinstance(error, Cancelled):
        raise error
    return GuestState.undef(f"Xen does not answer: {error.message}", error.code)


def _not_understood(result: CommandResult) -> str:
    text = said(result.stderr, result.stdout)
    return text or f"{result.argv[0]} ended with status {result.rc} and said nothing"
