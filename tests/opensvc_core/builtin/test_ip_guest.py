"""An address of a guest: who answers, where it lies, and what cannot be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from opensvc_core.builtin.ip_guest import GuestAddress
from opensvc_core.errors import ActionError, Undetermined, WaitTimeout
from opensvc_core.model import Note, ResourceId, Severity, Status, StatusReport
from opensvc_core.recording import Recording
from tests.opensvc_core.world import CONTAINER, World

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.model import Resource

pytestmark = pytest.mark.simulated

DRIVER = GuestAddress()
ADDRESS = "10.0.0.5"
MAC = "52:54:00:12:34:56"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def add(world: World, ipname: str = ADDRESS, ipdev: str = "", rid: str = "ip#1", **more: object) -> Resource:
    return world.add(rid, "ip.guest", **{"ipname": ipname, "ipdev": ipdev, "start_timeout": 0.05, **more})  # type: ignore[arg-type]


def ask(world: World, resource: Resource) -> StatusReport:
    answers = dict(DRIVER.status([resource], world.context()))
    assert set(answers) == {resource.id}
    return answers[resource.id]


def guest_has(world: World, **addresses: str) -> None:
    links = [{"ifname": name, "addr_info": [{"local": address}]} for name, address in addresses.items()]
    world.simulate("ip", f"#!/bin/sh\n# simulated ip of the guest\necho '{json.dumps(links)}'\n")


def codes(report: StatusReport) -> set[str]:
    return {note.code for note in report.notes}


def test_up_when_it_answers_and_no_device_is_named(world: World) -> None:
    world.network.answers[ADDRESS] = True
    assert ask(world, add(world)) == StatusReport(Status.UP)


def test_down_when_the_guest_is_up_and_it_is_silent(world: World) -> None:
    report = ask(world, add(world))
    assert report.status is Status.DOWN
    assert codes(report) == {"no_answer"}


def test_up_when_it_lies_on_the_device(world: World) -> None:
    world.network.answers[ADDRESS] = True
    guest_has(world, lan0=ADDRESS)
    assert ask(world, add(world, ipdev="lan0")) == StatusReport(Status.UP)


def test_an_alias_lies_on_its_device(world: World) -> None:
    world.network.answers[ADDRESS] = True
    world.simulate("ip", "#!/bin/sh\n# simulated: no ip\nexit 1\n")
    world.simulate(
        "ifconfig", f"#!/bin/sh\n# simulated ifconfig\nprintf 'lan0:1: flags=1<UP>\\n\\tinet {ADDRESS} x\\n'\n"
    )
    assert ask(world, add(world, ipdev="lan0")).status is Status.UP


def test_a_name_is_looked_for_by_its_address(world: World) -> None:
    world.network.names["vm188"] = (ADDRESS,)
    world.network.answers["vm188"] = True
    guest_has(world, lan0=ADDRESS)
    assert ask(world, add(world, "vm188", "lan0")).status is Status.UP


def test_warn_when_it_lies_on_another_device(world: World) -> None:
    world.network.answers[ADDRESS] = True
    guest_has(world, lan0="10.0.0.9", lan1=ADDRESS)
    report = ask(world, add(world, ipdev="lan0"))
    assert report.status is Status.WARN
    assert "lan1" in report.notes[0].text


def test_warn_with_the_mac_when_the_guest_does_not_have_what_answers(world: World) -> None:
    world.network.answers[ADDRESS] = True
    world.network.macs[ADDRESS] = MAC
    guest_has(world, lan0="10.0.0.9")
    report = ask(world, add(world, ipdev="lan0"))
    assert report.status is Status.WARN
    assert codes(report) == {"duplicate_address"}
    assert MAC in report.notes[0].text


@pytest.mark.parametrize("script", ["exit 255", "echo 'Permission denied' >&2; exit 255"])
def test_warn_when_it_answers_and_the_guest_cannot_be_asked(world: World, script: str) -> None:
    world.network.answers[ADDRESS] = True
    world.ssh_fails(script)
    report = ask(world, add(world, ipdev="lan0"))
    assert report.status is Status.WARN
    assert codes(report) == {"plumbing_unknown"}


def test_warn_when_the_guest_prints_garbage(world: World) -> None:
    world.network.answers[ADDRESS] = True
    for name in ("ip", "ifconfig"):
        world.simulate(name, "#!/bin/sh\n# simulated\necho garbage\n")
    assert codes(ask(world, add(world, ipdev="lan0"))) == {"plumbing_unknown"}


def test_a_guest_without_shell_is_only_pinged(world: World) -> None:
    world.network.answers[ADDRESS] = True
    world.shell = False
    assert ask(world, add(world, ipdev="lan0")) == StatusReport(Status.UP)


def test_down_without_a_note_when_the_guest_is_down(world: World) -> None:
    world.says(Status.DOWN)
    assert ask(world, add(world, ipdev="lan0")) == StatusReport(Status.DOWN)


def test_warn_when_somebody_answers_while_the_guest_is_down(world: World) -> None:
    world.says(Status.DOWN)
    world.network.answers[ADDRESS] = True
    world.network.macs[ADDRESS] = MAC
    report = ask(world, add(world))
    assert report.status is Status.WARN
    assert codes(report) == {"duplicate_address"}
    assert MAC in report.notes[0].text


def test_warn_when_it_answers_and_the_guest_is_paused(world: World) -> None:
    world.says(Status.WARN)
    world.network.answers[ADDRESS] = True
    assert ask(world, add(world)).status is Status.WARN


def test_a_guest_that_only_starts_by_itself_at_boot_is_up_all_the_same(world: World) -> None:
    world.statuses[CONTAINER] = StatusReport(Status.WARN, (Note("on", "autostart", Severity.WARNING),))
    world.network.answers[ADDRESS] = True
    assert ask(world, add(world)).status is Status.UP


def test_undef_when_the_guest_is_undef_and_nobody_is_asked(world: World) -> None:
    world.says(Status.UNDEF)
    assert ask(world, add(world)).status is Status.UNDEF
    assert world.network.asked == []


def test_undef_when_the_container_was_not_asked(world: World) -> None:
    world.statuses.clear()
    assert ask(world, add(world)).status is Status.UNDEF


def test_undef_when_it_lives_in_no_guest(world: World) -> None:
    assert ask(world, add(world, container="")).status is Status.UNDEF


def test_undef_when_ping_cannot_tell(world: World) -> None:
    world.network.answers[ADDRESS] = ActionError("no route", code="ping_impossible")
    report = ask(world, add(world))
    assert report.status is Status.UNDEF
    assert "no route" in report.notes[0].text


def test_down_with_the_guest_even_when_ping_cannot_tell(world: World) -> None:
    world.says(Status.DOWN)
    world.network.answers[ADDRESS] = ActionError("no route", code="ping_impossible")
    assert ask(world, add(world)).status is Status.DOWN


def test_many_are_asked_in_one_round_and_one_guest_once(world: World) -> None:
    addresses = [f"10.0.0.{number}" for number in range(1, 21)]
    world.network.answers.update(dict.fromkeys(addresses, True))
    guest_has(world, **{f"lan{number}": address for number, address in enumerate(addresses)})
    resources = [add(world, address, f"lan{number}", f"ip#{number}") for number, address in enumerate(addresses)]
    answers = dict(DRIVER.status(resources, world.context()))
    assert {report.status for report in answers.values()} == {Status.UP}
    assert set(answers) == {ResourceId("vm188", f"ip#{number}") for number in range(20)}
    assert (world.folder / "ssh.argv").read_text().splitlines().count("root@vm188") == 1


def test_no_veto_while_the_address_is_free(world: World) -> None:
    world.says(Status.DOWN)
    assert DRIVER.preflight(add(world), "start", world.context("start")) is None


def test_veto_with_the_mac_when_another_machine_has_the_address(world: World) -> None:
    world.says(Status.DOWN)
    world.network.names["vm188"] = ("10.0.0.4", ADDRESS)
    world.network.answers[ADDRESS] = True
    world.network.macs[ADDRESS] = MAC
    veto = DRIVER.preflight(add(world, "vm188"), "start", world.context("start"))
    assert veto is not None
    assert (veto.code, veto.subject, veto.is_liftable) == ("duplicate_address", "vm188/ip#1", True)
    assert MAC in veto.reason
    assert ADDRESS in veto.reason


@pytest.mark.parametrize("status", [Status.UP, Status.WARN, Status.UNDEF, Status.NA])
def test_no_veto_while_the_guest_itself_may_answer(world: World, status: Status) -> None:
    world.says(status)
    world.network.answers[ADDRESS] = True
    assert DRIVER.preflight(add(world), "start", world.context("start")) is None


def test_a_stop_is_never_vetoed(world: World) -> None:
    world.says(Status.DOWN)
    world.network.answers[ADDRESS] = True
    assert DRIVER.preflight(add(world), "stop", world.context("stop")) is None


def test_veto_when_nobody_can_tell_who_has_it(world: World) -> None:
    world.says(Status.DOWN)
    world.network.answers[ADDRESS] = ActionError("no route", hint="look at the routes")
    veto = DRIVER.preflight(add(world), "start", world.context("start"))
    assert veto is not None
    assert (veto.code, veto.hint) == ("address_unknown", "look at the routes")
    world.network.names["vm188"] = ()
    veto = DRIVER.preflight(add(world, "vm188"), "start", world.context("start"))
    assert veto is not None
    assert veto.code == "address_unknown"


def test_start_waits_until_it_answers(world: World) -> None:
    class Booting(dict[str, object]):
        """Silent, then not to be told, then there."""

        answers = iter((False, ActionError("no route"), True))

        def get(self, _key: str, _default: object = None) -> object:
            return next(self.answers)

    world.network.answers = Booting()  # type: ignore[assignment]
    outcome = DRIVER.start(add(world, start_timeout=60.0), world.context("start"))
    assert not outcome.is_changed
    assert len(world.network.asked) == 3


def test_start_says_what_it_waited_for_and_why(world: World) -> None:
    world.network.answers[ADDRESS] = ActionError("the name service gave no answer")
    with pytest.raises(WaitTimeout, match=r"10\.0\.0\.5 to answer ping \(the name service gave no answer\)"):
        DRIVER.start(add(world), world.context("start"))


def test_a_dry_run_goes_as_far_as_it_can_tell(world: World) -> None:
    with pytest.raises(Undetermined):
        DRIVER.start(add(world), world.context("start", Recording()))
    world.network.answers[ADDRESS] = True
    assert not DRIVER.start(add(world), world.context("start", Recording())).is_changed


def test_stop_leaves_it_to_the_guest() -> None:
    assert not DRIVER.stop().is_changed
