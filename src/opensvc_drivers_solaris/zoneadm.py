"""Zones of this node, asked and changed through ``zoneadm``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandFailed,
    CommandResult,
    Context,
    OpenSVCError,
    side_by_side,
)
from opensvc_drivers_solaris.parse_zones import GLOBAL, Zone, ZoneList, is_unknown_zone, parse_zones
from opensvc_drivers_solaris.words import said

LIST_LIMIT = 10.0
"""Seconds for the one call that lists all zones."""
ZONE_LIMIT = 5.0
"""Seconds to ask for one zone."""
SIDE_BY_SIDE = 8
"""Zones asked at once that the list does not tell of."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What zonecfg takes as the name of a zone (zonecfg(8))."""

Answer = Zone | None | OpenSVCError
"""A zone, None for one that is told not to be configured, or why that cannot be told."""


def name_problem(name: str) -> str:
    """Why a name cannot be a zone's, empty if it can."""
    if name == GLOBAL:
        return "the global zone is the node itself, and no guest"
    return "" if _NAME.fullmatch(name) else f"{name!r} cannot be the name of a zone"


def read_zone(name: str, context: Context, after: CommandResult | None = None) -> Zone | None:
    """One zone as it is now; None if zoneadm says that it is not configured.

    Args:
        name: of the zone.
        context: what runs zoneadm.
        after: the change that this is the effect of.

    Raises:
        ActionError: that cannot be told.
        Undetermined: ``after`` was not made, in a dry run.
    """
    if problem := name_problem(name):
        raise ActionError(problem, code="bad_name", hint="mend `name` in the service file")
    result = context.query("zoneadm", "-z", name, "list", "-p", timeout=ZONE_LIMIT, check=False, after=after)
    if result.rc != 0:
        if is_unknown_zone(result.stderr):
            return None
        raise ActionError(f"zoneadm: {said(result)}", code="zoneadm", hint="see zoneadm list -cv")
    answer = parse_zones(result.stdout, is_of_node=False)
    if name not in answer.zones:
        raise ActionError(
            f"zoneadm does not tell the state of {name}: {answer.trouble or said(result)}", code="zoneadm"
        )
    return answer.zones[name]


def read_zones(names: Sequence[str], context: Context) -> Iterator[tuple[str, Answer]]:
    """Each named zone, from one ``zoneadm list -cp``; raises Cancelled only.

    The list has no mark of its end, so one that it does not tell of is asked for by name: only zoneadm's own word that
    no such zone is configured counts.
    """
    wanted = dict.fromkeys(names)
    try:
        listed = _list(context)
    except Cancelled:
        raise
    except OpenSVCError as error:
        yield from ((name, error) for name in wanted)
        return
    missing = []
    for name in wanted:
        if name in listed.zones:
            yield name, listed.zones[name]
        else:
            missing.append(name)
    for name, answer in side_by_side(missing, lambda each: read_zone(each, context), SIDE_BY_SIDE):
        if isinstance(answer, Cancelled):
            raise answer
        if isinstance(answer, Exception) and not isinstance(answer, OpenSVCError):
            raise answer
        yield name, answer


def _list(context: Context) -> ZoneList:
    """The list of all zones; in a status once for all who need it. Raises ActionError."""

    def ask() -> ZoneList | OpenSVCError:
        limit = min(LIST_LIMIT, context.deadline.remaining() / 2)
        try:
            result = context.query("zoneadm", "list", "-cp", timeout=limit, check=False)
        except Cancelled:
            raise
        except OpenSVCError as error:
            # Kept as the answer, so that who asks next does not wait for it again.
            return error
        if result.rc != 0:
            return ActionError(f"zoneadm: {said(result)}", code="zoneadm", hint="see zoneadm list -cv")
        return parse_zones(result.stdout)

    answer = context.memory.once("zoneadm list -cp", ask) if context.asks_for_all else ask()
    if isinstance(answer, ZoneList):
        return answer
    raise answer


def change_zone(name: str, *words: str, context: Context, timeout: float) -> CommandResult:
    """``zoneadm -z NAME`` with a subcommand that changes the zone.

    Raises:
        CommandFailed: it ended with another status than 0; the message has every line of the reason.
        CommandTimeout: its effect may still come.
    """
    result = attempt_change(name, *words, context=context, timeout=timeout)
    if result.rc != 0:
        raise CommandFailed(
            f"zoneadm {words[0]} of {name}: {said(result)}",
            argv=result.argv,
            rc=result.rc,
            stdout=result.stdout,
            stderr=result.stderr,
        )
    return result


def attempt_change(name: str, *words: str, context: Context, timeout: float) -> CommandResult:
    """The same, whatever it ends with. Raises CommandTimeout."""
    return context.run("zoneadm", "-z", name, *words, timeout=timeout, check=False)
