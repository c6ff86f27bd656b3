"""Commands through the QEMU guest agent: answers of every kind, limits, the protocol's words."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import (
    ActionError,
    Cancel,
    Cancelled,
    Command,
    CommandNotFound,
    CommandResult,
    CommandTimeout,
)
from opensvc_drivers_kvm.guest_agent import AgentError, GuestAgent
from tests.opensvc_core.container_stand_ins import HeldClock
from tests.opensvc_drivers_kvm.stand_ins import AnsweringHost, context_on

NOT_STARTED = (
    "error: internal error: unable to execute QEMU agent command 'guest-exec': Guest agent command failed, child "
    "process has failed to start: Failed to execute child process “setsid” (No such file or directory)\n"
)


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def agent_on(host: AnsweringHost, clock: HeldClock | None = None) -> GuestAgent:
    return GuestAgent("qemu:///system", "vm1", context_on(host, clock=clock or HeldClock(), limit=1000))


def questions(host: AnsweringHost) -> list[dict[str, Any]]:
    return [json.loads(command.argv[-1]) for command in host.asked]


def ended(**answer: object) -> str:
    return json.dumps({"return": {"exited": True, **answer}})


def test_a_command_is_begun_and_asked_for_until_it_has_ended() -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout='{"return":{"exited":false}}\n')
    host.on("guest-exec", stdout='{"return":{"pid":77}}\n')
    clock = HeldClock()

    def end_after_a_while(at: float) -> None:
        if at > 1003:
            host.answers.insert(0, (("guest-exec-status",), CommandResult((), 0, ended(exitcode=3))))

    clock.on_wait = end_after_a_while
    result = agent_on(host, clock).execute(Command(("ls", "-l"), timeout=30, env={"A": "b"}), Cancel())
    assert result.rc == 3
    assert result.argv == ("ls", "-l")
    first = questions(host)[0]
    assert first["execute"] == "guest-exec"
    assert (first["arguments"]["path"], first["arguments"]["arg"]) == ("setsid", ["ls", "-l"])
    assert {"A=b", "LC_ALL=C"} <= set(first["arguments"]["env"])
    assert 4 < len(host.asked) < 20


def test_output_input_and_signals() -> None:
    host = AnsweringHost()
    answer = {"out-data": packed("out é\n"), "err-data": packed("err\n"), "signal": 9}
    host.on("guest-exec-status", stdout=ended(**answer))
    host.on("guest-exec", stdout='{"return":{"pid":77}}\n')
    result = agent_on(host).execute(Command(("cat",), input=b"in\xff"), Cancel())
    assert (result.rc, result.stdout, result.stderr) == (-9, "out é\n", "err\n")
    assert base64.b64decode(questions(host)[0]["arguments"]["input-data"]) == b"in\xff"


def test_what_may_leave_daemons_writes_into_a_file() -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout=ended(exitcode=0))
    host.on("guest-exec", stdout='{"return":{"pid":77}}\n')
    agent_on(host).execute(Command(("/svc/S10db", "start"), leaves_daemons=True), Cancel())
    words = questions(host)[0]["arguments"]["arg"]
    assert words[:2] == ["sh", "-c"]
    assert words[-2:] == ["/svc/S10db", "start"]


def test_a_guest_without_setsid_runs_the_command_itself() -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout=ended(exitcode=0))
    host.on('"setsid"', stderr=NOT_STARTED, rc=1)
    host.on("guest-exec", stdout='{"return":{"pid":77}}\n')
    assert agent_on(host).execute(Command(("ls",)), Cancel()).rc == 0
    assert questions(host)[1]["arguments"]["path"] == "ls"


@pytest.mark.parametrize(
    "said", ["setsid: failed to execute x: No such file", "setsid: can't execute 'x': No such file"]
)
def test_a_command_that_is_not_there(said: str) -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout=ended(exitcode=127, **{"err-data": packed(said)}))
    host.on("guest-exec", stdout='{"return":{"pid":77}}\n')
    with pytest.raises(CommandNotFound, match="No such file"):
        agent_on(host).execute(Command(("x",)), Cancel())


def test_a_command_that_is_not_there_in_a_guest_without_setsid() -> None:
    host = AnsweringHost()
    host.on("guest-exec", stderr=NOT_STARTED, rc=1)
    with pytest.raises(CommandNotFound):
        agent_on(host).execute(Command(("x",)), Cancel())


def test_a_command_is_killed_with_its_children_at_its_limit() -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout='{"return":{"exited":false}}')
    host.on("guest-exec", stdout='{"return":{"pid":77}}')
    clock = HeldClock()
    with pytest.raises(CommandTimeout, match="5 s"):
        agent_on(host, clock).execute(Command(("sleep", "99"), timeout=5.0), Cancel())
    assert clock.at < 1006
    assert questions(host)[-1]["arguments"]["arg"] == ["-c", "kill -KILL -77 2>/dev/null || kill -KILL 77"]


def test_a_cancel_ends_the_command() -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout='{"return":{"exited":false}}')
    host.on("guest-exec", stdout='{"return":{"pid":77}}')
    clock, cancel = HeldClock(), Cancel()
    clock.on_wait = lambda at: cancel.set("SIGTERM")
    with pytest.raises(Cancelled, match="SIGTERM"):
        agent_on(host, clock).execute(Command(("sleep", "99")), cancel)
    assert "kill" in json.dumps(questions(host)[-1])


@pytest.mark.parametrize("changes", [True, False])
def test_only_what_changes_something_is_run_as_a_change(changes: bool) -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout=ended(exitcode=0))
    host.on("guest-exec", stdout='{"return":{"pid":77}}')
    agent_on(host).execute(Command(("ls",), changes=changes), Cancel())
    assert [command.changes for command in host.asked] == [changes, False]


def test_an_agent_that_does_not_answer_says_so() -> None:
    host = AnsweringHost()
    host.on("guest-exec", stderr="error: Guest agent is not responding: QEMU guest agent is not connected\n", rc=1)
    with pytest.raises(AgentError, match="QEMU guest agent is not connected"):
        agent_on(host).execute(Command(("ls",)), Cancel())


ANSWERS = st.one_of(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["return", "pid", "exited", "out-data"]), inner)
        ),
    ).map(json.dumps),
)


@given(ANSWERS, ANSWERS)
def test_no_answer_breaks_the_host(first: str, second: str) -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout=second)
    host.on("guest-exec", stdout=first)
    # Nothing but what an operator can read comes of it.
    with suppress(ActionError):
        assert isinstance(agent_on(host).execute(Command(("ls",), timeout=2.0), Cancel()).rc, int)


@pytest.mark.parametrize(
    "answer", [{"exitcode": "0"}, {}, {"exitcode": 0, "out-data": "=not base64="}, {"exitcode": None, "signal": "x"}]
)
def test_an_end_without_a_status_is_an_error(answer: dict[str, object]) -> None:
    host = AnsweringHost()
    host.on("guest-exec-status", stdout=ended(**answer))
    host.on("guest-exec", stdout='{"return":{"pid":77}}')
    with pytest.raises(AgentError):
        agent_on(host).execute(Command(("ls",)), Cancel())
