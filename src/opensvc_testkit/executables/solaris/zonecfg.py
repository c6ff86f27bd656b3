"""Simulated ``zonecfg``: commands of one line or of a file; ``info``, ``export``, ``set``, ``add``, ``delete``.

Texts are captures that others published, but for those marked [R].
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH123
from __future__ import annotations

import os

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris import zones
from opensvc_testkit.executables.solaris.options import BadOptionError, read_options
from opensvc_testkit.executables.solaris.places import system_of, zones_of
from opensvc_testkit.executables.solaris.zone_commands import Configurator, RefusedError
from opensvc_testkit.executables.store import now
from opensvc_testkit.executables.words import UnfinishedError, split_commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import World

USAGE = 2
USAGE_TEXT = """usage:\tzonecfg help
\tzonecfg -z <zone>                  \t\t\t(interactive)
\tzonecfg -z <zone> <command>
\tzonecfg -z <zone> -f <command-file>
"""


def run(call: Call) -> Answer:
    """Answer one ``zonecfg`` call."""
    try:
        options, rest = read_options(call.words, "z:f:R:r")
    except BadOptionError as error:
        return Answer(USAGE, "", f"zonecfg: {error}\n{USAGE_TEXT}")
    if not options.get("z"):
        return Answer(USAGE, "", USAGE_TEXT)
    if {"R", "r"} & options.keys() or (not rest and "f" not in options):
        raise NotSimulatedError("zonecfg " + " ".join(call.words))
    text = " ".join(rest)
    if "f" in options:
        try:
            with open(0 if options["f"] == "-" else options["f"], encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            # [R]
            return Answer(1, "", f"could not open file {options['f']}: {os.strerror(error.errno or 0)}\n")
    try:
        commands = split_commands(text)
    except UnfinishedError:
        return Answer(1, "", "syntax error at '\\n'\n")
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        return _run_commands(call, world, commands, options["z"], is_file="f" in options)


def _run_commands(call: Call, world: World, commands: list[list[str]], name: str, *, is_file: bool) -> Answer:
    node = call.here(world)
    here = zones_of(node)
    if name == zones.GLOBAL:
        raise NotSimulatedError("the global zone")
    zone = here.get(name)
    state = zones.shown_state(world, node, zone, now(world)) if zone else zones.CONFIGURED
    run = Configurator(name, zone, state, system_of(node)["release"])
    try:
        for command in commands:
            run.run(command)
        run.check()
    except RefusedError as error:
        return Answer(1, run.said, run.warned + str(error))
    if run.is_deleted:
        del here[name]
    elif run.zone is not None and run.is_changed:
        here[name] = run.zone
    # A refused zonepath in a file ends with 0 (captured by others); on the command line [R].
    return Answer(int(bool(run.warned) and not is_file), run.said, run.warned)
