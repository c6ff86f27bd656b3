"""Drivers that are broken, each in a way of its own, and what an operator must read about it."""

from __future__ import annotations

from textwrap import dedent, indent

from attrs import frozen

from tests.examples.third_party import ThirdParty

HEAD = """
from pathlib import Path

Path(__file__).with_suffix(".imported").touch()

from opensvc_core import api


class Driver:
"""
START = """
@api.hookimpl
def start(self, resource, context):
    return api.Outcome.changed()
"""
STOP = """
@api.hookimpl
def stop(self, resource, context):
    return api.Outcome.changed()
"""
STATUS = """
@api.hookimpl
def status(self, resources, context):
    for resource in resources:
        yield resource.id, api.StatusReport(api.Status.DOWN)
"""


def module(*parts: str) -> str:
    """Text of a module whose class `Driver` has these parts."""
    return HEAD + "".join(indent(part, "    ") for part in parts)


@frozen
class Broken:
    """A driver that is broken.

    Attributes:
        type: of it: the driver is `disk.<type>` of the distribution `acme-<type>`.
        source: of its module.
        said: what must be told about it, besides its id.
        names_distribution: whether the distribution must be named too.
    """

    type: str
    source: str
    said: str
    names_distribution: bool = False

    @property
    def id(self) -> str:
        """Driver id."""
        return f"disk.{self.type}"

    @property
    def distribution(self) -> ThirdParty:
        """What gives it."""
        return ThirdParty(f"acme-{self.type}", {self.id: "Driver"}, self.source)


UNUSABLE = [
    Broken(
        "unimportable", HEAD.replace("class Driver:", "import a_module_that_is_not_there"), "ModuleNotFoundError", True
    ),
    Broken("asserting", HEAD.replace("class Driver:", "assert not api, 'not here'"), "AssertionError: not here", True),
    Broken("exiting", HEAD.replace("class Driver:", "raise SystemExit('not here')"), "SystemExit: not here", True),
    Broken("untidy", dedent(HEAD) + "    this is no Python\n", "SyntaxError", True),
    Broken("nameless", HEAD.replace("Driver", "Diver") + "    pass\n", "no attribute 'Driver'", True),
    Broken("statusless", module(START, STOP), "lacks the hook status"),
    Broken("wrong_signature", module(START.replace("context", "nope"), STOP, STATUS), "'nope'"),
    Broken("misspelt", module(START, STOP, STATUS, START.replace("start", "strat")), "unknown hook 'strat'"),
    Broken("from_the_future", module("api_version = 99\n", START, STOP, STATUS), "API version 99", True),
    Broken("unmakeable", module("def __init__(self, x):\n    pass\n", START, STOP, STATUS), "TypeError"),
    Broken("wordy", module("keywords = ('file',)\n", START, STOP, STATUS), "`keywords`"),
    Broken("twice", module(START, STOP, STATUS), "acme-twice 1.0 and copy-of-twice 1.0"),
]
"""Found when the driver is loaded: its resources are `undef`, and a start of their service is refused."""

LIARS = [
    Broken("silent", module(START, STOP, STATUS.replace("yield", "str();")), "`status` gave None"),
    Broken(
        "garbling", module(START, STOP, STATUS.replace("yield resource.id,", "yield")), "`status` gave StatusReport"
    ),
    Broken("stray", module(START, STOP, STATUS.replace("resource.id", "api.ResourceId('bad', 'loop#1')")), "loop#1"),
    Broken("failing", module(START, STOP, STATUS.replace("yield", "raise KeyError('oops');")), "KeyError: 'oops'"),
    Broken("devious", module(START, STOP, STATUS.replace("api.Status.DOWN", "'up'")), "'up'"),
]
"""Found when they are asked: only their own answers are `undef`."""

NONE_FROM_START = Broken(
    "speechless", module(START.replace("return", "str();"), STOP, STATUS), "gave None where an Outcome is due"
)
BAD_COMPANIONS = Broken(
    "clingy",
    module(START, STOP, STATUS, "@api.hookimpl\ndef companions(self, resource):\n    return ['disk#2']\n"),
    "`companions`",
)

BROKEN = [*UNUSABLE, *LIARS, NONE_FROM_START, BAD_COMPANIONS]
COPY = ThirdParty("copy-of-twice", {"disk.twice": "Driver"}, module(START, STOP, STATUS))
DISTRIBUTIONS = [COPY, *(each.distribution for each in BROKEN)]
