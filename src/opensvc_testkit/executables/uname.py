"""Simulated ``uname`` of a node.

The answers for Linux are the real one's (coreutils 9.1); those for HP-UX and SunOS are [R], from their manual pages.
"""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

# release, version, machine; what follows them in -a
SYSTEMS = {
    "Linux": ("6.1.0-18-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1", "x86_64", "GNU/Linux"),
    "HP-UX": ("B.11.31", "U", "ia64", "0000000000 unlimited-user license"),
    "SunOS": ("5.10", "Generic_147440-01", "sun4v", "sparc SUNW,SPARC-Enterprise-T5220"),
}
LETTERS = "snrvm"
WORDS = {"--kernel-name": "s", "--nodename": "n", "--kernel-release": "r", "--kernel-version": "v", "--machine": "m",
         "--all": "a"}  # fmt: skip


def run(call: Call) -> Answer:
    """Answer one ``uname`` call."""
    with call.store.opened() as world:
        node = call.here(world)
    system = node["os_name"]
    release, version, machine, rest = SYSTEMS.get(system, SYSTEMS["Linux"])
    facts = dict(zip(LETTERS, (system, node["name"], release, version, machine), strict=True))
    asked = ""
    for word in call.words:
        asked += WORDS.get(word, word.removeprefix("-"))
    if "a" in asked:
        return Answer(0, " ".join([*facts.values(), rest]) + "\n")
    unknown = next((letter for letter in asked if letter not in LETTERS), "")
    if unknown:
        return Answer(1, "", f"uname: invalid option -- '{unknown}'\nTry 'uname --help' for more information.\n")
    return Answer(0, " ".join(facts[letter] for letter in LETTERS if letter in (asked or "s")) + "\n")
