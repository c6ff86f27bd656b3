"""Simulated ``ping`` (texts captured from iputils 20221126). It does not wait for silent hosts.

On HP-UX and SunOS it is their own, [R] from their manual pages: ``ping HOST -n COUNT`` waits for ever for a reply,
``ping HOST SECONDS`` says in a word whether there was one.
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, HangsError, NotSimulatedError
from opensvc_testkit.executables.network import answering_macs, resolve
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import World

WITH_VALUE = "cWwisItlMmQTpS"


def run(call: Call) -> Answer:
    """Answer one ``ping`` call of the node's own kind."""
    with call.store.opened() as world:
        system = call.here(world)["os_name"]
    return {"HP-UX": _hp_ux, "SunOS": _sunos}.get(system, _linux)(call)


def _linux(call: Call) -> Answer:
    """It must say how many requests to send (``-c`` or ``-w``)."""
    options: dict[str, str] = {}
    hosts = []
    words = list(call.words)
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word == "-":
            hosts.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter not in WITH_VALUE:
                options[letter] = ""
                continue
            options[letter] = letters or (words.pop(0) if words else "")
            letters = ""
    if not hosts:
        return Answer(1, "", "ping: usage error: Destination address required\n")
    if not ({"c", "w"} & options.keys()):
        raise NotSimulatedError("ping without end")
    count = int(options.get("c") or 1)
    addresses, answers = _ask(call, hosts[-1])
    if not addresses:
        return Answer(2, "", f"ping: {hosts[-1]}: Name or service not known\n")
    return Answer(0 if answers else 1, _report(hosts[-1], addresses[0], count, answers=answers, quiet="q" in options))


def _ask(call: Call, host: str) -> tuple[list[str], bool]:
    """Addresses of a host, and whether anybody answers at the first."""
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        addresses = resolve(world, host)
        return addresses, bool(addresses) and _is_there(world, addresses[0])


def _is_there(world: World, address: str) -> bool:
    return bool(answering_macs(world, address, now(world)))


def _hp_ux(call: Call) -> Answer:
    if len(call.words) != 3 or call.words[1] != "-n":
        raise NotSimulatedError("ping " + " ".join(call.words))
    host, _, count = call.words
    addresses, answers = _ask(call, host)
    if not addresses:
        return Answer(1, "", f"ping: unknown host {host}\n")
    if not answers:
        raise HangsError(lambda world: not _is_there(world, addresses[0]))
    lines = [f"PING {host}: 64 byte packets"]
    lines += [f"64 bytes from {addresses[0]}: icmp_seq={number}. time=0. ms" for number in range(int(count))]
    lines += [
        "",
        f"----{host} PING Statistics----",
        f"{count} packets transmitted, {count} packets received, 0% packet loss",
        "round-trip (ms)  min/avg/max = 0/0/0",
    ]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _sunos(call: Call) -> Answer:
    if len(call.words) not in (1, 2) or call.words[0].startswith("-"):
        raise NotSimulatedError("ping " + " ".join(call.words))
    host = call.words[0]
    addresses, answers = _ask(call, host)
    if not addresses:
        return Answer(1, "", f"ping: unknown host {host}\n")
    return Answer(0, f"{host} is alive\n") if answers else Answer(1, f"no answer from {host}\n")


def _report(host: str, address: str, count: int, *, answers: bool, quiet: bool) -> str:
    lines = [f"PING {host} ({address}) 56(84) bytes of data."]
    if answers and not quiet:
        lines += [f"64 bytes from {address}: icmp_seq={number} ttl=64 time=0.338 ms" for number in range(1, count + 1)]
    lost = "0%" if answers else "100%"
    time = 1000 * (count - 1)
    lines += ["", f"--- {host} ping statistics ---"]
    lines.append(f"{count} packets transmitted, {count if answers else 0} received, {lost} packet loss, time {time}ms")
    lines.append("rtt min/avg/max/mdev = 0.338/0.338/0.338/0.000 ms" if answers else "")
    return "".join(f"{line}\n" for line in lines)
