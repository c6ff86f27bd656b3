"""A look at all nodes: what they say now, what they said last, and what it means that they differ."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from attrs import evolve

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.last_words import last_word, word_file
from opensvc_core.actions.look import Look
from opensvc_core.cli.asking import Answers, ask
from opensvc_core.cli.plain import mon_lines, status_lines
from opensvc_core.cli.render import to_text
from opensvc_core.cli.render.status import mon_table, status_trees
from opensvc_core.cli.render.watch import LINES_AROUND, screen
from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.cluster.link import PeerError
from opensvc_core.errors import ActionError
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import NodeState
from opensvc_core.standing import NodeWord
from tests.opensvc_core.actions.files_platform import open_files_agent
from tests.opensvc_core.cluster.loopback import Cluster, LoopbackLink, LoopbackPeers

TEXT = """[default]
nodes = n1 n2
drpnodes = d1
[disk#1]
type = file
[container#0]
type = file
"""
SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "reference" / "status.schema.json").read_text())


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster.of(tmp_path, TEXT, "n1", "n2", "d1")


def start(cluster: Cluster, node: str) -> None:
    """Bring the service up there, whatever the others say."""
    agent = open_files_agent(cluster.folder / node, node)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    assert not run.exit_status, run


def look(agent: Agent, **options: Any) -> Answers:
    """What `osvc mon` and `osvc status` have to show; its JSON keeps to the schema."""
    answers = ask((), agent=agent, **options)
    jsonschema.validate(answers.document(), SCHEMA, cls=jsonschema.Draft202012Validator)
    return answers


def codes(answers: Answers) -> list[str]:
    return [note.code for note in answers.statuses["svc"].notes]


def table(answers: Answers) -> str:
    return to_text(mon_table(answers.statuses, None, answers.words, answers.at), width=80)


def row(text: str, word: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.strip().startswith(word)]
    return line.split()


def test_every_node_of_a_service_is_shown_beside_this_one(cluster: Cluster) -> None:
    start(cluster, "n2")
    answers = look(cluster.agents["n1"])
    assert row(table(answers), "svc")[-2] == "down"
    assert row(table(answers), "@n2")[:2] == ["@n2", "up"]
    assert row(table(answers), "@d1")[:3] == ["@d1", "drp", "down"]
    assert mon_lines(answers.statuses, answers.words).split("\t")[-1] == "n2=up/up,d1=down/down\n"
    assert (codes(answers), answers.exit_status) == ([], 0)
    told = answers.document()["services"]["svc"]["elsewhere"]
    assert (told["n2"]["state"], told["n2"]["resources"], told["d1"]["drp"]) == ("up", {}, True)


def test_status_tells_each_resource_of_the_other_nodes(cluster: Cluster) -> None:
    start(cluster, "n2")
    answers = look(cluster.agents["n1"], is_whole=True)
    told = answers.document()["services"]["svc"]["elsewhere"]["n2"]["resources"]
    assert (told["disk#1"]["status"], told["container#0"]["status"]) == ("up", "up")
    tree = to_text(status_trees(answers.statuses, answers.words, answers.at), width=80)
    assert row(tree, "├── n2")[2:] == [".....", "up", "avail", "up"]
    assert "avail down, disaster recovery" in tree
    lines = [line.split("\t")[:5] for line in status_lines(answers.statuses, answers.words).splitlines()]
    assert ["svc", "@n2", "up", "current", "up"] in lines


def test_a_service_that_is_up_twice_is_an_error_wherever_one_looks(cluster: Cluster) -> None:
    start(cluster, "n1")
    start(cluster, "d1")
    for node in ("n1", "n2", "d1"):
        answers = look(cluster.agents[node])
        assert (codes(answers), answers.exit_status) == (["up_twice", "up_on_drp"], 1)
        assert "up on n1 and d1 at the same time" in table(answers)


@pytest.mark.parametrize(("action", "code", "status"), [("migrate", "under_way", 0), ("stop", "up_twice", 1)])
def test_nobody_is_told_to_stop_a_guest_that_is_on_its_way(
    cluster: Cluster, action: str, code: str, status: int
) -> None:
    start(cluster, "n1")
    start(cluster, "n2")
    holder = Holder(4711, "ann", action, 0.0)
    lock = cluster.agents["n1"].node.folders.lock
    with hold_lock(lock, "svc", holder, wait=0, clock=SystemClock(), cancel=Cancel()):
        answers = look(cluster.agents["n1"])
    assert (codes(answers), answers.exit_status) == ([code], status)
    assert ("migrate by ann, pid 4711" in " ".join(table(answers).split())) is (action == "migrate")
    # It has ended, and the service is still on both.
    answers = look(cluster.agents["n1"])
    assert (codes(answers), answers.exit_status) == (["up_twice"], 1)


def test_a_service_that_moves_between_two_answers_is_not_taken_for_up_twice(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(cluster, "n1")
    start(cluster, "d1")
    real = Look.end

    def end(asked: Look) -> dict[str, NodeWord]:
        # As another run brings it down there once it has answered.
        words = real(asked)
        agent = open_files_agent(cluster.folder / "d1", "d1")
        agent.run(agent.plan("stop", [agent.load("svc")]))
        return words

    monkeypatch.setattr(Look, "end", end)
    answers = look(cluster.agents["n1"])
    assert (codes(answers), answers.exit_status) == ([], 0)


def test_only_a_disaster_recovery_node_runs_it(cluster: Cluster) -> None:
    start(cluster, "d1")
    answers = look(cluster.agents["n1"])
    assert (codes(answers), answers.exit_status) == (["up_on_drp"], 0)


def test_a_node_that_is_off_is_shown_as_it_was_and_decides_nothing(cluster: Cluster) -> None:
    start(cluster, "n2")
    look(cluster.agents["n1"])
    start(cluster, "n1")
    cluster.silent.add("n2")
    cluster.cut("n2")
    answers = look(cluster.open("n1"))
    assert row(table(answers), "@n2") == ["@n2", "(up)", "(up)"]
    assert "n2: no route; in brackets what it said" in table(answers)
    assert mon_lines(answers.statuses, answers.words).split("\t")[-1] == "n2=up/up?,d1=down/down\n"
    assert (codes(answers), answers.exit_status) == ([], 0)
    document = answers.document()
    assert document["nodes"]["n2"]["error"]["code"] == "peer_unreachable"
    assert document["services"]["svc"]["elsewhere"]["n2"]["current"] is False
    assert document["services"]["svc"]["elsewhere"]["n2"]["at"]


def test_a_node_that_was_never_heard_is_undef_and_said_once(cluster: Cluster) -> None:
    agent = cluster.agents["n1"]
    (agent.node.folders.etc / "two.env").write_text(TEXT)
    cluster.silent.add("d1")
    answers = look(agent)
    text = table(answers)
    assert [line.split() for line in text.splitlines() if "@d1" in line] == [["@d1", "drp", "undef", "undef"]] * 2
    assert text.count("d1: no route; it was never heard") == 1
    assert "its file" not in text


def test_a_hung_node_does_not_delay_the_answer(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = cluster.agents["n1"]
    # Time enough for the one that answers, on a busy machine too.
    agent.limits = evolve(agent.limits, view=2.0)
    goes_on = threading.Event()
    asked = threading.Event()
    peers = agent.peers
    assert isinstance(peers, LoopbackPeers)

    class Hung(LoopbackLink):
        def request(self, operation: str, data: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
            asked.set()
            goes_on.wait(60)
            raise PeerError("too late")

    peers.links["n2"] = Hung(cluster.agents["n2"], "n1")
    try:
        answers = look(agent)
        assert asked.is_set()
        assert not goes_on.is_set()
    finally:
        goes_on.set()
    assert answers.words["n2"].problem == "n2 does not answer within 2 s"
    assert answers.words["d1"].is_current


def test_the_screen_that_is_watched_shows_a_service_with_all_its_nodes_or_not_at_all(cluster: Cluster) -> None:
    agent = cluster.agents["n1"]
    for each in cluster.agents.values():
        (each.node.folders.etc / "two.env").write_text(TEXT)
        each.node.folders.var.mkdir(exist_ok=True)
        (each.node.folders.var / "host_mode").write_text("PRD\n")
    answers = look(agent)
    assert answers.document()["nodes"]["n2"]["host_mode"] == "PRD"
    for height, lines in ((30, 6), (LINES_AROUND + 5, 3)):
        text = to_text(screen(answers, answers, height=height, interval=5), width=80)
        rows = [line for line in text.splitlines() if line.strip().startswith(("svc", "two", "@"))]
        assert len(rows) == lines
        assert len(text.splitlines()) <= height


def test_whoever_has_patience_gives_other_nodes_as_long(cluster: Cluster) -> None:
    agent = cluster.agents["n1"]
    agent.limits = evolve(agent.limits, view=0.000001)
    answers = look(agent, timeout=60.0)
    assert all(word.is_current for word in answers.words.values())
    peers = agent.peers
    assert isinstance(peers, LoopbackPeers)
    assert [data["timeout"] for _, data in peers.links["n2"].asked] == [60.0]


def test_what_is_kept_is_of_every_service_that_was_ever_told(cluster: Cluster) -> None:
    agent = cluster.agents["n1"]
    for each in cluster.agents.values():
        (each.node.folders.etc / "two.env").write_text(TEXT)
    look(agent)
    ask(("svc",), agent=agent)
    kept = last_word(agent.node.folders, "n2")
    assert set(kept.services) == {"svc", "two"}
    word_file(agent.node.folders, "n2").write_text("{")
    assert last_word(agent.node.folders, "n2").services == {}


def test_another_file_elsewhere_is_noted_and_a_missing_one_is_not_down(cluster: Cluster) -> None:
    etc = cluster.agents["n2"].node.folders.etc
    (etc / "svc.env").write_text(TEXT + "# edited\n")
    (cluster.agents["d1"].node.folders.etc / "svc.env").unlink()
    answers = look(cluster.agents["n1"])
    assert codes(answers) == ["config_drift", "elsewhere_broken"]
    assert "`osvc config diff svc --node n2`" in answers.statuses["svc"].notes[0].text
    assert row(table(answers), "@d1")[-2:] == ["undef", "undef"]
    (etc / "svc.env").write_text("[default\n")
    answers = look(cluster.agents["n1"])
    assert answers.words["n2"].services["svc"].state is NodeState.UNKNOWN
    assert "`osvc config validate svc` there" in answers.statuses["svc"].notes[0].text


def test_a_peer_sees_only_services_that_it_may_run(cluster: Cluster) -> None:
    agent = cluster.agents["n2"]
    (agent.node.folders.etc / "own.env").write_text("[default]\nnodes = n2 n3\n[disk#1]\ntype = file\n")
    link = LoopbackLink(agent, "n1")
    assert set(link.request("statuses", {}, timeout=20)["services"]) == {"svc"}
    assert link.request("statuses", {"services": ["own", "../svc"]}, timeout=20)["services"] == {}
    with pytest.raises(ActionError, match="a list of names"):
        link.request("statuses", {"services": "svc"}, timeout=20)


def test_one_node_asks_nobody(tmp_path: Path) -> None:
    cluster = Cluster.of(tmp_path / "one", "[default]\nnodes = n1\n[disk#1]\ntype = file\n", "n1")
    answers = look(cluster.agents["n1"])
    assert "nodes" not in answers.document()
    assert "elsewhere" not in answers.document()["services"]["svc"]


@pytest.mark.parametrize("options", [{"is_local": True}, {"rids": ("disk",)}])
def test_this_node_alone_can_be_asked(cluster: Cluster, options: dict[str, Any]) -> None:
    answers = look(cluster.agents["n1"], **options)
    assert answers.words == {}
    peers = cluster.agents["n1"].peers
    assert isinstance(peers, LoopbackPeers)
    assert not peers.links


@pytest.fixture(autouse=True)
def _closed(cluster: Cluster) -> Iterator[None]:
    yield
    for agent in cluster.agents.values():
        agent.peers.close()
