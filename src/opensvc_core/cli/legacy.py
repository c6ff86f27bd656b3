"""The commands of 2010: `svcmgr` (also as `etc/<svc>`), `svcmon`, `nodemgr`, as the cookbook types them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from opensvc_core.cli.failure import UsageError, Wishes, report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

NOT_YET = (
    "syncupdate", "syncresync",
    "syncverify", "syncquiesce", "syncresume", "syncsplit",
    "run", "get", "set", "unset", "update", "delete",
    "edit_config", "create", "print_schedule", "push_appinfo", "freezestop", "move", "provision", "unprovision",
    "enable", "disable",
)  # fmt: skip
"""Verbs of the cookbook and of the agents after it that this version does not have."""

REPLICATIONS = {"syncnodes": "nodes", "syncdrp": "drp", "syncall": "all"}
"""Verbs of 2010 for ``osvc sync``; ``--force`` passes over the shortest delay between two."""

LISTS = ("diskupdate", "presync", "postsync")
"""Verbs that write what peers need of disks: ``diskupdate`` became the other two in 2010."""

MOVES = ("switch", "migrate", "takeover", "giveback")
"""Verbs of 2010 and after that bring a service to another node."""

RESERVATION_VERBS = {
    "scsireserv": "take",
    "scsirelease": "release",
    "scsicheckreserv": "show",
    "prstart": "take",
    "prstop": "release",
    "prstatus": "show",
}
"""Verbs of 2010 and after for ``osvc reservation``."""

HINTS = {
    "print_schedule": "`osvc schedule` shows it",
    "create": "`osvc config create NAME --from FILE` makes a service",
}

NODE_VERBS = (
    "syncservices", "pushstats", "pushsym", "compliance_check", "compliance_fix", "get", "set", "unset", "scanscsi",
    "updatepkg",
)  # fmt: skip
"""Verbs of ``nodemgr`` (agents 2010 and 2013) that this version does not have."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors look like all others."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError."""
        raise UsageError(message, hint=f"`{self.prog} --help` tells what it takes")


def svcmgr() -> None:
    """Run ``svcmgr -s SVC VERB``, or ``etc/SVC VERB``, and exit with its status."""
    _exit("svcmgr", lambda: run_svcmgr(sys.argv[0], sys.argv[1:]))


def svcmon() -> None:
    """Run ``svcmon`` and exit with its status."""
    _exit("svcmon", lambda: run_svcmon(sys.argv[1:]))


def nodemgr() -> None:
    """Run ``nodemgr VERB`` and exit with its status."""
    _exit("nodemgr", lambda: run_nodemgr(sys.argv[1:]))


def _exit(name: str, work: Callable[[], int]) -> NoReturn:
    try:
        status = work()
    except KeyboardInterrupt:
        status = 130
    except Exception as error:  # noqa: BLE001 - the outermost door: every error becomes a line and an exit status
        status = report(error, Wishes(is_loud="--debug" in sys.argv), command_line=name)
    sys.exit(status)


def link_of(program: str) -> tuple[Path | None, str]:
    """Root folder and service that a call by ``etc/<svc>`` means.

    Args:
        program: ``argv[0]``.

    Returns:
        The root folder and the name, or ``(None, "")`` if it was not called by a link below an ``etc/``.
    """
    path = Path(program).absolute()
    if path.parent.name == "etc" and path.is_symlink() and path.name != "svcmgr":
        return path.parent.parent, path.name
    return None, ""


def run_svcmgr(program: str, argv: Sequence[str]) -> int:
    """Run one command line of ``svcmgr`` and give back the exit status.

    Args:
        program: ``argv[0]``: a link ``etc/<svc>`` names service and root folder.
        argv: the words after it.

    Raises:
        OpenSVCError: as for ``osvc``; NotYet for verbs of later versions.
    """
    root, linked = link_of(program)
    options = _svcmgr_parser(linked).parse_args(list(argv))
    verb: str = options.verb.replace("-", "_")
    names = [linked] if linked else [name for name in options.service.split(",") if name]
    if not names:
        raise UsageError("no service is named", hint="svcmgr -s SERVICE VERB, or etc/SERVICE VERB")
    if verb in NOT_YET:
        _refuse(verb)
    if verb == "push":
        from opensvc_core.cli.legacy_reports import PUSH, run_words

        return run_words((*PUSH, *names), options.verb, root)
    from opensvc_core.cli.environment import open_here

    agent = open_here(root)
    if verb in {"print_status", "status", "json_status", "frozen", "print_config", "validate_config"}:
        return _look(agent, verb, names)
    if verb in LISTS:
        from opensvc_core.cli.disks import update_and_tell
        from opensvc_core.cli.options import Format

        return update_and_tell(names, Format.TABLE, agent)
    if verb in REPLICATIONS:
        return _replicate(agent, REPLICATIONS[verb], names, options)
    if verb in RESERVATION_VERBS:
        return _reserve(agent, RESERVATION_VERBS[verb], names, options)
    if verb in {"freeze", "thaw"}:
        found = agent.find(names)
        (agent.freeze if verb == "freeze" else agent.thaw)(found)
        return 0
    return _act(agent, verb, names, options)


def _svcmgr_parser(linked: str) -> _Parser:
    parser = _Parser(prog=linked or "svcmgr", description="The command of 2010. `osvc --help` tells of the new ones.")
    if not linked:
        parser.add_argument("-s", "--service", default="", metavar="SVC[,SVC]", help="the services")
    parser.add_argument("-f", "--force", action="store_true", help=f"lift: {', '.join(FORCE_PERMITS)}")
    parser.add_argument("--rid", action="append", metavar="RID[,RID]", help="only these resources")
    parser.add_argument("--tags", action="append", metavar="TAGS", help="only resources with these tags")
    parser.add_argument("--to", default="", metavar="NODE", help="with switch: the node to start it on")
    parser.add_argument("--waitlock", type=float, default=60.0, metavar="SECONDS", help="wait for another run's lock")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done")
    parser.add_argument("--debug", action="store_true", help="show commands, and tracebacks of errors")
    parser.add_argument(
        "verb",
        metavar="VERB",
        help="print_status, status, start, stop, restart, freeze, thaw, frozen, print_config, validate_config, mount, "
        f"push, {', '.join(MOVES)}, "
        f"umount, {', '.join((*LISTS, *REPLICATIONS))}, "
        f"start/stop followed by {', '.join(PARTS)}, {', '.join(RESERVATION_VERBS)}",
    )
    return parser


def _refuse(verb: str) -> NoReturn:
    from opensvc_core.errors import NotYet

    raise NotYet(f"{verb}: this version does not have it yet", hint=HINTS.get(verb, "`osvc --help` lists what it has"))


def _look(agent: Agent, verb: str, names: Sequence[str]) -> int:
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


def _reserve(agent: Agent, action: str, names: Sequence[str], options: argparse.Namespace) -> int:
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.reserving import act_on_disks, show_disks

    if action == "show":
        return show_disks(names, Manner(), agent)
    return act_on_disks(action, names, Limits(frozenset(), options.waitlock), Manner(), agent=agent)


def _replicate(agent: Agent, word: str, names: Sequence[str], options: argparse.Namespace) -> int:
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


def _act(agent: Agent, verb: str, names: Sequence[str], options: argparse.Namespace) -> int:
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


def run_svcmon(argv: Sequence[str]) -> int:
    """Run one command line of ``svcmon``, which lists as ``osvc mon`` does, and give back the exit status.

    Raises:
        NotYet: ``--updatedb``, and nothing is installed that reports to a collector.
    """
    parser = _Parser(prog="svcmon", description="One row a service; `osvc mon` is the new way.")
    parser.add_argument("-s", "--service", default="", metavar="SVC[,SVC]", help="only these")
    parser.add_argument("--updatedb", action="store_true", help="report to the collector, too")
    parser.add_argument("--verbose", action="store_true", help="print_status of each service")
    parser.add_argument("--debug", action="store_true", help="tracebacks of errors")
    options = parser.parse_args(list(argv))
    reported = 0
    if options.updatedb:
        from opensvc_core.cli.legacy_reports import UPDATE, run_words

        only = ("--service", options.service) if options.service else ()
        reported = run_words((*UPDATE, *only), "svcmon --updatedb")
    from opensvc_core.cli.asking import ask
    from opensvc_core.cli.options import Color
    from opensvc_core.cli.output import write
    from opensvc_core.cli.render import to_text
    from opensvc_core.cli.render.status import mon_table, status_trees
    from opensvc_core.cli.terminal import wants_color

    answers = ask([name for name in options.service.split(",") if name], is_whole=options.verbose)
    words = answers.words
    view = (
        status_trees(answers.statuses, words, answers.at)
        if options.verbose
        else mon_table(answers.statuses, None, words, answers.at)
    )
    write(to_text(view, has_color=wants_color(Color.AUTO)))
    answers.tell_broken()
    return max(answers.exit_status, reported)


def run_nodemgr(argv: Sequence[str]) -> int:
    """Run one command line of ``nodemgr``, and give back the exit status.

    Raises:
        NotYet: the verb is known, and belongs to a later version or to a distribution that is not installed.
        UsageError: it is not known.
    """
    from opensvc_core.cli.legacy_reports import NODE_REPORTS, run_words

    parser = _Parser(prog="nodemgr", description="Actions on the node; `osvc --help` tells of the new ones.")
    parser.add_argument("--debug", action="store_true", help="tracebacks of errors")
    parser.add_argument("verb", metavar="VERB", help=", ".join(("prkey", *NODE_REPORTS)))
    verb: str = parser.parse_args(list(argv)).verb
    if verb == "prkey":
        from opensvc_core.cli.keys import tell_key
        from opensvc_core.cli.options import Format

        return tell_key(Format.PLAIN, is_new=False)
    if verb in NODE_REPORTS:
        return run_words(NODE_REPORTS[verb], f"nodemgr {verb}")
    if verb not in NODE_VERBS:
        raise UsageError(f"there is no verb {verb!r}", hint="`nodemgr --help` lists the verbs")
    _refuse(verb)
