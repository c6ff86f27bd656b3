"""What is due is sent in order and at least once; a record that is not taken is told from a collector that is ill."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opensvc_collector_client.delivery import LONELY, LONELY_FOR, PATIENCE
from opensvc_collector_client.records import Call
from opensvc_collector_client.settings import Places
from opensvc_collector_client.state import State
from opensvc_collector_client.transport.failures import Refused, Unreachable
from opensvc_core.api import Agent, JournalError
from tests.opensvc_collector_client.node import (
    ALL_METHODS,
    ManualClock,
    PlayedCollector,
    act,
    begin,
    change_state,
    delivery_of,
    end,
    make_node,
    refuse,
    unreachable,
)


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return make_node(tmp_path)


def send(agent: Agent, collector: PlayedCollector) -> State:
    """One go, as a process of its own would; what is remembered is kept."""
    delivery = delivery_of(agent, collector)
    try:
        delivery.send_all()
    finally:
        delivery.keep_state()
    return delivery.state


def test_all_is_sent_in_order_and_once(agent: Agent) -> None:
    collector = PlayedCollector()
    begin(agent, "r1")
    begin(agent, "r2")
    end(agent, "r2")
    change_state(agent, "up")
    end(agent, "r1")
    send(agent, collector)
    assert collector.ids == ["r1", "r2", "r2.", "r1."]
    assert [call.method for call in collector.taken].index("svcmon_update") == 3
    send(agent, collector)
    assert len(collector.taken) == 5
    act(agent, "r3")
    send(agent, collector)
    assert collector.ids[4:] == ["r3", "r3."]


def test_what_was_not_taken_is_sent_by_the_next(agent: Agent) -> None:
    act(agent, "r1", "r2")
    collector = PlayedCollector(judge=unreachable)
    with pytest.raises(Unreachable):
        send(agent, collector)
    collector.judge = lambda call: None
    send(agent, collector)
    assert collector.ids == ["r1", "r1.", "r2", "r2."]


def test_a_record_that_is_refused_at_first_keeps_its_turn(agent: Agent) -> None:
    act(agent, "r1", "r2")
    refusals = iter([True, True])
    collector = PlayedCollector()

    def judge(call: Call) -> None:
        if next(refusals, False):
            raise Refused(call.method)

    collector.judge = judge
    assert send(agent, collector).refusals.count == 0
    assert collector.ids == ["r1", "r1.", "r2", "r2."]


def test_a_poison_record_is_set_aside_and_holds_nothing_up(agent: Agent) -> None:
    act(agent, "r1", "r2", "r3")
    collector = PlayedCollector(judge=refuse("r2"))
    state = send(agent, collector)
    assert [call for call in collector.ids if not call.startswith("r2")] == ["r1", "r1.", "r3", "r3."]
    aside = delivery_of(agent, collector).poison.read()
    assert [(each.kind, each.run_id, each.reason) for each in aside] == [
        ("begin", "r2", "unknown column"),
        ("end", "r2", "unknown column"),
    ]
    assert not any(state.ahead.values())
    tried = len(collector.taken)
    send(agent, collector)
    assert len(collector.taken) == tried


def test_a_collector_that_refuses_everything_is_ill_and_nothing_is_set_aside(agent: Agent) -> None:
    act(agent, *(f"r{number}" for number in range(30)))
    collector = PlayedCollector(judge=refuse("r"))
    collector.judge = lambda call: (_ for _ in ()).throw(Refused("trouble"))
    for _ in range(PATIENCE + 2):
        with pytest.raises(Unreachable, match="takes no other"):
            send(agent, collector)
    assert delivery_of(agent, collector).poison.read() == []
    collector.judge = lambda call: None
    send(agent, collector)
    assert collector.ids == [f"r{number}{dot}" for number in range(30) for dot in ("", ".")]


def test_what_a_collector_refused_while_it_was_ill_counts_for_nothing_later(agent: Agent) -> None:
    act(agent, "r1", "r2")
    collector = PlayedCollector()
    collector.judge = lambda call: (_ for _ in ()).throw(Refused("trouble"))
    with pytest.raises(Unreachable):
        send(agent, collector)
    hiccup = iter([True])

    def judge(call: Call) -> None:
        if next(hiccup, False):
            raise Refused("one more")

    collector.judge = judge
    send(agent, collector)
    assert collector.ids == ["r1", "r1.", "r2", "r2."]
    assert delivery_of(agent, collector).poison.read() == []


def test_a_collector_that_gets_well_while_others_are_tried_has_the_record_too(agent: Agent) -> None:
    act(agent, "r1", "r2")
    refusals = iter([True] * PATIENCE)
    collector = PlayedCollector()

    def judge(call: Call) -> None:
        if next(refusals, False):
            raise Refused("trouble")

    collector.judge = judge
    send(agent, collector)
    assert sorted(collector.ids) == ["r1", "r1.", "r2", "r2."]
    assert delivery_of(agent, collector).poison.read() == []


def test_a_record_that_no_other_follows_is_set_aside_in_the_end(agent: Agent) -> None:
    begin(agent, "r1")
    collector = PlayedCollector(judge=refuse("r1"))
    clock = agent.clock
    assert isinstance(clock, ManualClock)
    for _ in range(LONELY):
        with pytest.raises(Unreachable):
            send(agent, collector)
    clock.passed += LONELY_FOR
    send(agent, collector)
    assert [each.run_id for each in delivery_of(agent, collector).poison.read()] == ["r1"]


def test_actions_wait_for_a_collector_that_has_their_methods(agent: Agent) -> None:
    act(agent, "r1")
    change_state(agent, "up")
    collector = PlayedCollector(methods=ALL_METHODS - {"end_action", "resmon_update"})
    assert send(agent, collector).blocked == ["begin", "end"]
    assert [call.method for call in collector.taken] == ["svcmon_update"]
    collector.methods = ALL_METHODS
    assert send(agent, collector).blocked == []
    assert collector.ids == ["r1", "r1."]


def test_what_else_a_collector_lacks_is_passed_over_and_counted(agent: Agent) -> None:
    act(agent, "r1")
    for word in ("up", "down"):
        change_state(agent, word)
    collector = PlayedCollector(methods=ALL_METHODS - {"svcmon_update"})
    assert send(agent, collector).missing == {"svcmon_update": 2}
    assert collector.ids == ["r1", "r1."]


def test_a_record_that_cannot_be_told_is_set_aside(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    act(agent, "r1")

    def broken(*_: object) -> None:
        raise OverflowError("year 60000")

    monkeypatch.setattr("opensvc_collector_client.telling.begin_action", broken)
    collector = PlayedCollector()
    send(agent, collector)
    assert collector.ids == ["r1."]
    (aside,) = delivery_of(agent, collector).poison.read()
    assert "cannot be told: OverflowError: year 60000" in aside.reason


def test_a_journal_in_the_place_of_another_is_sent_from_its_beginning(agent: Agent) -> None:
    act(agent, "r1", "r2")
    collector = PlayedCollector()
    send(agent, collector)
    agent.journal.close()
    for file in agent.node.folders.var.glob("journal.db*"):
        file.unlink()
    act(agent, "r3")
    state = send(agent, collector)
    assert collector.ids == ["r1", "r1.", "r2", "r2.", "r3", "r3."]
    assert state.journal_id == agent.feed.journal_id()


def test_a_journal_that_is_replaced_meanwhile_confirms_nothing(agent: Agent) -> None:
    act(agent, "r1")
    collector = PlayedCollector()
    delivery = delivery_of(agent, collector)
    delivery.queue.journal_id = "another"
    with pytest.raises(JournalError):
        delivery.send_all()


@given(st.integers(0, 10**9), st.integers(1, 8))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_fails_all_comes_in_order(tmp_path_factory: pytest.TempPathFactory, seed: int, runs: int) -> None:
    chance = random.Random(seed)
    agent = make_node(tmp_path_factory.mktemp("node"))
    collector = PlayedCollector()
    refused: Counter[str] = Counter()

    def judge(call: Call) -> None:
        fate = chance.random()
        if fate < 0.15:
            raise Unreachable(call.method)
        if fate < 0.25:  # taken, and the answer lost
            collector.taken.append(call)
            raise Unreachable(call.method)
        if fate < 0.35:
            refused.update(re.findall(r"\b(r\d+)/", str(call.arguments))[:1])
            raise Refused(call.method)
        if fate < 0.4:  # the sender is killed
            raise KeyboardInterrupt

    told = []
    for number in range(runs):
        begin(agent, f"r{number}")
        told.append(f"r{number}")
        collector.judge = judge
        for _ in range(chance.randrange(3)):
            try:
                send_as_a_process(agent, collector)
            except (Unreachable, KeyboardInterrupt):
                continue
        end(agent, f"r{number}")
        told.append(f"r{number}.")
    collector.judge = lambda call: None
    send_as_a_process(agent, collector)
    aside = {
        f"{each.run_id}{'.' if each.kind == 'end' else ''}" for each in delivery_of(agent, collector).poison.read()
    }
    came = list(dict.fromkeys(collector.ids))
    assert set(came) | aside == set(told)
    # One that was refused so often may be overtaken by one that shows whether it is poison, and be taken after it.
    if not aside and max(refused.values(), default=0) < PATIENCE:
        assert came == told
    agent.journal.close()


def send_as_a_process(agent: Agent, collector: PlayedCollector) -> None:
    """As one that is killed would: what it remembers is what it has written down so far."""
    delivery = delivery_of(agent, collector)
    delivery.send_all()
    delivery.keep_state()


def test_a_sender_that_is_killed_has_its_files_where_they_belong(agent: Agent) -> None:
    act(agent, "r1")
    send(agent, PlayedCollector())
    assert {each.name for each in Places.of(agent.node).folder.iterdir()} == {"state.json"}
