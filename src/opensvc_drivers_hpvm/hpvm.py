"""Integrity VM on this node, asked and changed through its commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandFailed,
    CommandResult,
    CommandTimeout,
    Context,
    GuestState,
    Note,
    OpenSVCError,
    Severity,
    Status,
    side_by_side,
)
from opensvc_drivers_hpvm.parse import Backing, Guest, Listing, parse_backings, parse_guests

LISTING_LIMIT = 10.0
"""Seconds for the one call that lists all guests."""
GUEST_LIMIT = 10.0
"""Seconds to ask for one guest."""
SIDE_BY_SIDE = 8
"""Guests asked at once where the listing does not tell."""
CHANGE_LIMIT = 60.0
"""Seconds for a change of a guest's settings, or a forced stop."""

NOT_CONFIGURED = GuestState(Status.DOWN, (Note("not configured in Integrity VM", "not_defined"),), is_known=False)


@frozen
class Hpvm:
    """The Integrity VM of this node.

    Attributes:
        context: what runs the commands.
    """

    context: Context

    # -- reading ----------------------------------------------------------------------------------------------------

    def states(self, names: Sequence[str]) -> Iterator[tuple[str, GuestState]]:
        """State of each named guest, from one ``hpvmstatus -M`` for all of them.

        A guest that is not on that list is asked for by name: nothing at the end of the list says that it is whole.
        Where the list hangs, each is asked by itself, as a stuck one must not hide the others. Raises Cancelled only.
        """
        limit = min(LISTING_LIMIT, self.context.deadline.remaining() / 2)
        try:
            result = self.context.query("hpvmstatus", "-M", timeout=limit, check=False)
        except Cancelled:
            raise
        except CommandTimeout:
            yield from self._one_by_one(names, None)
            return
        except OpenSVCError as error:
            yield from ((name, GuestState.undef(error.message, error.code)) for name in names)
            return
        listing = _listing_of(result)
        trouble = _trouble(result, listing)
        absent = []
        for name in names:
            guest = listing.guests.get(name)
            if guest is None and not trouble:
                absent.append(name)
            elif guest is None or (trouble and guest.state == "Off"):
                # Disks are let go on a down: it must come from an answer that is understood as a whole.
                yield name, GuestState.undef(trouble, "hpvm_error")
            else:
                yield name, state_of(guest)
        yield from self._one_by_one(absent, listing)

    def _one_by_one(self, names: Sequence[str], listing: Listing | None) -> Iterator[tuple[str, GuestState]]:
        for name, answer in side_by_side(names, lambda name: self.state(name, listing), SIDE_BY_SIDE):
            if isinstance(answer, Exception):
                raise answer
            yield name, answer

    def state(self, name: str, listing: Listing | None = None) -> GuestState:
        """State of one guest, by its name. Raises Cancelled only.

        Args:
            name: of the guest.
            listing: all guests, where they were listed already and this one is not among them.
        """
        if name.startswith("-"):
            return GuestState.undef(f"the name {name!r} is an option to hpvmstatus", "bad_name")
        try:
            result = self.context.query("hpvmstatus", "-M", "-P", name, timeout=GUEST_LIMIT, check=False)
            if result.rc != 0:
                return self._confirm_unknown(name, result, listing)
        except Cancelled:
            raise
        except CommandTimeout as error:
            return GuestState.undef(f"hpvmstatus does not answer for {name}: {error.message}", "hpvm_hangs")
        except OpenSVCError as error:
            return GuestState.undef(error.message, error.code)
        answer = parse_guests(result.stdout)
        guest = answer.guests.get(name)
        if guest is None or not answer.is_understood or len(answer.guests) != 1:
            return GuestState.undef(_not_understood(result), "hpvm_error")
        return state_of(guest)

    def _confirm_unknown(self, name: str, refusal: CommandResult, listing: Listing | None) -> GuestState:
        """A refusal may mean any trouble: a guest is not configured only where the list of all lacks it, too.

        An empty list says nothing by itself, as tools print nothing where they miss their terminal's description; then
        the refusal must name the guest.
        """
        if listing is None:
            result = self.context.query("hpvmstatus", "-M", timeout=LISTING_LIMIT, check=False)
            listing = _listing_of(result)
            if trouble := _trouble(result, listing):
                return GuestState.undef(trouble, "hpvm_error")
        if name in listing.guests:
            return GuestState.undef(f"hpvmstatus lists {name}, and does not tell of it alone: {words(refusal)}")
        if listing.guests or listing.is_empty or name in refusal.stderr:
            return NOT_CONFIGURED
        return GuestState.undef(f"hpvmstatus lists no guest at all, and said {words(refusal)!r}", "hpvm_error")

    def guests(self) -> dict[str, Guest]:
        """Every guest that is listed. Raises ActionError if the list is not understood, or hpvmstatus fails."""
        result = self.context.query("hpvmstatus", "-M", timeout=LISTING_LIMIT)
        listing = _listing_of(result)
        if not listing.is_understood:
            raise ActionError(_not_understood(result), code="hpvm_error")
        return listing.guests

    def backings(self, name: str) -> tuple[Backing, ...]:
        """Storage of a guest. Raises ActionError when that cannot be told."""
        result = self.context.query("hpvmstatus", "-d", "-P", name, timeout=GUEST_LIMIT, check=False)
        if result.rc != 0:
            raise ActionError(f"cannot tell the disks of {name}: {words(result)}", code="devices_unknown")
        try:
            return parse_backings(result.stdout)
        except ValueError as error:
            raise ActionError(f"cannot tell the disks of {name}: {error}", code="devices_unknown") from error

    # -- changing ---------------------------------------------------------------------------------------------------

    def change(self, *argv: str, timeout: float, hint: str = "", leaves_daemons: bool = False) -> CommandResult:
        """Run a command that changes something; what it says on its standard error while it succeeds is no failure.

        Raises:
            CommandFailed: it ended with another status than 0.
            CommandTimeout: its effect may still come.
        """
        result = self.attempt(*argv, timeout=timeout, leaves_daemons=leaves_daemons)
        if result.rc != 0:
            raise CommandFailed(
                f"{argv[0]}: {words(result)}",
                hint=hint,
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result

    def attempt(self, *argv: str, timeout: float, leaves_daemons: bool = False) -> CommandResult:
        """The same, whatever it ends with. Raises CommandTimeout."""
        return self.context.run(*argv, timeout=timeout, check=False, leaves_daemons=leaves_daemons)


def state_of(guest: Guest) -> GuestState:
    """What a line of ``hpvmstatus -M`` means for the service."""
    notes: tuple[Note, ...] = ()
    if guest.boot not in {"Auto", "Manual"}:
        text = f"hpvmstatus says {guest.boot!r} for the boot policy, which means nothing here: is it Manual?"
        notes = (Note(text, "boot_policy", Severity.WARNING),)
    status = {"On": Status.UP, "Off": Status.DOWN}.get(guest.state)
    if status is None:
        said = "its configuration is invalid" if guest.state == "Invalid" else f"state {guest.state!r}"
        return GuestState.undef(f"hpvmstatus says {said}: whether it runs is not told", "unknown_state")
    return GuestState(status, notes, is_autostarted=guest.boot == "Auto")


def words(result: CommandResult) -> str:
    """What a command said that failed: the last line is the command's own, what comes before is its helper's talk."""
    lines = [line.strip() for line in (result.stderr.strip() or result.stdout.strip()).splitlines() if line.strip()]
    command = result.argv[0]
    own = [line.removeprefix(f"{command}:").strip() for line in lines if line.startswith(f"{command}:")]
    said = "; ".join(own[-2:]) or next(iter(reversed(lines)), "")
    return said[:300] or f"ended with status {result.rc} and said nothing"


def _listing_of(result: CommandResult) -> Listing:
    listing = parse_guests(result.stdout)
    if not result.stdout.strip() and parse_guests(result.stderr).is_empty:
        return Listing({}, is_understood=True, is_empty=True)
    return listing


def _trouble(result: CommandResult, listing: Listing) -> str:
    """Why a list cannot be trusted, empty if it can. One without any line is judged by whoever asks."""
    if listing.is_empty:
        return ""
    if result.rc != 0:
        return f"hpvmstatus: {words(result)}"
    if not listing.is_understood and result.stdout.strip():
        return _not_understood(result)
    return ""


def _not_understood(result: CommandResult) -> str:
    said = next(iter((result.stderr.strip() or result.stdout.strip()).splitlines()), "nothing")
    return f"hpvmstatus ended with status {result.rc} and said {said[:120]!r}"
