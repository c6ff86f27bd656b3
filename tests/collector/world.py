"""One round: a node, a collector and the wire between them; actions with troubles, and what must be true at the end."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field

from opensvc_testkit.collector import Call, Certificates, RecordingCollector
from tests.collector.node import SERVICES, Node, Told
from tests.collector.shifted_clock import ShiftedClock
from tests.collector.small_disk import SmallDisk
from tests.collector.troubles import TROUBLES, Trouble
from tests.collector.wire import Wire

ACTIONS = 4
"""Actions of a round."""
TIMEOUT = "1s"
"""For one call; a collector that hangs is given up after it."""
USUAL = 1.5
"""Seconds that an action takes, before one was seen to end well."""
BEYOND = 1.2
"""Within so many times what an action takes chance strikes it: some end before."""
PATIENCE = 60.0
"""Seconds within which all is sent once all is well."""
METHODS = {"begin": "begin_action", "end": "end_action"}


class Violation(AssertionError):
    """A round did not keep what is promised; the text says what."""


@define
class World:
    """What a round plays in.

    Attributes:
        node: that acts.
        wire: to the collector.
        collector: that must come to know it all.
        counts: what struck, and where.
    """

    node: Node
    wire: Wire
    collector: RecordingCollector
    counts: Counter[tuple[str, str]] = field(factory=Counter)
    _action: subprocess.Popen[str] | None = field(default=None, init=False)
    _may_repeat: bool = field(default=False, init=False)
    _usual: float = field(default=USUAL, init=False)
    _unwritten: set[int] = field(factory=set, init=False)

    @classmethod
    @contextmanager
    def up(
        cls, folder: Path, clock: ShiftedClock | None, certificates: Certificates | None, *, small_disk: bool
    ) -> Iterator[World]:
        """A round's world for as long as the block lasts."""
        disk = SmallDisk(folder / "root") if small_disk else None
        node = Node(folder, clock, disk)
        try:
            with RecordingCollector.up(folder / "collector", certificates) as collector:
                address = urlsplit(collector.url)
                wire = Wire(address.port or 0)
                trusted = {}
                if certificates:
                    authority = node.outside / "etc" / "authority.pem"
                    authority.parent.mkdir(parents=True)
                    authority.write_bytes(certificates.authority.read_bytes())
                    trusted = {"authorities": str(node.root / "etc" / "authority.pem")}
                url = collector.url.replace(f":{address.port}", f":{wire.port}")
                node.collector_settings = {"url": url, "timeout": TIMEOUT, **trusted}
                node.prepare()
                try:
                    yield cls(node, wire, collector)
                finally:
                    node.end_all()
                    wire.close()
        finally:
            if clock:
                clock.put(0)
            if disk:
                disk.close()

    def count(self, what: str, where: str) -> None:
        """Note that something struck."""
        self.counts[what, where] += 1

    # -- the play -------------------------------------------------------------------------------------------------

    def play(self, leading: Trouble, chance: random.Random) -> None:
        """Do some actions, with one trouble for certain and others by chance; then put all right and settle.

        Raises:
            Violation: something took longer than it may.
        """
        if chance.random() < 0.3:
            self._expect(self.node.osvc("collector", "register"), {0}, "register")
        certain = chance.randrange(ACTIONS)
        for number in range(ACTIONS):
            others = [chance.choice(TROUBLES)] if chance.random() < 0.3 else []
            self._act([*([leading] if number == certain else []), *others], chance)
            if chance.random() < 0.3:
                self._limited("collector", "flush")
            if chance.random() < 0.5:
                self.mend()
        self.mend()
        self._settle()

    def mend(self) -> None:
        """Put everything right, but the clock where it was stepped."""
        self.wire.mend()
        if self.collector.is_alive():
            self.collector.resume()
        else:
            self.collector.start()
        self.collector.mend()
        if self.node.disk:
            self.node.disk.empty()

    def kill_action(self) -> None:
        """Kill the agent that is acting (SIGKILL), and note where it was."""
        child = self._action
        if child is None or child.poll() is not None:
            return
        child.kill()
        child.wait()
        runs = [run for run in self.node.runs() if run.pid == child.pid]
        if not runs:
            where = "before the run began"
        elif all(run.outcome for run in runs):
            where = "after its end"
        else:
            where = "in a step" if self.node.running_steps() else "between steps"
        self.count("agent killed", where)

    def _act(self, troubles: Sequence[Trouble], chance: random.Random) -> None:
        service, verb = chance.choice(SERVICES), chance.choice(["start", "start", "stop"])
        self.node.set_failing(service, fails=chance.random() < 0.2)
        if self._is_cut(service):
            verb = "recover"
        during = []
        for trouble in troubles:
            self._may_repeat |= trouble.repeats
            if trouble.name != "agent killed" and chance.random() < 0.5:
                trouble.strike(self, chance)
                self.count(trouble.name, "before an action")
            else:
                during.append(trouble)
        began, written = time.monotonic(), self.node.written()
        child = self._action = self.node.start(verb, service)
        for trouble in during:
            if trouble.hits_agent and chance.random() < 0.7:
                self._wait_for_run(child, written)
            try:
                child.wait(chance.random() * (BEYOND * self._usual - min(time.monotonic() - began, self._usual)))
                where = "after an action"
            except subprocess.TimeoutExpired:
                where = "during an action"
            trouble.strike(self, chance)
            if trouble.name != "agent killed":
                self.count(trouble.name, where)
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            message = f"`osvc {verb} {service}` hangs"
            raise Violation(message) from None
        if not troubles:
            self._usual = time.monotonic() - began
        if "journal" in self.node.said():
            # A stop goes on where the journal cannot be written, and says so: nobody can report it.
            self._unwritten.add(child.pid)
        self._action = None

    def _wait_for_run(self, child: subprocess.Popen[str], written: object) -> None:
        """Wait until the action under way has written to the journal, or ended."""
        while self.node.written() == written and child.poll() is None:
            time.sleep(0.005)

    def _is_cut(self, service: str) -> bool:
        outcomes = [run.outcome for run in self.node.runs() if run.service == service]
        return bool(outcomes) and outcomes[-1] in {"", "interrupted", "unknown"}

    def _limited(self, *arguments: str) -> int:
        try:
            return self.node.osvc(*arguments, limit=PATIENCE)
        except subprocess.TimeoutExpired:
            message = f"`osvc {' '.join(arguments)}` hangs"
            raise Violation(message) from None

    def _expect(self, status: int, allowed: set[int], what: str) -> None:
        if status not in allowed:
            message = f"`osvc {what}` ended with {status}: {self.node.said()}"
            raise Violation(message)

    def _settle(self) -> None:
        """All is well: what was cut is put right, and everything is sent."""
        if self.collector.certificates and self.node.clock:
            # By a clock that is far behind, no certificate is valid yet: then all waits for the right time.
            self.node.clock.put(0)
        for service in SERVICES:
            self.node.set_failing(service, fails=False)
            if self._is_cut(service):
                self._limited("recover", service)
        self._expect(self._limited("stop", *SERVICES), {0}, "stop")
        self.node.wait_for_silence()
        end = time.monotonic() + PATIENCE
        while self._limited("collector", "flush") and time.monotonic() < end:
            pass

    # -- what must be true ----------------------------------------------------------------------------------------

    def check(self) -> int:
        """Hold the round against what is promised; gives back how many records came twice.

        Raises:
            Violation: it was not kept.
        """
        if wrong := self.collector.violations():
            raise Violation("\n".join(wrong))
        if broken := self.node.broken_journals():
            message = f"a journal was set aside: {broken}"
            raise Violation(message)
        if failed := self.node.failed_observers():
            raise Violation("\n".join(failed))
        told = self.node.told()
        if len(told) < 2 * len(SERVICES):
            message = f"hardly anything ran: {self.node.said()}"
            raise Violation(message)
        self._check_journal(told)
        calls = self.collector.calls(*METHODS.values())
        came = [_named(call) for call in calls]
        first = list(dict.fromkeys(came))
        if first != told:
            missing = [each for each in told if each not in first]
            extra = [each for each in first if each not in told]
            pairs = [pair for pair in pairwise(first) if told.index(pair[0]) > told.index(pair[1])] if not extra else []
            message = f"missing {missing}, unknown {extra}, out of order {pairs}; last: {self.node.said()}"
            raise Violation(message)
        repeated = len(came) - len(first)
        if repeated and not self._may_repeat:
            message = f"{repeated} records came twice, and nothing that struck allows that"
            raise Violation(message)
        self._check_lines()
        self._check_statuses()
        return repeated

    def _check_journal(self, told: Sequence[Told]) -> None:
        """Every run that was begun is in the feed, with its end; every launcher was called by one of them."""
        runs = self.node.runs()
        expected = {(kind, run.id, run.service) for run in runs for kind in ("begin", "end")}
        if expected != {(each.kind, each.run_id, each.service) for each in told}:
            message = f"the feed has {told}, the runs are {runs}"
            raise Violation(message)
        pids = {run.pid for run in runs} | self._unwritten
        ran = self.node.ran.read_text().splitlines() if self.node.ran.exists() else []
        strangers = [line for line in ran if int(line.split()[-1]) not in pids]
        if strangers:
            message = f"ran, and no run in the journal: {strangers}"
            raise Violation(message)

    def _check_statuses(self) -> None:
        """Each change of a state arrives too, in order."""
        rows = [call.rows[0] for call in self.collector.calls("svcmon_update")]
        came = [service for service, _ in dict.fromkeys((row["mon_svcname"], row["mon_updated"]) for row in rows)]
        if came != self.node.statuses():
            message = f"the states of {came} came, those of {self.node.statuses()} were told"
            raise Violation(message)

    def _check_lines(self) -> None:
        """What a resource did comes between the begin and the end of its action."""
        seen: set[Told] = set()
        for call in self.collector.calls():
            if call.method in METHODS.values():
                seen.add(_named(call))
            elif call.method == "res_action_batch":
                for row in call.rows:
                    run_id, service = row["action_id"].split("/")[:2]
                    if Told("begin", run_id, service) not in seen:
                        message = f"a line of {row['action_id']} came before its action"
                        raise Violation(message)


def _named(call: Call) -> Told:
    run_id, service = call.rows[0]["action_id"].split("/")
    return Told(call.method.removesuffix("_action"), run_id, service)
