"""Checks of the first rule: cannot tell is not down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from opensvc_core.api import Command, CommandResult, OpenSVCError, Resource, Status
from opensvc_testkit.conformance import faults
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.observed_host import Choice, Fault, Go, any_command, is_query, program
from opensvc_testkit.conformance.requirement import attempt, require
from opensvc_testkit.conformance.stage import Stage

LIMIT = 30.0
"""Seconds, none of them waited for, that a status has whose tools go wrong."""


class CannotTell(Checks):
    """A tool hangs, is not there, fails, prints garbage or half of its answer."""

    def test_a_tool_that_hangs_makes_it_undef(self, stage: Stage) -> None:
        """It is ended at its limit, having said nothing."""
        self._is_undef(stage, {"hangs": faults.hang(stage.clock)})

    def test_a_tool_that_is_absent_makes_it_undef(self, stage: Stage) -> None:
        """It is not installed, or not where it was."""
        self._is_undef(stage, {"is not installed": faults.be_absent})

    def test_a_tool_that_fails_makes_it_undef(self, stage: Stage) -> None:
        """It ends with status 1 and a message that nobody has seen before."""
        self._is_undef(stage, {"fails": faults.fail})

    def test_a_tool_that_prints_garbage_makes_it_undef(self, stage: Stage) -> None:
        """It ends with status 0 and says what means nothing."""
        self._is_undef(stage, {f"prints {text!r}": faults.print_instead(text) for text in faults.GARBAGE})

    def test_half_an_answer_is_not_down(self, stage: Stage) -> None:
        """An answer that was cut, anywhere, with exit status 0: what is up is not told down, what is down not up."""
        resources = [stage.resource(number) for number in range(2)]
        for wrong in (Status.UP, Status.DOWN):
            if wrong is Status.DOWN:
                for resource in resources:
                    stage.bring(resource, Status.UP)
            with stage.observation.replaying():
                for command, number, length in self._cuts(stage, resources):
                    with stage.observation.struck(_once(faults.cut(length), number)):
                        told = stage.status(*resources, limit=LIMIT)
                    for resource in resources:
                        require(
                            told[resource.id].status is not wrong,
                            f"`{' '.join(command.argv)}` was cut after {length} characters, and what is not "
                            f"{wrong.value} is told {wrong.value}",
                        )

    def test_a_start_that_cannot_look_is_an_error(self, stage: Stage) -> None:
        """While its tools cannot be asked, nothing is started and nothing is said to be up."""
        self._is_error(stage, "start")

    def test_a_stop_that_cannot_look_is_an_error(self, stage: Stage) -> None:
        """While its tools cannot be asked, nothing is said to be down."""
        self._is_error(stage, "stop")

    # -- how ----------------------------------------------------------------------------------------------------------

    def _is_undef(self, stage: Stage, mishaps: Mapping[str, Fault]) -> None:
        """Each tool in turn goes wrong whenever it is called, with the resource down and up."""
        resource = stage.resource()
        for status in (Status.DOWN, Status.UP):
            if status is Status.UP:
                stage.bring(resource, status)
            with stage.observation.replaying():
                tools = self._tools(stage, resource)
                choices = {tool: _of(tool) for tool in tools} | {"every tool that it asks": any_command}
                for (tool, choice), (what, fault) in product(choices.items(), mishaps.items()):
                    with stage.observation.struck(fault, choice):
                        report = stage.status(resource, limit=LIMIT)[resource.id]
                    require(
                        report.status is Status.UNDEF,
                        f"{tool} {what}, and what is {status.value} is told {report.status.value}, not undef "
                        f"({'; '.join(note.text for note in report.notes)})",
                    )
                    require(any(note.text for note in report.notes), f"{tool} {what}: undef, and no note says why")

    def _is_error(self, stage: Stage, action: str) -> None:
        resource = stage.resource()
        due = Status.DOWN if action == "start" else Status.UP
        if due is Status.UP:
            stage.bring(resource, due)
        for what, fault in (
            ("hang", faults.hang(stage.clock)),
            ("are not installed", faults.be_absent),
            ("fail", faults.fail),
            ("print garbage", faults.print_instead(faults.GARBAGE[0])),
        ):
            before = stage.platform.state()
            context = stage.context(action, resource)
            with stage.observation.struck(fault, is_query):
                error, outcome = attempt(lambda: getattr(stage, action)(resource, context))  # noqa: B023 - called here
            require(error, f"its tools {what}, and a {action} gave {outcome}")
            require(
                isinstance(error, OpenSVCError), f"its tools {what}, and a {action} raised {error!r}, no ActionError"
            )
            if action == "start":
                require(stage.platform.state() == before, f"its tools {what}, and a start changed something")

    def _tools(self, stage: Stage, resource: Resource) -> list[str]:
        """The tools that a status asks, in order, without those that it may do without."""
        with stage.observation.watching() as seen:
            stage.status(resource)
        asked = dict.fromkeys(program(each.command) for each in seen if not each.is_inner)
        return [tool for tool in asked if tool not in self.auxiliary]

    def _cuts(self, stage: Stage, resources: list[Resource]) -> Iterator[tuple[Command, int, int]]:
        """Each command of a status, its place among them, and where its answer is cut."""
        with stage.observation.watching() as seen:
            stage.status(*resources)
        for number, each in enumerate(one for one in seen if not one.is_inner):
            key = (each.host, each.command.argv, each.command.input)
            answer = (stage.observation.answers or {}).get(key)
            alone = program(each.command) in self.lines_stand_alone
            for length in faults.cuts(answer.stdout if answer else "", lines_stand_alone=alone):
                yield each.command, number, length


def _of(tool: str) -> Choice:
    return lambda command: program(command) == tool


def _once(fault: Fault, number: int) -> Fault:
    """A fault of the command in that place alone."""
    calls = -1

    def striking(command: Command, go: Go) -> CommandResult:
        nonlocal calls
        calls += 1
        return fault(command, go) if calls == number else go()

    return striking
