"""What the verbs of `svcmgr` do: each is a verb of `osvc` by the name that it had in 2010, or a part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.failure import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.actions.rounds import Rounds
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.model import Service

FORCE_PERMITS = ("duplicate_address", "preflight_failed", "requirement_down")
"""Vetoes that ``--force`` lifts; ``osvc`` lifts them one by one with ``--permit``."""

PARTS: dict[str, tuple[str, ...]] = {
    "app": ("app",),
    "container": ("container",),
    "ip": ("ip",),
    "disk": ("disk",),
    "fs": ("fs",),
}
"""``start<part>`` and ``stop<part>``: the columns of ``svcmon`` whose resources they are about."""

MOUNTS = {"mount": "start", "umount": "stop"}
"""Disks and filesystems together (agent 2010)."""

MOVES = ("switch", "migrate", "takeover", "giveback")
"""Verbs of 2010 and after that bring a service to another node."""


def look(agent: Agent, verb: str, names: Sequence[str]) -> int:
    """The verbs that only read."""
    from opensvc_core.cli.asking import ask
    from opensvc_core.cli.options import Color, Format
    from opensvc_core.cli.output import write, write_json

    if verb == "frozen":
        for name in agent.find(names):
            write(f"{name}: {'frozen' if agent.is_frozen(name) else 'not frozen'}\n")
        return 0
    if verb == "print_config":
        from opensvc_core.cli.files import show_file

        return max(show_file(agent, name, Format.PLAIN) for name in agent.find(names))
    if verb == "validate_config":
        from opensvc_core.cli.files import validate_files

        return validate_files(agent, names, None, Format.TABLE)
    answers = ask(names, agent=agent, is_local=verb != "print_status", is_whole=True)
    if verb == "json_status":
        write_json(answers.document())
        return answers.exit_status
    answers.tell_broken()
    if verb == "status":
        from opensvc_core.cli.words import STATUS_EXIT

        write("".join(f"{name}: {status.overall.value}\n" for name, status in answers.statuses.items()))
        return max([answers.exit_status, *(STATUS_EXIT[status.overall] for status in answers.statuses.values())])
    from opensvc_core.cli.render import to_text
    from opensvc_core.cli.render.status import status_trees
    from opensvc_core.cli.terminal import wants_color

    write(to_text(status_trees(answers.statuses, answers.words, answers.at), has_color=wants_color(Color.AUTO)))
    return answers.exit_status


def reserve(agent: Agent, action: str, names: Sequence[str], options: argparse.Namespace) -> int:
    """The verbs about reservations: take, release, show."""
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.reserving import act_on_disks, show_disks

    if action == "show":
        return show_disks(names, Manner(), agent)
    return act_on_disks(action, names, Limits(frozenset(), options.waitlock), Manner(), agent=agent)


def replicate(agent: Agent, word: str, names: Sequence[str], options: argparse.Namespace) -> int:
    """The verbs that send copies to other nodes."""
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.options import split
    from opensvc_core.cli.syncing import show_replications, sync
    from opensvc_core.plan import Selection

    selection = Selection(split(options.rid), tuple(options.tags or ()))
    manner = Manner(verbosity=2 if options.debug else 0)
    if options.dry_run:
        return show_replications(agent, word, names, selection, manner, is_forced=options.force)
    limits = Limits(frozenset(), options.waitlock)
    return sync(agent, word, names, selection, limits, manner, is_forced=options.force)


def act_on_services(agent: Agent, verb: str, names: Sequence[str], options: argparse.Namespace) -> int:
    """The verbs that change something."""
    from opensvc_core.cli.acting import act, load_or_fail, show_plan
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.options import split
    from opensvc_core.plan import Selection

    limits = Limits(frozenset(FORCE_PERMITS) if options.force else frozenset(), options.waitlock)
    manner = Manner(verbosity=2 if options.debug else 0)
    if verb in {"boot", "shutdown"}:
        from opensvc_core.cli.booting import tell_rounds

        def work(own: Agent, how: RunOptions) -> Rounds:
            return own.boot(how, names) if verb == "boot" else own.shutdown(how, names)

        return tell_rounds(verb, limits, manner, work, agent)
    if verb in MOVES:
        return _move(agent, verb, names, options, limits, manner)
    rids, tags = split(options.rid), tuple(options.tags or ())
    if verb in {"start", "stop", "restart", "startstandby", "stopstandby"}:
        action = verb
    else:
        action, groups = part_of(verb)
        rids = tuple(rid for rid in _rids(load_or_fail(agent, names), groups) if not rids or rid in rids)
        if not rids:
            from opensvc_core.cli.output import say

            say(f"{', '.join(names)}: no such resources, nothing to do")
            return 0
    if options.dry_run:
        return show_plan(agent, action, names, Selection(rids, tags), manner)
    return act(agent, action, names, Selection(rids, tags), limits, manner)


def _move(
    agent: Agent, verb: str, names: Sequence[str], options: argparse.Namespace, limits: Limits, manner: Manner
) -> int:
    """``switch --to NODE``, ``migrate --to NODE``, ``takeover``, ``giveback``."""
    from opensvc_core.cli.moving import move_services, show_move

    if verb in {"switch", "migrate"} and not options.to:
        raise UsageError(f"{verb}: where to?", hint="--to NODE")
    if options.dry_run:
        return show_move(agent, verb, names, options.to, (), manner)
    return move_services(agent, verb, names, options.to, limits, manner)


def part_of(verb: str) -> tuple[str, tuple[str, ...]]:
    """The action and the columns of ``svcmon`` that a verb like ``startapp`` means. Raises UsageError."""
    if verb in MOUNTS:
        return MOUNTS[verb], ("disk", "fs")
    for action in ("start", "stop"):
        part = verb.removeprefix(action)
        if part != verb and part in PARTS:
            return action, PARTS[part]
    raise UsageError(f"there is no verb {verb!r}", hint="`svcmgr --help` lists the verbs")


def _rids(services: Sequence[Service], groups: Sequence[str]) -> tuple[str, ...]:
    from opensvc_core.status import group_of

    rids = (r.rid for service in services for r in service.resources if group_of(r) in groups)
    return tuple(dict.fromkeys(rids))
