"""Simulated ``uname`` of Solaris, by the node's release ([R]: from its manual)."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.solaris.places import system_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

LETTERS = "snrvmpi"
ORDER = "snrvmpi"


def run(call: Call) -> Answer:
    """Answer one ``uname`` call; ``-a`` is ``-snrvmpi``."""
    with call.store.opened() as world:
        node = call.here(world)
        release = system_of(node)["release"]
    solaris_10 = release == "10"
    facts = {
        "s": "SunOS",
        "n": node["name"],
        "r": "5.10" if solaris_10 else "5.11",
        "v": "Generic_147147-26" if solaris_10 else "joyent_1" if release == "illumos" else release,
        "m": "sun4v",
        "p": "sparc",
        "i": "sun4v",
    }
    asked = "".join(word.removeprefix("-") for word in call.words)
    if "a" in asked:
        asked = LETTERS
    unknown = next((letter for letter in asked if letter not in LETTERS), "")
    if unknown:
        return Answer(2, "", f"uname: illegal option -- {unknown}\nusage:\tuname [-aimnprsvX]\n\tuname [-S system]\n")
    return Answer(0, " ".join(facts[letter] for letter in ORDER if letter in (asked or "s")) + "\n")
