"""The judge of the soak itself, without a lab: what it must not let pass, and rounds that are dealt evenly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import attrs
import pytest

from opensvc_core.journal import RunRecord, StepRecord
from tests.lab.cluster.deeds import Deed
from tests.lab.cluster.journals import Action, still_open, untruths
from tests.lab.cluster.rounds import KILLS, cells, deal
from tests.lab.cluster.scenes import scenes
from tests.lab.nodes import Node

ACTION = Action("start", "node1", ("node1",), (), ("node1",), 0, "")
STEP = StepRecord("erp", "container#0", "start", False, "done", began=1.0, ended=2.0, node="node1")
RUN = RunRecord("r1", "erp", "start", "root", 1, "node1", "", "", (), "{}", 1.0, 2.0, "done", steps=(STEP,))
DEED = Deed("node1", "start", "container#0", is_done=True)


def judge(
    action: Action = ACTION, runs: Sequence[RunRecord] = (RUN,), deeds: Sequence[Deed] = (DEED,), **more: RunRecord
) -> str:
    return "\n".join(untruths(action, deeds, {"node1": runs, **{name: [run] for name, run in more.items()}}, deeds))


def changed(**values: object) -> RunRecord:
    return attrs.evolve(RUN, **values)  # type: ignore[arg-type]


def test_the_truth_passes() -> None:
    assert judge() == ""
    assert judge(attrs.evolve(ACTION, after=(), status=1), [changed(outcome="failed")]) == ""
    assert judge(attrs.evolve(ACTION, after=(), status=-9, unheard=frozenset({"node1"})), [changed(outcome="")]) == ""


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (judge(runs=[changed(steps=())]), "is in no journal of its node"),
        (judge(deeds=[attrs.evolve(DEED, is_done=False)]), "nobody did it"),
        (judge(attrs.evolve(ACTION, after=())), "is said to be done, and it runs on"),
        (judge(attrs.evolve(ACTION, status=1), [changed(outcome="failed")]), "is said to be failed, and it runs on"),
        (judge(runs=[changed(outcome="interrupted")]), "by a node that nobody cut"),
        (judge(runs=[changed(outcome="")]), "has no end"),
        (judge(runs=[changed(outcome="", steps=())], deeds=()), "has no end"),
        (judge(runs=[changed(action="stop")]), "nobody asked for that"),
        (judge(attrs.evolve(ACTION, status=6)), "osvc ended with 6, and its run done"),
        (judge(attrs.evolve(ACTION, status=-9)), "its journal knows that the run ended"),
        (judge(runs=(), deeds=()), "osvc ended well, and node1 knows of no run"),
        (judge(runs=[changed(steps=(attrs.evolve(STEP, state="running"),))]), "runs on in a run that is done"),
        (judge(node2=changed(id="r2")), "is not in the journal of node1"),
        (judge(node2=changed(outcome="failed")), "done on node1, failed on node2"),
        (judge(runs=[changed(steps=(attrs.evolve(STEP, node="node2"),))], node2=changed(steps=())), "missing on node2"),
        (judge(attrs.evolve(ACTION, name="stop", status=6)), "a stop was held up"),
    ],
)
def test_a_lie_does_not(lie: str, words: str) -> None:
    assert words in lie


def test_a_full_disk_excuses_a_stop_that_was_told_and_nothing_else() -> None:
    stop = Action("stop", "node1", (), ("node1",), (), 0, "cannot be written", full=frozenset({"node1"}))
    deed = attrs.evolve(DEED, action="stop")
    assert judge(stop, (), [deed]) == ""
    assert "is in no journal" in judge(attrs.evolve(stop, said="stop done"), (), [deed])
    assert "is in no journal" in judge(attrs.evolve(stop, name="start"), (), [DEED])


def test_a_stop_that_was_ended_half_way_is_done_where_it_is_down() -> None:
    stop = Action("stop", "node1", (), ("node1",), (), 0, "")
    deed = attrs.evolve(DEED, action="stop", is_done=False)
    run = changed(action="stop", steps=(attrs.evolve(STEP, action="stop"),))
    assert judge(stop, [run], [deed]) == ""
    assert "nobody did it" in judge(attrs.evolve(stop, after=("node1",)), [run], [deed])


def test_a_stop_that_was_ended_half_way_is_done_where_a_start_succeeded_after_it() -> None:
    stop, start = (attrs.evolve(STEP, action=action) for action in ("stop", "start"))
    cancelled = Action("switch", "node1", ("node2",), ("node1",), ("node1",), 8, "")
    run = changed(action="switch", outcome="cancelled", steps=(stop, attrs.evolve(start, is_way_back=True)))
    half = attrs.evolve(DEED, action="stop", is_done=False)
    assert judge(cancelled, [run], [half, DEED]) == ""
    assert "nobody did it" in judge(cancelled, [run], [DEED, half])
    assert "nobody did it" in judge(cancelled, [run], [half, attrs.evolve(DEED, is_done=False)])
    assert "nobody did it" in judge(cancelled, [run], [half, attrs.evolve(DEED, rid="container#1")])


def test_what_was_cut_is_open_until_it_is_marked() -> None:
    cut = changed(outcome="interrupted")
    assert still_open({"node1": [RUN]}) == []
    assert len(still_open({"node1": [cut, changed(id="r2", outcome="")]})) == 2
    assert still_open({"node1": [attrs.evolve(cut, id="r2", recovered_by="r1"), RUN]}) == []
    assert "which nobody knows" in still_open({"node1": [attrs.evolve(cut, recovered_by="r9")]})[0]


def test_a_hundred_rounds_fill_the_table_and_a_few_have_both_kills() -> None:
    nodes = [object.__new__(Node) for _ in range(2)]
    for number, node in enumerate(nodes):
        node.name = f"node{number + 1}"
    found = scenes(nodes[0], nodes[1])
    rounds = deal(found, 100, random.Random(1))
    assert [each.number for each in rounds] == list(range(100))
    played = Counter((found[each.scene].moment, each.fault) for each in rounds)
    assert set(played) == set(cells(found))
    assert max(played.values()) <= 2
    assert rounds == deal(found, 100, random.Random(1)) != deal(found, 100, random.Random(2))
    few = [each.fault for each in deal(found, 3, random.Random(1))]
    assert set(few) > set(KILLS)
    assert len(set(few)) == 3
    kills = {cell for cell in cells(found) if cell[1].is_kill}
    assert {(found[each.scene].moment, each.fault) for each in deal(found, 20, random.Random(3))} > kills
