"""What a node's lists make of a guest: migrations under way, lists that are cut at the end of a line, names in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import ActionError, Command, CommandResult, GuestState, Status
from opensvc_core.recording import Recording
from opensvc_drivers_xen.autostart import autostart_entry, forbid_autostart
from opensvc_drivers_xen.toolstack import Toolstack
from tests.opensvc_drivers_kvm.stand_ins import AnsweringHost, context_on

HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
DOMAIN_0 = "Domain-0                                     0  2048     4     r-----     512.3\n"


def row(name: str, letters: str = "-b----", domid: int = 1) -> str:
    """A domain as `xl list` shows it."""
    return f"{name:<40} {domid:5d} {512:5d} {1:5d}     {letters}  {0.0:8.1f}\n"


def states(first: str, *names: str, second: str = "", second_error: str = "", rc: int = 0) -> dict[str, GuestState]:
    """States of domains by two answers of `xl list`."""

    def again(command: Command) -> CommandResult:
        return CommandResult(command.argv, rc, second, second_error)

    host = AnsweringHost()
    host.answers.append((("list", "-v" if len(names) > 1 else names[0]), again))
    host.answers.append((("list",), lambda command: CommandResult(command.argv, 0, first)))
    return dict(Toolstack(("xl",), context_on(host)).states(names))


def test_a_guest_that_is_only_in_the_second_list_is_as_that_says() -> None:
    found = states(HEADER + DOMAIN_0, "vm1", "vm2", second=HEADER + DOMAIN_0 + row("vm1") + row("vm2", "--p---", 2))
    assert (found["vm1"].status, found["vm2"].status) == (Status.UP, Status.WARN)


def test_a_guest_in_neither_list_is_down() -> None:
    found = states(HEADER + DOMAIN_0, "vm1", "vm2", second=HEADER + DOMAIN_0 + row("vm1"))
    assert (found["vm1"].status, found["vm2"].status) == (Status.UP, Status.DOWN)


@pytest.mark.parametrize(
    "second",
    ["", HEADER, HEADER + DOMAIN_0 + "half\n", HEADER + DOMAIN_0 + row("(null)")],
    ids=["nothing", "no domain 0", "half a row", "a nameless domain"],
)
def test_a_second_list_that_is_not_sound_tells_nothing(second: str) -> None:
    assert {state.status for state in states(HEADER + DOMAIN_0, "vm1", "vm2", second=second).values()} == {Status.UNDEF}


def test_one_guest_is_asked_for_by_its_name() -> None:
    unknown = "vm1 is an invalid domain identifier (rc=-6)\n"
    assert states(HEADER + DOMAIN_0, "vm1", second_error=unknown, rc=1)["vm1"].status is Status.DOWN
    assert states(HEADER + DOMAIN_0, "vm1", second=HEADER + row("vm1"))["vm1"].status is Status.UP
    # Half of an answer, an answer about another, and an error that is none of the known ones.
    assert states(HEADER + DOMAIN_0, "vm1", second=HEADER)["vm1"].status is Status.UNDEF
    assert states(HEADER + DOMAIN_0, "vm1", second=HEADER + row("vm2"))["vm1"].status is Status.UNDEF
    assert states(HEADER + DOMAIN_0, "vm1", second_error="xl: no\n", rc=1)["vm1"].status is Status.UNDEF
    assert (
        states(HEADER + DOMAIN_0, "vm1", second_error=unknown.replace("-6", "-3"), rc=1)["vm1"].status is Status.UNDEF
    )


@pytest.mark.parametrize("name", ["vm1--incoming", "vm1--migratedaway", "migrating-vm1"])
def test_a_guest_on_its_way_is_not_down(name: str) -> None:
    state = states(HEADER + DOMAIN_0 + row(name), "vm1")["vm1"]
    assert (state.status, state.is_passing, state.obeys_soft_stop) == (Status.WARN, True, False)
    assert "vm1" in state.reason


def test_two_domains_of_one_name_are_nobodys() -> None:
    assert states(HEADER + DOMAIN_0 + row("vm1") + row("vm1", domid=2), "vm1")["vm1"].status is Status.UNDEF


def test_what_runs_is_up_in_a_list_of_which_the_rest_is_not_understood() -> None:
    found = states(HEADER + DOMAIN_0 + row("vm1") + "what is this\n", "vm1", "vm2")
    assert (found["vm1"].status, found["vm2"].status) == (Status.UP, Status.UNDEF)


def test_a_link_that_has_a_guest_started_with_the_node_is_taken_away(tmp_path: Path) -> None:
    config = tmp_path / "vm1.cfg"
    config.touch()
    auto = tmp_path / "auto"
    auto.mkdir()
    assert autostart_entry("vm1", config, auto) is None
    link = auto / "vm1.cfg"
    link.symlink_to(config)
    entry = autostart_entry("vm1", config, auto)
    assert entry == link
    context = context_on(AnsweringHost())
    context.recording = Recording()
    forbid_autostart(link, context)
    assert [line.argv for line in context.recording.commands] == [("rm", "-f", str(link))]


def test_a_file_that_has_a_guest_started_with_the_node_is_left_there(tmp_path: Path) -> None:
    file = tmp_path / "vm1"
    file.write_text("name = 'vm1'\n")
    assert autostart_entry("vm1", Path("/etc/xen/vm1.cfg"), tmp_path) == file
    with pytest.raises(ActionError, match="no link") as caught:
        forbid_autostart(file, context_on(AnsweringHost()))
    assert caught.value.code == "autostart"
    assert file.exists()
