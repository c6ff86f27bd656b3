"""Simulated ``ping`` (texts captured from iputils 20221126). It does not wait for silent hosts."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.network import answering_macs, resolve
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

WITH_VALUE = "cWwisItlMmQTpS"


def run(call: Call) -> Answer:
    """Answer one ``ping`` call; it must say how many requests to send (``-c`` or ``-w``)."""
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
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        addresses = resolve(world, hosts[-1])
        answers = bool(addresses) and bool(answering_macs(world, addresses[0], now(world)))
    if not addresses:
        return Answer(2, "", f"ping: {hosts[-1]}: Name or service not known\n")
    return Answer(0 if answers else 1, _report(hosts[-1], addresses[0], count, answers=answers, quiet="q" in options))


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
