"""One libvirt, asked and changed through ``virsh``."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence

from attrs import evolve, frozen

from opensvc_core.api import (
    Cancelled,
    CommandFailed,
    CommandResult,
    CommandTimeout,
    Context,
    GuestState,
    Note,
    OpenSVCError,
    Status,
)
from opensvc_drivers_kvm.parse import errors_of, is_unknown_domain, parse_domain, parse_listing
from opensvc_drivers_kvm.states import DomainState, guest_state

LISTING_LIMIT = 5.0
"""Seconds for the one call that lists all domains; 1,000 take 0.1 s, so one that needs longer is stuck."""
DOMAIN_LIMIT = 5.0
"""Seconds to ask for one domain."""
PROBE_LIMIT = 3.0
"""Seconds to find out whether libvirt answers at all."""
SIDE_BY_SIDE = 8
"""Domains asked at once where the listing is stuck; libvirtd has 20 workers for all its clients."""
AGENT_LIMIT = 10.0
"""Seconds that asking the guest agent or pressing the power button may take: both wait for QEMU."""
FORCE_LIMIT = 60.0
"""Seconds for a forced stop: libvirt itself waits some 15 s before it kills a QEMU that does not react."""

NOT_DEFINED = GuestState(Status.DOWN, (Note("not defined in libvirt", "not_defined"),), is_known=False)


@frozen
class Virsh:
    """The libvirt behind one connection URI.

    Attributes:
        uri: as ``virsh -c`` takes it.
        context: what runs the commands.
    """

    uri: str
    context: Context

    # -- reading ----------------------------------------------------------------------------------------------------

    def query(self, *words: str, timeout: float = DOMAIN_LIMIT, has_secrets: bool = False) -> CommandResult:
        """Run a ``virsh`` command that changes nothing, whatever it ends with. Raises as ``Context.query``."""
        argv = ("virsh", "-c", self.uri, *words)
        return self.context.query(*argv, timeout=timeout, check=False, has_secrets=has_secrets)

    def query_together(
        self, *commands: Sequence[str], timeout: float = DOMAIN_LIMIT, has_secrets: bool = False
    ) -> CommandResult:
        """Run several in one process; the status is the last one's."""
        line = "; ".join(shlex.join(command) for command in commands)
        return self.query(line, timeout=timeout, has_secrets=has_secrets)

    def states(self, names: Sequence[str]) -> Iterator[tuple[str, GuestState]]:
        """State of each named domain, in one call for all of them.

        While libvirt starts a domain under a slow hook, or waits for a QEMU to die, it holds that domain's lock, and
        the listing waits for it (seen with 9.0.0, with ``--nowait`` too). Then each domain is asked by itself: all but
        the one that is held answer at once. Raises Cancelled only.
        """
        limit = min(LISTING_LIMIT, self.context.deadline.remaining() / 2)
        try:
            answer = self.query_together(
                ("domstats", "--state"), ("uri",), ("list", "--all", "--autostart", "--name"), ("uri",), timeout=limit
            )
        except CommandTimeout as error:
            yield from self._states_one_by_one(names, error)
        except OpenSVCError as error:
            yield from ((name, _untold(error)) for name in names)
        else:
            yield from self._listed(names, answer)

    def _listed(self, names: Sequence[str], answer: CommandResult) -> Iterator[tuple[str, GuestState]]:
        listing = parse_listing(answer.stdout)
        trouble = errors_of(answer.stderr)
        is_complete = listing.is_complete and answer.rc == 0 and not trouble
        untold = GuestState.undef(trouble or _not_understood(answer), "libvirt_error")
        for name in names:
            if problem := ambiguity(name):
                yield name, GuestState.undef(problem, "ambiguous_name")
            elif name in listing.states:
                state = _state_of(name, listing.states[name], is_autostarted=name in listing.autostarted)
                # Disks are let go on a down: it must come from a virsh that did not stumble.
                yield name, untold if state.status is Status.DOWN and not is_complete else state
            else:
                yield name, NOT_DEFINED if is_complete else untold

    def _states_one_by_one(self, names: Sequence[str], stuck: CommandTimeout) -> Iterator[tuple[str, GuestState]]:
        try:
            self.query("uri", timeout=PROBE_LIMIT)
        except Cancelled:
            raise
        except OpenSVCError:
            text = f"libvirt does not answer: {stuck.message}"
            yield from ((name, GuestState.undef(text, "libvirt_hangs")) for name in names)
            return
        yield from side_by_side(names, self.state)

    def state(self, name: str, *, in_full: bool = False, with_definition: bool = False) -> GuestState:
        """State of one domain, which no other domain can delay. Raises Cancelled only.

        Args:
            name: of the domain.
            in_full: also whether it is autostarted.
            with_definition: also its XML as it will be booted.
        """
        if problem := ambiguity(name):
            return GuestState.undef(problem, "ambiguous_name")
        commands = [["domstats", "--state", name]]
        if in_full:
            commands.append(["dominfo", name])
        if with_definition:
            # With the passwords of consoles, as the file has them: else libvirt's definition would always differ.
            commands.append(["dumpxml", "--inactive", "--security-info", name])
        try:
            result = self.query_together(*commands, has_secrets=with_definition)
            answer = parse_domain(result.stdout)
            if answer.name == name:
                state = _state_of(name, answer.state, is_autostarted=bool(answer.is_autostarted))
                return evolve(state, definition=answer.definition)
            if answer.name:
                return GuestState.undef(f"virsh tells of {answer.name!r} when asked for {name!r}", "ambiguous_name")
            if is_unknown_domain(result.stderr):
                return self._confirm_unknown(name)
        except Cancelled:
            raise
        except CommandTimeout as error:
            return GuestState.undef(f"libvirt does not answer for {name}: {error.message}", "libvirt_hangs")
        except OpenSVCError as error:
            return _untold(error)
        return GuestState.undef(errors_of(result.stderr) or _not_understood(result), "libvirt_error")

    def _confirm_unknown(self, name: str) -> GuestState:
        """Virsh says the same of a domain that is not there and of one it could not ask for: look at the list."""
        result = self.query_together(("list", "--all", "--name"), ("uri",))
        listed = result.stdout.splitlines()
        trouble = errors_of(result.stderr)
        if result.rc != 0 or trouble or not any("://" in line for line in listed):
            return GuestState.undef(trouble or _not_understood(result), "libvirt_error")
        if name in listed:
            return GuestState.undef(f"libvirt lists {name} and gives no state of it", "libvirt_error")
        return NOT_DEFINED

    # -- changing ---------------------------------------------------------------------------------------------------

    def change(self, *words: str, timeout: float, input: bytes | None = None) -> CommandResult:
        """Run a ``virsh`` command that changes something.

        Raises:
            CommandFailed: it ended with another status than 0; the message has every line of the reason.
            CommandTimeout: its effect may still come.
        """
        result = self.attempt(*words, timeout=timeout, input=input)
        if result.rc != 0:
            raise CommandFailed(
                f"virsh {words[0]}: {errors_of(result.stderr) or _not_understood(result)}",
                argv=result.argv,
                rc=result.rc,
                stdout=result.stdout,
                stderr=result.stderr,
            )
        return result

    def attempt(self, *words: str, timeout: float, input: bytes | None = None) -> CommandResult:
        """The same, whatever it ends with. Raises CommandTimeout."""
        return self.context.run("virsh", "-c", self.uri, *words, timeout=timeout, check=False, input=input)


def ambiguity(name: str) -> str:
    """Why virsh could take a name for something else, empty if it cannot: digits are an id to it, a dash an option."""
    if name.isdigit():
        return f"the name {name!r} is an id to virsh: rename the domain (virsh domrename)"
    if name.startswith("-"):
        return f"the name {name!r} is an option to virsh: rename the domain"
    return ""


def side_by_side(
    names: Sequence[str], ask: Callable[[str], GuestState], limit: int = SIDE_BY_SIDE
) -> Iterator[tuple[str, GuestState]]:
    """Ask for several at once, each given back as soon as it is known. Raises what ``ask`` raises."""
    from concurrent.futures import ThreadPoolExecutor, as_completed

    pool = ThreadPoolExecutor(min(limit, max(1, len(names))))
    try:
        questions = {pool.submit(ask, name): name for name in dict.fromkeys(names)}
        for question in as_completed(questions):
            yield questions[question], question.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _state_of(name: str, domain: DomainState | None, *, is_autostarted: bool) -> GuestState:
    if domain is None:
        return GuestState.undef(f"virsh gives a state of {name} that cannot be read", "libvirt_error")
    return evolve(guest_state(domain, name), is_autostarted=is_autostarted)


def _untold(error: OpenSVCError) -> GuestState:
    if isinstance(error, Cancelled):
        raise error
    return GuestState.undef(error.message, error.code)


def _not_understood(result: CommandResult) -> str:
    said = next(iter((result.stderr.strip() or result.stdout.strip()).splitlines()), "nothing")
    return f"virsh ended with status {result.rc} and said {said[:120]!r}"
