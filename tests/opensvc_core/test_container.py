"""The container life cycle: what it waits for, when it gives up, what it never assumes."""

from __future__ import annotations

from typing import ClassVar

import pytest
from attrs import define

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandFailed,
    CommandResult,
    CommandTimeout,
    ContainerLifeCycle,
    ContainerPlatform,
    Context,
    Deadline,
    GuestState,
    Note,
    Phase,
    Resource,
    Severity,
    Status,
    StatusReport,
    Undetermined,
    WaitTimeout,
    is_guest_running,
)
from tests.opensvc_core.container_stand_ins import GuestShell, MemoryPlatform, World, dweller, texts

UP = GuestState(Status.UP)
DOWN = GuestState(Status.DOWN)
UNDEF = GuestState.undef("libvirt does not answer")
PAUSED = GuestState(Status.WARN, (Note("paused (I/O error)"),), obeys_soft_stop=False)
STARTING = GuestState(Status.WARN, (Note("paused (starting up)"),), obeys_soft_stop=False, is_passing=True)

ADDRESS = dweller("ip#1", Phase.GUEST_ADDRESS)
CHECKED_ADDRESS = dweller("ip#1", Phase.GUEST_ADDRESS, ipdev="eth0")
APPLICATION = dweller("app#0", Phase.APPLICATION)


def start(world: World) -> tuple[bool, list[str]]:
    outcome = world.driver.start(world.resource, world.context())
    assert outcome is not None
    return outcome.is_changed, [word for word in world.platform.done if word != "read"]


def stop(world: World) -> tuple[bool, list[str]]:
    outcome = world.driver.stop(world.resource, world.context())
    assert outcome is not None
    return outcome.is_changed, [word for word in world.platform.done if word != "read"]


# -- start ------------------------------------------------------------------------------------------------------------


def test_start_defines_boots_and_looks_once_before_and_once_after() -> None:
    world = World()
    assert start(world) == (True, ["define", "boot"])
    assert world.platform.done == ["read", "define", "boot", "read"]


def test_start_of_a_running_guest_changes_nothing() -> None:
    assert start(World(MemoryPlatform([UP]))) == (False, [])


def test_start_is_refused_while_it_cannot_be_told_whether_the_guest_runs() -> None:
    world = World(MemoryPlatform([UNDEF]))
    with pytest.raises(ActionError, match="libvirt does not answer"):
        start(world)
    assert "boot" not in world.platform.done


def test_start_of_a_paused_guest_says_what_it_is() -> None:
    world = World(MemoryPlatform([PAUSED]))
    with pytest.raises(ActionError, match=r"paused \(I/O error\)"):
        start(world)
    assert "boot" not in world.platform.done


def test_start_waits_for_a_start_that_somebody_else_began() -> None:
    world = World(MemoryPlatform([STARTING, STARTING, UNDEF, STARTING, UP]))
    assert start(world) == (False, [])


def test_start_waits_for_a_shutdown_to_end_and_then_boots() -> None:
    world = World(MemoryPlatform([STARTING, STARTING, DOWN]))
    assert start(world) == (True, ["define", "boot"])


def test_a_passing_state_that_does_not_pass_fails_the_start() -> None:
    world = World(MemoryPlatform([STARTING]))
    with pytest.raises(ActionError, match="starting up"):
        start(world)
    assert "boot" not in world.platform.done


def test_a_refused_boot_fails_at_once() -> None:
    world = World(MemoryPlatform(boot_error=CommandFailed("no memory", argv=("virsh",))))
    began = world.clock.at
    with pytest.raises(CommandFailed, match="no memory"):
        start(world)
    assert world.clock.at == began


def test_a_guest_that_goes_down_right_after_its_boot_fails_at_once() -> None:
    crashed = GuestState(Status.DOWN, (Note("it crashed"),))
    world = World(MemoryPlatform(boots_into=[crashed]))
    began = world.clock.at
    with pytest.raises(ActionError, match="did not come up: it crashed"):
        start(world)
    assert world.clock.at == began


def test_a_guest_that_pauses_on_its_boot_fails_at_once() -> None:
    with pytest.raises(ActionError, match="I/O error"):
        start(World(MemoryPlatform(boots_into=[PAUSED])))


def test_start_waits_until_the_guest_is_up_and_while_it_cannot_be_told() -> None:
    assert start(World(MemoryPlatform(boots_into=[STARTING, UNDEF, STARTING, UP])))[0]


def test_start_gives_up_at_start_timeout() -> None:
    world = World(MemoryPlatform(boots_into=[UNDEF]), options={"start_timeout": 12.0})
    began = world.clock.at
    with pytest.raises(WaitTimeout, match="svc to be up"):
        start(world)
    assert 12 <= world.clock.at - began < 13


def test_nothing_is_pinged_when_nothing_of_the_service_lives_in_the_guest() -> None:
    world = World()
    start(world)
    assert world.network.asked == []


def test_start_waits_for_ping_when_an_address_lives_in_the_guest() -> None:
    world = World(others=(ADDRESS,))
    world.network.answers_at["svc"] = world.clock.at + 9
    assert start(world)[0]
    assert world.clock.at >= 1009


def test_ping_goes_to_hostname() -> None:
    world = World(others=(ADDRESS,), options={"hostname": "10.0.0.9", "name": "guest"})
    world.network.answers_at["10.0.0.9"] = 0
    start(world)
    assert set(world.network.asked) == {"10.0.0.9"}


def test_disabled_resources_and_those_of_other_guests_are_not_waited_for() -> None:
    other = dweller("ip#2", Phase.GUEST_ADDRESS)
    elsewhere = type(other)(other.id, other.driver, phase=other.phase, container="container#1")
    disabled = type(other)(other.id, other.driver, phase=other.phase, container="container#0", is_disabled=True)
    world = World(others=(elsewhere, disabled))
    start(world)
    assert world.network.asked == []


def test_a_name_that_does_not_resolve_is_said_before_the_boot() -> None:
    world = World(others=(ADDRESS,), options={"hostname": "nowhere"})
    with pytest.raises(ActionError, match="does not resolve"):
        start(world)
    assert "boot" not in world.platform.done


def test_ping_and_shell_share_one_start_timeout() -> None:
    world = World(others=(APPLICATION,), options={"start_timeout": 20.0})
    world.network.answers_at["svc"] = world.clock.at + 15
    world.platform.shell = GuestShell(world.clock)
    began = world.clock.at
    with pytest.raises(WaitTimeout, match="shell of svc"):
        start(world)
    assert world.clock.at - began < 22


@pytest.mark.parametrize("others", [(ADDRESS,), (APPLICATION,)])
def test_start_fails_fast_when_the_guest_goes_down_while_it_boots(others: tuple[object, ...]) -> None:
    world = World(MemoryPlatform(boots_into=[UP, UP, DOWN]), others=others)  # type: ignore[arg-type]
    world.network.answers_at["svc"] = 0 if others == (APPLICATION,) else float("inf")
    world.platform.shell = GuestShell(world.clock)
    began = world.clock.at
    with pytest.raises(ActionError, match="went down while it booted"):
        start(world)
    assert world.clock.at - began < 5


@pytest.mark.parametrize(
    ("others", "options", "is_asked"),
    [
        ((ADDRESS,), {}, False),
        ((CHECKED_ADDRESS,), {}, True),
        ((APPLICATION,), {}, True),
        ((APPLICATION,), {"shell": False}, False),
        ((APPLICATION,), {"guest_os": "Windows"}, False),
        ((), {}, False),
    ],
)
def test_the_shell_is_waited_for_only_when_the_service_needs_it(
    others: tuple[object, ...], options: dict[str, object], is_asked: bool
) -> None:
    world = World(others=others, options=options)  # type: ignore[arg-type]
    world.network.answers_at["svc"] = 0
    shell = GuestShell(world.clock, answers_at=world.clock.at + 4)
    world.platform.shell = shell
    assert start(world)[0]
    assert (shell.calls > 1) is is_asked


def test_a_guest_reached_without_network_is_not_pinged_for_its_applications() -> None:
    world = World(others=(APPLICATION,))
    world.platform.needs_network = False
    world.platform.shell = GuestShell(world.clock, answers_at=0)
    start(world)
    assert world.network.asked == []


def test_a_cancel_ends_the_wait() -> None:
    world = World(others=(ADDRESS,))
    world.clock.on_wait = lambda at: world.cancel.set("SIGTERM") if at > 1005 else None
    with pytest.raises(Cancelled, match="SIGTERM"):
        start(world)


def test_a_shell_that_is_cancelled_is_not_taken_for_one_that_does_not_answer() -> None:
    world = World(others=(APPLICATION,))
    world.network.answers_at["svc"] = 0
    world.platform.shell = GuestShell(world.clock)
    world.clock.on_wait = lambda at: world.cancel.set("SIGINT")
    with pytest.raises(Cancelled):
        start(world)


# -- autostart --------------------------------------------------------------------------------------------------------

AUTOSTARTED = GuestState(Status.DOWN, is_autostarted=True)


def test_start_switches_autostart_off_before_the_boot_on_a_service_of_several_nodes() -> None:
    world = World(MemoryPlatform([AUTOSTARTED]), nodes=("n1", "n2"))
    assert start(world) == (True, ["define", "forbid autostart", "boot"])


def test_start_leaves_autostart_on_a_service_of_one_node() -> None:
    assert start(World(MemoryPlatform([AUTOSTARTED]))) == (True, ["define", "boot"])


def test_a_running_guest_loses_its_autostart_and_still_counts_as_unchanged() -> None:
    world = World(MemoryPlatform([GuestState(Status.UP, is_autostarted=True)]), nodes=("n1", "n2"))
    assert start(world) == (False, ["forbid autostart"])


def test_autostart_makes_up_a_warning_and_leaves_down_as_it_is() -> None:
    up = GuestState(Status.UP, is_autostarted=True).report
    down = AUTOSTARTED.report
    assert (up.status, down.status) == (Status.WARN, Status.DOWN)
    assert [note.code for note in (*up.notes, *down.notes)] == ["autostart", "autostart"]


def test_a_guest_that_only_has_autostart_on_is_running() -> None:
    assert is_guest_running(GuestState(Status.UP, is_autostarted=True).report)
    assert is_guest_running(StatusReport(Status.UP))
    assert not is_guest_running(AUTOSTARTED.report)
    assert not is_guest_running(StatusReport.warn("paused"))
    paused = GuestState(Status.WARN, (Note("paused", "paused", Severity.WARNING),), is_autostarted=True)
    assert not is_guest_running(paused.report)
    assert not is_guest_running(StatusReport.undef("?"))


# -- stop -------------------------------------------------------------------------------------------------------------


def test_a_guest_that_obeys_is_stopped_softly() -> None:
    assert stop(World(MemoryPlatform([UP], soft_leads_to=[UP, UP, DOWN]))) == (True, ["soft stop"])


@pytest.mark.parametrize("known", [True, False])
def test_stop_of_a_guest_that_is_down_changes_nothing(known: bool) -> None:
    assert stop(World(MemoryPlatform([GuestState(Status.DOWN, is_known=known)]))) == (False, [])


def test_stop_does_not_conclude_from_an_answer_that_did_not_come() -> None:
    world = World(MemoryPlatform([UNDEF]))
    with pytest.raises(ActionError, match="cannot tell"):
        stop(world)
    assert world.platform.done == ["read"]


def test_a_stubborn_guest_is_stopped_by_force_after_stop_timeout() -> None:
    world = World(MemoryPlatform([UP], soft_leads_to=[UP], force_leads_to=[UP, DOWN]))
    began, context = world.clock.at, world.context()
    outcome = world.driver.stop(world.resource, context)
    assert outcome is not None
    assert outcome.is_changed
    assert world.clock.at - began >= 30
    assert "forced stop" in world.platform.done
    # One that was still booting has not heard the first request.
    assert world.platform.done.count("soft stop") >= 2
    assert any("did not shut down within 30 s" in text for text in texts(context))


def test_a_paused_guest_is_stopped_by_force_at_once() -> None:
    world = World(MemoryPlatform([PAUSED]))
    began = world.clock.at
    assert stop(world) == (True, ["forced stop"])
    assert world.clock.at == began


def test_a_refused_soft_stop_leads_to_force() -> None:
    world = World(MemoryPlatform([UP], soft_rc=1, soft_leads_to=[UP]))
    assert stop(world) == (True, ["soft stop", "forced stop"])


def test_a_soft_stop_that_is_refused_as_the_guest_just_went_down_is_done() -> None:
    world = World(MemoryPlatform([UP], soft_rc=1, soft_leads_to=[DOWN]))
    assert stop(world) == (True, ["soft stop"])


def test_a_soft_stop_that_hangs_leads_to_force() -> None:
    world = World(MemoryPlatform([UP], soft_error=CommandTimeout("hangs", argv=("virsh",))))
    assert stop(world) == (True, ["soft stop", "forced stop"])


@pytest.mark.parametrize("after", [UP, UNDEF, PAUSED])
def test_a_forced_stop_is_verified(after: GuestState) -> None:
    world = World(MemoryPlatform([PAUSED], force_leads_to=[after]))
    with pytest.raises(ActionError, match="not verified down"):
        stop(world)


def test_a_refused_forced_stop_says_why() -> None:
    world = World(MemoryPlatform([PAUSED], force_rc=1, force_leads_to=[UP]))
    with pytest.raises(ActionError, match="forced stop refused"):
        stop(world)


def test_a_forced_stop_that_is_refused_as_the_guest_just_went_down_is_done() -> None:
    assert stop(World(MemoryPlatform([PAUSED], force_rc=1, force_leads_to=[DOWN])))[0]


def test_stop_waits_for_a_start_under_way_and_then_stops_softly() -> None:
    world = World(MemoryPlatform([STARTING, STARTING, UP]))
    assert stop(world) == (True, ["soft stop"])


def test_what_does_not_leave_its_passing_state_is_stopped_by_force() -> None:
    assert stop(World(MemoryPlatform([STARTING]))) == (True, ["forced stop"])


# -- dry run ----------------------------------------------------------------------------------------------------------


def test_a_dry_run_of_start_shows_the_boot_and_then_says_what_the_rest_depends_on() -> None:
    world = World(others=(ADDRESS,), is_dry_run=True)
    context = world.context()
    with pytest.raises(Undetermined, match="svc being up"):
        world.driver.start(world.resource, context)
    assert context.recording is not None
    assert [command.argv for command in context.recording.commands] == [("hypervisor", "boot")]


def test_a_dry_run_of_stop_shows_the_soft_stop_alone() -> None:
    world = World(MemoryPlatform([UP]), is_dry_run=True)
    context = world.context()
    with pytest.raises(Undetermined):
        world.driver.stop(world.resource, context)
    assert context.recording is not None
    assert [command.argv[1] for command in context.recording.commands] == ["soft stop"]


# -- questions --------------------------------------------------------------------------------------------------------


def test_preflight_refuses_a_start_for_good_while_the_own_guest_is_undef() -> None:
    world = World(MemoryPlatform([UNDEF]))
    veto = world.driver.preflight(world.resource, "start", world.context())
    assert veto is not None
    assert (veto.code, veto.is_liftable) == ("container_undef", False)
    assert "libvirt does not answer" in veto.reason


def test_preflight_takes_what_was_answered_in_this_run() -> None:
    world = World(MemoryPlatform([UNDEF]))
    context = world.context()
    context.statuses = {world.resource.id: StatusReport(Status.DOWN)}
    assert world.driver.preflight(world.resource, "start", context) is None
    assert world.platform.done == []


@pytest.mark.parametrize("action", ["stop", "status"])
def test_preflight_has_nothing_against_other_actions(action: str) -> None:
    assert World(MemoryPlatform([UNDEF])).driver.preflight(World().resource, action, World().context()) is None


@pytest.mark.parametrize("options", [{"shell": False}, {"guest_os": "windows"}])
def test_no_guest_is_opened_that_has_no_shell(options: dict[str, object]) -> None:
    world = World(options=options)
    with pytest.raises(ActionError, match="no shell"):
        world.driver.open_guest(world.resource, world.context())


def test_status_reports_each_resource() -> None:
    world = World(MemoryPlatform([UNDEF]))
    reports = dict(world.driver.status([world.resource], world.context()))
    assert reports[world.resource.id].status is Status.UNDEF
    assert reports[world.resource.id].notes[0].text == "libvirt does not answer"


# -- what a platform may hold or await --------------------------------------------------------------------------------

HELD = GuestState(Status.WARN, (Note("bound"),), obeys_soft_stop=False, is_held=True)


@define
class HoldingWorld(World):
    """A world whose platform holds a guest without power until it is told to let go."""

    lets_go: bool = True

    @property
    def driver(self) -> ContainerLifeCycle:
        world = self

        class HoldingContainer(ContainerLifeCycle):
            platform: ClassVar[ContainerPlatform] = world.platform
            can_hold: ClassVar[bool] = True

            def let_go(self, resource: Resource, context: Context) -> CommandResult:
                world.platform.done.append("let go")
                if world.lets_go:
                    world.platform.states = [DOWN]
                return CommandResult(("let", "go"), 0 if world.lets_go else 1, stderr="it is busy\n")

            def await_service(self, resource: Resource, context: Context, limit: Deadline) -> None:
                world.platform.done.append(f"await within {limit.remaining():g} s")

        return HoldingContainer()


def test_a_guest_that_is_held_is_booted_from_there() -> None:
    assert start(HoldingWorld(MemoryPlatform([HELD]))) == (True, ["define", "boot", "await within 60 s"])


def test_a_guest_that_is_held_is_let_go_of_by_a_stop() -> None:
    assert stop(HoldingWorld(MemoryPlatform([HELD]))) == (True, ["let go"])


def test_a_guest_that_is_held_after_it_went_down_is_let_go_of() -> None:
    platform = MemoryPlatform([UP], soft_leads_to=[UP, HELD])
    assert stop(HoldingWorld(platform)) == (True, ["soft stop", "let go"])


def test_a_guest_that_is_held_after_a_forced_stop_is_let_go_of() -> None:
    platform = MemoryPlatform([PAUSED], force_leads_to=[HELD])
    assert stop(HoldingWorld(platform)) == (True, ["forced stop", "let go"])


def test_a_guest_that_is_not_let_go_of_is_not_down() -> None:
    world = HoldingWorld(MemoryPlatform([HELD]), lets_go=False)
    with pytest.raises(ActionError, match="is not let go of: it is busy"):
        stop(world)


def test_a_guest_that_loses_its_power_while_it_boots_is_not_waited_for() -> None:
    platform = MemoryPlatform(boots_into=[UP, HELD])
    with pytest.raises(ActionError, match="went down while it booted"):
        start(HoldingWorld(platform, others=(ADDRESS,)))
