"""Two nodes and one disk, through the library's door: reservations first and last, foreign holders, a dead node."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from attrs import Factory, define, evolve

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.declare import declare_dead, is_port_open
from opensvc_core.actions.metrics import collect_metrics
from opensvc_core.actions.reservations import reservation_plan, show_reservations
from opensvc_core.api import ActionError, Evidence, NodeState, PlanError, Status, Vetoed
from opensvc_core.errors import ReservationError
from opensvc_core.metrics_text import render
from opensvc_core.run import RunOutcome, StepState
from tests.opensvc_core.actions.files_platform import knob, open_files_agent, up, write_service
from tests.opensvc_core.spc_model import ModelBackends, Target

KEYS = {"n1": 0x1111, "n2": 0x2222}
SERVICE = """[default]
nodes = n1 n2
[disk#1]
type = file
scsireserv = true
[container#0]
type = file
"""


@define
class Silence:
    """A network in which only those answer who are named."""

    answering: set[str] = Factory(set)
    unknown: set[str] = Factory(set)

    def resolve(self, name: str) -> tuple[str, ...]:
        return () if name in self.unknown else ("192.0.2.1",)

    def ping(self, address: str, timeout: float = 1.0) -> bool:
        del timeout
        if "broken" in self.answering:
            raise ActionError("no right to ask")
        return address in self.answering

    def ping_all(self, addresses: Sequence[str], timeout: float = 1.0) -> Mapping[str, bool | ActionError]:
        return {address: self.ping(address, timeout) for address in addresses}

    def neighbour(self, address: str) -> str:
        del address
        return ""


@pytest.fixture
def targets() -> dict[str, Target]:
    return {"svc.disk#1": Target()}


@pytest.fixture(autouse=True)
def _nobody_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    # TEST-NET-1 has no host; whether the sandbox drops or refuses such packets must not matter here.
    monkeypatch.setattr("opensvc_core.actions.declare.is_port_open", lambda address, port: False)


def node(tmp_path: Path, name: str, targets: dict[str, Target], boot_id: str = "boot-1") -> Agent:
    root = tmp_path / name
    write_service(root, text=SERVICE)
    var = root / "var"
    var.mkdir(exist_ok=True)
    machine = Path("/etc/machine-id").read_text().strip() if Path("/etc/machine-id").exists() else ""
    (var / "prkey").write_text(json.dumps({"key": hex(KEYS[name]), "node": name, "machine_id": machine}))
    others = {other: hex(key) for other, key in KEYS.items() if other != name}
    agent = open_files_agent(root, name, network=Silence(), settings={"prkeys": others, "limits": {"late_start": "1"}})
    agent.reservations = ModelBackends(name, targets)
    agent.node = evolve(agent.node, boot_id=boot_id)
    return agent


def act(agent: Agent, action: str = "start", **options: object) -> object:
    return agent.run(agent.plan(action, [agent.load("svc")]), **options)  # type: ignore[arg-type]


def shown(agent: Agent) -> tuple[Status, set[str]]:
    status = agent.status([agent.load("svc")])["svc"]
    (row,) = [item for item in status.resources if item.resource.rid == "disk#1pr"]
    return row.shown, {note.code for note in row.report.notes}


def test_the_reservation_is_the_first_thing_taken_and_the_last_given_up(
    tmp_path: Path, targets: dict[str, Target]
) -> None:
    n1 = node(tmp_path, "n1", targets)
    plan = n1.plan("start", [n1.load("svc")])
    assert [step.resource.rid for step in plan.steps] == ["disk#1pr", "disk#1", "container#0"]
    n1.run(plan)
    assert shown(n1) == (Status.UP, set())
    stop = n1.plan("stop", [n1.load("svc")])
    assert [step.resource.rid for step in stop.steps] == ["container#0", "disk#1", "disk#1pr"]
    n1.run(stop)
    assert targets["svc.disk#1"].registered == {}
    assert shown(n1) == (Status.DOWN, set())


def test_the_other_node_is_refused_by_name_and_sees_who_holds(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1, n2 = node(tmp_path, "n1", targets), node(tmp_path, "n2", targets)
    act(n1)
    assert shown(n2) == (Status.DOWN, {"held_elsewhere"})
    with pytest.raises(Vetoed, match=r"is reserved by n1 \(key 0x1111\) \[reserved_elsewhere\]") as caught:
        act(n2, permits={"reserved_elsewhere"})
    assert "--declare-dead" in caught.value.hint
    assert set(targets["svc.disk#1"].registered) == {("n1", "a")}
    assert up(tmp_path / "n2") == set()


def test_evidence_that_the_holder_is_fenced_lets_the_other_node_take_over(
    tmp_path: Path, targets: dict[str, Target]
) -> None:
    n1, n2 = node(tmp_path, "n1", targets), node(tmp_path, "n2", targets)
    act(n1)
    evidence = declare_dead(n2, [n2.load("svc")], ["n1"])
    act(n2, evidence=evidence)
    assert set(targets["svc.disk#1"].registered) == {("n2", "a")}
    assert shown(n1)[0] is Status.DOWN
    assert shown(n2) == (Status.UP, set())


@pytest.mark.parametrize("state", [NodeState.DOWN, NodeState.UNASKED])
def test_no_other_evidence_does(tmp_path: Path, targets: dict[str, Target], state: NodeState) -> None:
    n1, n2 = node(tmp_path, "n1", targets), node(tmp_path, "n2", targets)
    act(n1)
    with pytest.raises(Vetoed, match="reserved_elsewhere"):
        act(n2, evidence=(Evidence("n1", state, "somebody"),))


def test_a_reservation_of_a_stranger_is_never_taken(tmp_path: Path, targets: dict[str, Target]) -> None:
    targets["svc.disk#1"].register(("somebody", "x"), 0x9999)
    targets["svc.disk#1"].reserve(("somebody", "x"), 0x9999)
    n2 = node(tmp_path, "n2", targets)
    assert shown(n2) == (Status.WARN, {"held_elsewhere"})
    with pytest.raises(Vetoed, match="a node that is not known"):
        act(n2, evidence=(Evidence("n1", NodeState.FENCED, "an operator"),))


def test_a_failed_start_gives_the_reservation_up_again(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1 = node(tmp_path, "n1", targets)
    knob(tmp_path / "n1", "svc.container#0.start", "false")
    run = n1.run(n1.plan("start", [n1.load("svc")]))
    assert run.outcomes["svc"] is RunOutcome.FAILED
    assert targets["svc.disk#1"].registered == {}


def test_a_guest_that_is_not_verified_down_keeps_its_reservation(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1 = node(tmp_path, "n1", targets)
    act(n1)
    knob(tmp_path / "n1", "svc.container#0.stop", "false")
    run = n1.run(n1.plan("stop", [n1.load("svc")]))
    assert run.outcomes["svc"] is RunOutcome.UNKNOWN
    assert run.result("stop svc/disk#1pr").state is StepState.KEPT
    assert targets["svc.disk#1"].holder == ("n1", "a")
    with pytest.raises(Vetoed, match="in_use"):
        n1.run(reservation_plan(n1, "release", [n1.load("svc")]))
    with pytest.raises(Vetoed, match="in_use"):
        n1.run(reservation_plan(n1, "clear", [n1.load("svc")]))


def test_after_a_reboot_the_old_registration_is_a_warning_and_a_start_registers_anew(
    tmp_path: Path, targets: dict[str, Target]
) -> None:
    act(node(tmp_path, "n1", targets))
    for path in (tmp_path / "n1/tmp/platform").iterdir():
        path.unlink()  # the guest and its disks went down with the node
    n1 = node(tmp_path, "n1", targets, boot_id="boot-2")
    assert shown(n1) == (Status.WARN, {"stale_registration"})
    act(n1)
    assert shown(n1) == (Status.UP, set())


def test_a_disk_that_cannot_be_reserved_vetoes_the_start(tmp_path: Path) -> None:
    n1 = node(tmp_path, "n1", {})
    assert shown(n1)[0] is Status.UNDEF
    with pytest.raises(Vetoed, match=r"cannot be reserved \[scsireserv_unavailable\]"):
        act(n1, permits={"scsireserv_unavailable"})


def test_a_cloned_node_reserves_nothing(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1 = node(tmp_path, "n1", targets)
    path = tmp_path / "n1/var/prkey"
    path.write_text(json.dumps({**json.loads(path.read_text()), "machine_id": "another"}))
    with pytest.raises(Vetoed, match="is this node a clone"):
        act(n1)
    assert targets["svc.disk#1"].registered == {}


def test_reservations_by_hand(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1, n2 = node(tmp_path, "n1", targets), node(tmp_path, "n2", targets)
    services = [n1.load("svc")]
    n1.run(reservation_plan(n1, "take", services))
    assert up(tmp_path / "n1") == set()
    (row,) = show_reservations(n2, [n2.load("svc")])
    assert (row.rid, row.identity, row.holder, row.holder_node, row.registered) == (
        "disk#1pr",
        "svc.disk#1",
        "0x1111",
        "n1",
        ("0x1111",),
    )
    with pytest.raises(Vetoed):
        n2.run(reservation_plan(n2, "take", [n2.load("svc")]))
    with pytest.raises(Vetoed, match="is reserved by n1"):
        n2.run(reservation_plan(n2, "clear", [n2.load("svc")]))
    assert targets["svc.disk#1"].holder == ("n1", "a")
    n1.run(reservation_plan(n1, "release", services))
    assert targets["svc.disk#1"].registered == {}
    targets["svc.disk#1"].register(("ghost", "x"), 0x7777)
    n1.run(reservation_plan(n1, "clear", services))
    assert targets["svc.disk#1"].registered == {}
    assert show_reservations(n1, services)[0].holder == ""


def test_an_optional_disk_is_not_used_without_its_reservation(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1, n2 = node(tmp_path, "n1", targets), node(tmp_path, "n2", targets)
    write_service(tmp_path / "n1", text=SERVICE.replace("scsireserv = true", "scsireserv = true\noptional = true"))
    n1.reservations.fails["reserve"] = ReservationError("the path is gone", code="failed")  # type: ignore[attr-defined]
    run = n1.run(n1.plan("start", [n1.load("svc")]))
    assert run.outcomes["svc"] is RunOutcome.FAILED
    assert up(tmp_path / "n1") == set()
    assert n2.status([n2.load("svc")])["svc"].resources[0].shown is Status.DOWN


def test_keys_that_others_can_read_are_told(tmp_path: Path, targets: dict[str, Target]) -> None:
    agent = node(tmp_path, "n1", targets)
    conf = tmp_path / "n1" / "etc" / "node.conf"
    conf.write_text("[prkeys]\nn2 = 0x2222\n")
    conf.chmod(0o640)
    assert shown(agent) == (Status.DOWN, {"keys_readable"})
    conf.chmod(0o600)
    assert shown(agent) == (Status.DOWN, set())


def test_a_service_without_reservations_has_none_to_take(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    with pytest.raises(PlanError, match="nothing is reserved"):
        reservation_plan(agent, "take", [agent.load("svc")])


# -- an operator's word -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dead", "network", "code"),
    [
        ("n1", Silence(answering={"192.0.2.1"}), "alive"),
        ("n1", Silence(unknown={"n1"}), "cannot_look"),
        ("n1", Silence(answering={"broken"}), "cannot_look"),
        ("n9", Silence(), "not_a_peer"),
        ("n2", Silence(), "not_a_peer"),
    ],
)
def test_a_node_is_declared_dead_only_where_it_shows_no_sign_of_life(
    tmp_path: Path, targets: dict[str, Target], dead: str, network: Silence, code: str
) -> None:
    n2 = node(tmp_path, "n2", targets)
    n2.network = network
    with pytest.raises(Vetoed) as caught:
        declare_dead(n2, [n2.load("svc")], [dead])
    assert [veto.code for veto in caught.value.vetoes] == [code]
    assert "--permit" not in caught.value.hint


def test_an_open_ssh_port_is_a_sign_of_life(
    tmp_path: Path, targets: dict[str, Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opensvc_core.actions.declare.is_port_open", lambda address, port: port == 22)
    n2 = node(tmp_path, "n2", targets)
    with pytest.raises(Vetoed, match="answers on the ssh port"):
        declare_dead(n2, [n2.load("svc")], ["n1"])


def test_a_port_that_answers_or_refuses_is_alive() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_port_open("127.0.0.1", port)
    assert is_port_open("127.0.0.1", port)  # refused: somebody is there to refuse


def test_the_word_is_kept_with_who_gave_it(tmp_path: Path, targets: dict[str, Target]) -> None:
    n2 = node(tmp_path, "n2", targets)
    (evidence,) = declare_dead(n2, [n2.load("svc")], ["n1"])
    assert (evidence.state, evidence.source) == (NodeState.FENCED, "declared dead by ann")
    assert evidence.at > 0


def test_metrics_tell_who_holds_a_disk_where_it_can_be_asked(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1, n2 = node(tmp_path, "n1", targets), node(tmp_path, "n2", targets)
    n1.run(n1.plan("start", [n1.load("svc")]))
    text = render(collect_metrics(n2, is_asked=True))
    about = 'service="svc",rid="disk#1pr",disk="svc.disk#1"'
    assert f'opensvc_reservation_holder_info{{{about},key="0x1111",holder="n1"}} 1' in text
    assert f"opensvc_reservation_registrations{{{about}}} 1" in text
    n2.reservations.fails["read"] = ReservationError("the path is gone", code="failed")  # type: ignore[attr-defined]
    text = render(collect_metrics(n2, is_asked=True))
    assert f"opensvc_reservation_known{{{about}}} 0" in text
    assert "opensvc_reservation_holder_info" not in text
    assert "opensvc_reservation" not in render(collect_metrics(n2, is_asked=False))
