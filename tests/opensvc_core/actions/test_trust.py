"""Trust between nodes: cards taken, roles kept, changes refused, what is forbidden found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.opening import open_agent
from opensvc_core.actions.peering.operations import find
from opensvc_core.actions.trust import forget, known_peers, make_card, take_card
from opensvc_core.actions.trust_check import Proof, audit, check_trust
from opensvc_core.clock import Cancel
from opensvc_core.cluster import authorized_keys, known_hosts
from opensvc_core.cluster.cards import Card
from opensvc_core.cluster.host_mode import HostMode, write_host_mode
from opensvc_core.cluster.keys import TrustError
from opensvc_core.cluster.link import PeerError
from opensvc_core.cluster.withdrawn import is_withdrawn
from opensvc_core.model import Severity
from opensvc_core.peers import NoPeers
from tests.opensvc_core.cluster.key_samples import key

SERVICE = "[default]\nnodes = node1 node2\ndrpnodes = node3\nservice_type = PRD\n"


@define
class StandInLink:
    """A session whose answers are those that the test gives."""

    node: str
    answers: Mapping[str, dict[str, Any] | PeerError]
    is_open: bool = True

    def request(
        self,
        operation: str,
        data: Mapping[str, Any],
        *,
        timeout: float,
        cancel: Cancel | None = None,
        on_event: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        del data, timeout, cancel, on_event
        answer = self.answers.get(operation, {})
        if isinstance(answer, PeerError):
            raise answer
        return answer

    def close(self) -> None:
        pass


@define
class StandInPeers(NoPeers):
    """Peers that answer as the test says; others cannot be reached."""

    links: dict[str, Mapping[str, dict[str, Any] | PeerError]] = field(factory=dict)

    def link(self, node: str) -> StandInLink:
        if node not in self.links:
            raise PeerError(f"{node} is out of reach", code="peer_unreachable")
        return StandInLink(node, self.links[node])


def _agent(folder: Path, name: str, mode: HostMode | None = HostMode.PRD, peers: NoPeers | None = None) -> Agent:
    settings = {"peer": {"authorized_keys": str(folder / name / "home" / "authorized_keys")}}
    (folder / name / "home").mkdir(parents=True, exist_ok=True)
    root = folder / name / "root"
    (root / "etc").mkdir(parents=True, exist_ok=True)
    hosts = "".join(f"10.0.0.{number} node{number}\n" for number in range(1, 5))
    (root / "etc" / "hosts").write_text(hosts)
    agent = open_agent(root, name, settings=settings, peers=peers)
    if mode is not None:
        write_host_mode(agent.node.folders, mode)
    return agent


def _file(agent: Agent) -> Path:
    return Path(agent.node.setting("peer", "authorized_keys"))


def _card(name: str, mode: HostMode | None = HostMode.PRD) -> Card:
    number = int(name.removeprefix("node"))
    return Card(name, mode, key(number), (key(100 + number),), (f"10.0.0.{number}",))


def _errors(notes: Sequence[Any]) -> list[str]:
    return [note.code for note in notes if note.severity is Severity.ERROR]


def test_a_card_that_is_taken_pins_host_keys_and_lets_the_key_in(tmp_path: Path) -> None:
    agent = _agent(tmp_path, "node1")
    _file(agent).write_bytes(b"# mine\nssh-rsa AAAA admin\n")
    first = take_card(agent, _card("node2"))
    assert (first.is_pinned, first.is_authorised, first.is_changed, first.notes) == (True, True, True, ())
    content = _file(agent).read_bytes()
    assert content == b"# mine\nssh-rsa AAAA admin\n" + authorized_keys.line(agent.node.folders.root, "node2", key(2))
    assert known_hosts.pins(agent.node.folders.ssh_known_hosts.read_bytes()) == {"node2": (key(102),)}
    assert not take_card(agent, _card("node2")).is_changed
    assert _file(agent).read_bytes() == content
    assert known_peers(agent) == ("node2",)
    assert forget(agent, "NODE2").is_changed
    assert _file(agent).read_bytes() == b"# mine\nssh-rsa AAAA admin\n"
    assert known_peers(agent) == ()


def test_roles_decide_whose_key_is_let_in(tmp_path: Path) -> None:
    production = _agent(tmp_path, "node1")
    (production.node.folders.etc / "svc.env").write_text(SERVICE)
    for card in (_card("node3", HostMode.DEV), _card("node3", HostMode.PRD), _card("node4", HostMode.TST)):
        taken = take_card(production, card)
        assert (taken.is_pinned, taken.is_authorised) == (True, False)
        assert [note.code for note in taken.notes] == ["host_mode"]
    assert authorized_keys.entries(_file(production).read_bytes() if _file(production).exists() else b"") == ()
    recovery = _agent(tmp_path, "node3", HostMode.DEV)
    (recovery.node.folders.etc / "svc.env").write_text(SERVICE)
    assert take_card(recovery, _card("node1")).is_authorised


def test_nodes_that_are_each_others_recovery_site_are_told_so_with_the_remedy(tmp_path: Path) -> None:
    back = "[default]\nnodes = node3\ndrpnodes = node1\nservice_type = PRD\n"
    for name, other, both in (("node1", "node3", "out or of back"), ("node3", "node1", "back or of out")):
        agent = _agent(tmp_path, name)
        (agent.node.folders.etc / "out.env").write_text(SERVICE)
        assert "trust_mutual" not in _errors(audit(agent))
        (agent.node.folders.etc / "back.env").write_text(back)
        taken = take_card(agent, _card(other))
        assert not taken.is_authorised
        (told,) = [note for note in taken.notes if note.code == "trust_mutual"]
        assert f"{name} and {other} are each other's disaster-recovery site" in told.text
        # `node check` prints what stands behind the last colon as the remedy.
        assert told.text.rpartition(": ")[2].startswith(f"name another node in drpnodes of {both}, or both nodes in")
        assert told in audit(agent)
        assert take_card(agent, _card("node2")).notes == ()


def test_a_node_that_becomes_one_for_disaster_recovery_is_let_in_no_more(tmp_path: Path) -> None:
    agent = _agent(tmp_path, "node1")
    assert take_card(agent, _card("node3")).is_authorised
    (agent.node.folders.etc / "svc.env").write_text(SERVICE)
    assert _errors(audit(agent)) == ["key_missing", "trust_forbidden", "trust_forbidden"]
    assert not take_card(agent, _card("node3")).is_authorised
    assert authorized_keys.peers(_file(agent).read_bytes()) == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [({"key": key(9)}, "key_changed"), ({"host_keys": (key(9),)}, "host_key_changed")],
)
def test_another_key_of_a_known_node_is_refused_until_it_is_said_to_be_replaced(
    change: dict[str, Any], code: str, tmp_path: Path
) -> None:
    agent = _agent(tmp_path, "node1")
    take_card(agent, _card("node2"))
    before = (_file(agent).read_bytes(), agent.node.folders.ssh_known_hosts.read_bytes())
    other = evolve(_card("node2"), **change)
    with pytest.raises(TrustError) as caught:
        take_card(agent, other)
    assert caught.value.code == code
    assert "--replace" in caught.value.hint
    assert (_file(agent).read_bytes(), agent.node.folders.ssh_known_hosts.read_bytes()) == before
    assert take_card(agent, other, replace=True).is_changed
    assert not take_card(agent, other).is_changed


def test_a_host_key_of_a_further_kind_is_no_change(tmp_path: Path) -> None:
    agent = _agent(tmp_path, "node1")
    take_card(agent, _card("node2"))
    more = evolve(_card("node2"), host_keys=(key(102), key(55, "ssh-rsa")))
    assert take_card(agent, more).is_changed
    assert known_hosts.pins_of(agent.node.folders.ssh_known_hosts.read_bytes(), "node2") == more.host_keys


def test_its_own_card_is_no_other_node(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="itself"):
        take_card(_agent(tmp_path, "node1"), _card("node1"))


def test_a_node_without_an_address_is_noted(tmp_path: Path) -> None:
    agent = _agent(tmp_path, "node1")
    card = evolve(_card("node2"), node="no-such-host.invalid")
    assert [note.code for note in take_card(agent, card).notes] == ["no_address"]


def test_a_node_that_is_trusted_no_more_is_refused_by_name_until_it_is_trusted_again(tmp_path: Path) -> None:
    agent = _agent(tmp_path, "node1")
    folders = agent.node.folders
    take_card(agent, _card("node2"))
    assert not is_withdrawn(folders, "node2")
    forget(agent, "Node2")
    assert is_withdrawn(folders, "node2")
    take_card(agent, _card("node2"))
    assert not is_withdrawn(folders, "node2")
    take_card(agent, _card("node2", HostMode.DEV), replace=True)
    assert is_withdrawn(folders, "NODE2")


# -- the check --------------------------------------------------------------------------------------------------------


def _set_up(tmp_path: Path, links: dict[str, Mapping[str, dict[str, Any] | PeerError]]) -> Agent:
    agent = _agent(tmp_path, "node1", peers=StandInPeers(links))
    make_card(agent)
    return agent


def test_pairs_prove_both_ways(tmp_path: Path) -> None:
    agent = _set_up(tmp_path, {"node2": {}})
    take_card(agent, _card("node2"))
    found = check_trust(agent)
    assert [(pair.node, pair.there, pair.back) for pair in found.pairs] == [("node2", Proof.PROVED, Proof.PROVED)]
    assert found.is_good
    with pytest.raises(TrustError, match="not known"):
        check_trust(agent, ["node9"])


def test_a_way_that_fails_is_an_error(tmp_path: Path) -> None:
    lost = PeerError("no way", code="peer_unreachable")
    agent = _set_up(tmp_path, {"node2": {"way_back": lost}})
    take_card(agent, _card("node2"))
    take_card(agent, _card("node4"))
    found = check_trust(agent)
    assert [(pair.there, pair.back) for pair in found.pairs] == [
        (Proof.PROVED, Proof.FAILED),
        (Proof.FAILED, Proof.FAILED),
    ]
    assert not found.is_good
    assert check_trust(agent, ["node2"]).pairs == found.pairs[:1]


def test_a_peer_that_is_production_no_more_is_forbidden(tmp_path: Path) -> None:
    agent = _set_up(tmp_path, {"node2": {"hello": {"host_mode": "DEV"}}})
    take_card(agent, _card("node2"))
    pair = check_trust(agent).pairs[0]
    assert (pair.there, pair.back) == (Proof.PROVED, Proof.FAILED)
    assert [note.code for note in pair.notes] == ["host_mode_changed", "trust_forbidden"]


def test_a_recovery_node_is_barred_and_proves_only_what_is_allowed(tmp_path: Path) -> None:
    agent = _set_up(tmp_path, {"node3": {}})
    (agent.node.folders.etc / "svc.env").write_text(SERVICE)
    take_card(agent, _card("node3", HostMode.DEV))
    found = check_trust(agent)
    assert [(pair.there, pair.back) for pair in found.pairs] == [(Proof.PROVED, Proof.BARRED)]
    assert found.is_good
    refused = PeerError("who are you", code="peer_refused")
    for answers, way in (({"hello": refused}, Proof.BARRED), ({}, Proof.FAILED)):
        recovery = _agent(tmp_path, "node3", HostMode.DEV, StandInPeers({"node1": answers}))
        make_card(recovery)
        (recovery.node.folders.etc / "svc.env").write_text(SERVICE)
        take_card(recovery, _card("node1"))
        found = check_trust(recovery)
        assert found.pairs[0].there is way
        assert found.is_good == (way is Proof.BARRED)


def test_what_stands_in_the_files_against_the_rules_is_found(tmp_path: Path) -> None:
    agent = _set_up(tmp_path, {"node2": {}})
    (agent.node.folders.etc / "svc.env").write_text(SERVICE)
    take_card(agent, _card("node2"))
    take_card(agent, _card("node3", HostMode.DEV))
    assert audit(agent) == []
    good = _file(agent).read_bytes()
    _file(agent).write_bytes(good + f"{key(2)} root@node2\n".encode())
    assert _errors(audit(agent)) == ["trust_unrestricted"]
    _file(agent).write_bytes(good + f"{key(3)} root@node3\n".encode())
    assert _errors(audit(agent)) == ["trust_forbidden"]
    _file(agent).write_bytes(good.replace(b"restrict,", b""))
    assert _errors(audit(agent)) == ["trust_unrestricted"]
    _file(agent).write_bytes(good)
    _file(agent).chmod(0o666)
    agent.node.folders.ssh_key.chmod(0o644)
    assert _errors(audit(agent)) == ["key_exposed", "key_exposed"]


def test_the_way_back_is_an_operation_that_peers_may_ask_for() -> None:
    assert find("way_back") is not None
