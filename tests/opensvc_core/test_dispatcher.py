"""One call of one driver's hook: who is called, what a broken driver is told, and that it breaks nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from pluggy import HookimplMarker

from opensvc_core.config.sections import default_phase
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.errors import (
    ActionError,
    DriverConflict,
    DriverContractError,
    DriverError,
    DriverLoadError,
    DriverNotFound,
)
from opensvc_core.events import Event, EventKind
from opensvc_core.model import Device, Outcome, Phase, Resource, ResourceId, Status, StatusReport, Veto
from opensvc_core.registry import Registry
from tests.examples.third_party import ThirdParty
from tests.opensvc_core.services import make_resource
from tests.opensvc_core.world import World

wrapper = HookimplMarker("opensvc")
Driver = Callable[..., Dispatcher]

HEAD = """
from opensvc_core import api


class Driver:
"""
START = """
@api.hookimpl
def start(self, resource, context):
    return api.Outcome.changed("started")
"""
STOP = """
@api.hookimpl
def stop(self, resource, context):
    return api.Outcome.unchanged("was stopped")
"""
STATUS = """
@api.hookimpl
def status(self, resources, context):
    for resource in resources:
        yield resource.id, api.StatusReport(api.Status.UP)
"""


def source(*parts: str) -> str:
    """Text of a module whose class `Driver` has these parts."""
    return HEAD + "".join(indent(part, "    ") for part in parts)


GOOD = source(START, STOP, STATUS)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of `sys.path`, forgotten after the test with the modules that came from it."""
    before = set(sys.modules)
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def dispatcher(site: Path) -> Driver:
    """`dispatcher({"disk.x": text})`: over a registry in which each driver has a distribution of its own."""

    def make(drivers: dict[str, str], **rest: Any) -> Dispatcher:
        for driver, text in drivers.items():
            ThirdParty(f"acme-{driver.replace('.', '-')}", {driver: "Driver"}, text).unpack(site)
        return Dispatcher(Registry(), **rest)

    return make


def disk(name: str = "1", driver: str = "disk.acme") -> Resource:
    return make_resource(f"disk#{name}", driver)


def answers(
    dispatcher: Dispatcher, world: World, *resources: Resource, driver: str = "disk.acme"
) -> dict[ResourceId, StatusReport]:
    return dict(dispatcher.status(driver, resources or (disk(),), world.context()))


# -- who is called


def test_a_hook_reaches_the_driver_of_the_resource_and_no_other(dispatcher: Driver, world: World) -> None:
    loud = source('@api.hookimpl\ndef start(self, resource, context):\n    raise RuntimeError("not I")\n', STOP, STATUS)
    both = dispatcher({"disk.acme": GOOD, "disk.loud": loud})
    both.driver("disk.loud")
    assert both.start(disk(), world.context("start")) == Outcome.changed("started")
    assert both.stop(disk(), world.context("stop")) == Outcome.unchanged("was stopped")
    with pytest.raises(RuntimeError, match="not I"):
        both.start(disk(driver="disk.loud"), world.context("start"))


def test_a_driver_is_made_once_and_only_when_it_is_asked_for(dispatcher: Driver) -> None:
    note = 'def __init__(self):\n    with open(f"{__file__}.made", "a") as made:\n        made.write("x")\n'
    counting = source(note, START, STOP, STATUS)
    both = dispatcher({"disk.acme": counting, "disk.other": counting})
    both.describe("disk.acme")
    assert both.driver("disk.acme") is both.driver("disk.acme")
    assert Path(f"{sys.modules['acme_disk_acme'].__file__}.made").read_text() == "x"
    assert "acme_disk_other" not in sys.modules


def test_policies_see_every_hook_of_every_driver_and_steer_none(dispatcher: Driver, world: World) -> None:
    seen = []

    class Timing:
        @wrapper(wrapper=True)
        def start(self, resource: Resource, context: object) -> Generator[None, Outcome, Outcome]:
            outcome = yield
            seen.append((str(resource.id), outcome.text))
            return outcome

    both = dispatcher({"disk.acme": GOOD, "disk.other": GOOD}, policies=[Timing()])
    both.start(disk("1"), world.context("start"))
    both.start(disk("2", "disk.other"), world.context("start"))
    assert seen == [("svc/disk#1", "started"), ("svc/disk#2", "started")]


def test_what_observers_raise_changes_nothing(dispatcher: Driver) -> None:
    seen = []

    class Deaf:
        @wrapper
        def observe(self, event: Event) -> None:
            raise RuntimeError("deaf")

    class Eyes:
        @wrapper
        def observe(self, event: Event) -> None:
            seen.append(event)

    event = Event(EventKind.RUN_BEGIN, 0.0, "run", "svc")
    dispatcher({}, observers=[Deaf(), Eyes()]).observe(event)
    assert seen == [event]


# -- what a driver says of itself


def test_a_description_holds_keywords_and_the_usual_phase_of_its_group(dispatcher: Driver) -> None:
    keyword = 'keywords = (api.Keyword("file", "The file."),)\n'
    info = dispatcher({"fs.acme": source(keyword, START, STOP, STATUS)}).describe("fs.acme")
    assert info is not None
    assert [each.name for each in info.keywords] == ["file"]
    assert info.phase is Phase.FILESYSTEM


def test_a_group_that_nobody_knows_must_say_its_phase(dispatcher: Driver) -> None:
    placed = source("phase = api.Phase.DISK\n", START, STOP, STATUS)
    both = dispatcher({"tape.acme": placed, "tape.lost": GOOD})
    info = both.describe("tape.acme")
    assert info is not None
    assert info.phase is Phase.DISK
    with pytest.raises(DriverContractError, match=r"tape\.lost.*`phase`"):
        both.describe("tape.lost")


def test_the_default_phase_follows_the_default_order() -> None:
    ids = [
        "disk.scsireserv",
        "disk.x",
        "fs.x",
        "zone.ready",
        "ip.host",
        "container.kvm",
        "ip.guest",
        "app.x",
        "sync.rsync",
    ]
    # What makes a guest ready says so itself: no section of a service file names it.
    phases = [default_phase(each) for each in ids]
    assert phases == [None if phase is Phase.READY else phase for phase in Phase]
    assert default_phase("tape.x") is None


def test_a_driver_that_is_not_installed_is_no_error_until_it_is_called(dispatcher: Driver) -> None:
    none = dispatcher({})
    assert none.describe("disk.unheard") is None
    with pytest.raises(DriverNotFound):
        none.driver("disk.unheard")


BROKEN = [
    pytest.param(source(START, STOP), r"lacks the hook status", id="a hook is missing"),
    pytest.param(
        source(START.replace("@api.hookimpl\n", ""), STOP, STATUS), r"lacks the hook start", id="a hook is not marked"
    ),
    pytest.param(
        source(START, STOP, STATUS, START.replace("start", "strat")), r"unknown hook 'strat'", id="a hook is misspelt"
    ),
    pytest.param(
        source(START.replace("context", "nope"), STOP, STATUS), r"'nope'.*hookspec", id="a signature is wrong"
    ),
    pytest.param(
        source("def __init__(self):\n    self.x = self.y\n", START, STOP, STATUS),
        r"Driver\(\) failed: AttributeError",
        id="its constructor fails",
    ),
    pytest.param(source("keywords = 5\n", START, STOP, STATUS), r"`keywords`", id="keywords is no sequence"),
    pytest.param(source('keywords = ("file",)\n', START, STOP, STATUS), r"not a Keyword", id="keywords of words"),
    pytest.param(source('phase = "early"\n', START, STOP, STATUS), r"`phase`.*early", id="a phase that is none"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_a_driver_that_breaks_the_contract_is_named_and_spoils_no_other(
    dispatcher: Driver, world: World, text: str, said: str
) -> None:
    both = dispatcher({"disk.broken": text, "disk.acme": GOOD})
    for _ in range(2):
        with pytest.raises(DriverContractError, match=said) as caught:
            both.describe("disk.broken")
        assert "disk.broken" in caught.value.message
    assert both.describe("disk.acme") is not None
    assert both.start(disk(), world.context("start")).is_changed
    assert answers(both, world)[disk().id].status is Status.UP


def test_a_driver_that_does_not_load_stays_broken_and_is_not_tried_again(dispatcher: Driver, site: Path) -> None:
    text = 'with open(f"{__file__}.tried", "a") as tried:\n    tried.write("x")\nraise ValueError("no")\n'
    broken = dispatcher({"disk.broken": text})
    for _ in range(3):
        with pytest.raises(DriverLoadError, match="ValueError: no"):
            broken.describe("disk.broken")
    assert (site / "acme_disk_broken.py.tried").read_text() == "x"


def test_two_distributions_of_one_id_are_an_error_of_that_id(dispatcher: Driver, site: Path) -> None:
    ThirdParty("copy-of-it", {"disk.twice": "Driver"}, GOOD).unpack(site)
    both = dispatcher({"disk.twice": GOOD, "disk.acme": GOOD})
    with pytest.raises(DriverConflict, match=r"acme-disk-twice 1\.0 and copy-of-it 1\.0"):
        both.describe("disk.twice")
    assert both.describe("disk.acme") is not None


# -- what hooks give back


@pytest.mark.parametrize("given", ["None", "True", '"started"', "api.Status.UP", 'api.Outcome(True, "", ("a note",))'])
@pytest.mark.parametrize("hook", ["start", "stop"])
def test_anything_but_an_outcome_breaks_the_contract(dispatcher: Driver, world: World, hook: str, given: str) -> None:
    wrong = f"@api.hookimpl\ndef {hook}(self, resource, context):\n    return {given}\n"
    right = {"start": STOP, "stop": START}[hook]
    broken = dispatcher({"disk.acme": source(wrong, right, STATUS)})
    with pytest.raises(DriverContractError, match=rf"disk\.acme.*`{hook}` of svc/disk#1"):
        getattr(broken, hook)(disk(), world.context(hook))


def status_that(body: str) -> str:
    hook = f"@api.hookimpl\ndef status(self, resources, context):\n{indent(body, '    ')}\n"
    return source(START, STOP, hook)


UP_FIRST = "yield resources[0].id, api.StatusReport(api.Status.UP)\n"
STRAY = "yield api.ResourceId('svc', 'container#0'), api.StatusReport(api.Status.DOWN)"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param("pass", "gave None", id="nothing"),
        pytest.param("return 5", "int", id="no sequence"),
        pytest.param("yield 'up'", "'up'", id="words"),
        pytest.param("yield resources[0].id, api.Status.UP", "Status.UP", id="no report"),
        pytest.param("yield resources[0].id, api.StatusReport('up')", "'up'", id="a report of a word"),
        pytest.param("yield resources[0].id, api.StatusReport(api.Status.UP, ('hm',))", "hm", id="words as notes"),
        pytest.param("yield resources[0].rid, api.StatusReport(api.Status.UP)", "'disk#1'", id="a rid for an id"),
        pytest.param("raise ZeroDivisionError('oops')\nyield", "ZeroDivisionError: oops", id="a defect"),
        pytest.param("raise api.ActionError('the array is off')\nyield", "the array is off", id="an error"),
        pytest.param("yield from ()", "no answer", id="no answers"),
    ],
)
def test_a_status_that_is_none_is_undef_with_the_reason(dispatcher: Driver, world: World, body: str, said: str) -> None:
    report = answers(dispatcher({"disk.acme": status_that(body)}), world)[disk().id]
    assert report.status is Status.UNDEF
    assert said in report.notes[0].text


@pytest.mark.parametrize("rest", ["raise OSError('lost')", "yield 'garbage'", "return"])
def test_answers_that_came_before_a_failure_stand(dispatcher: Driver, world: World, rest: str) -> None:
    given = answers(dispatcher({"disk.acme": status_that(UP_FIRST + rest)}), world, disk("1"), disk("2"), disk("3"))
    assert {key.rid: report.status for key, report in given.items()} == {
        "disk#1": Status.UP,
        "disk#2": Status.UNDEF,
        "disk#3": Status.UNDEF,
    }


def test_a_driver_answers_for_nothing_that_it_was_not_asked_about(dispatcher: Driver, world: World) -> None:
    given = answers(dispatcher({"disk.acme": status_that(f"{STRAY}\n{UP_FIRST}")}), world)
    assert set(given) == {disk().id}
    assert given[disk().id].status is Status.UNDEF
    assert "container#0" in given[disk().id].notes[0].text


def test_one_by_one_keeps_the_error_of_one_resource_to_it(dispatcher: Driver, world: World) -> None:
    ask = (
        "@api.hookimpl\n@api.one_by_one\ndef status(self, resource, context):\n"
        "    if resource.rid == 'disk#2':\n        raise api.ActionError('gone', code='gone')\n"
        "    return api.StatusReport(api.Status.UP)\n"
    )
    given = answers(dispatcher({"disk.acme": source(START, STOP, ask)}), world, disk("1"), disk("2"), disk("3"))
    assert [report.status for _, report in sorted(given.items())] == [Status.UP, Status.UNDEF, Status.UP]
    assert given[disk("2").id].notes[0].code == "gone"


def preflight_that(body: str) -> str:
    hook = f"@api.hookimpl\ndef preflight(self, resource, action, context):\n{indent(body, '    ')}\n"
    return source(START, STOP, STATUS, hook)


def test_a_veto_gets_the_resource_as_its_subject(dispatcher: Driver, world: World) -> None:
    one = dispatcher({"disk.acme": preflight_that("return api.Veto('busy', f'no {action} now', hint='wait')")})
    assert one.preflight(disk(), "start", world.context()) == (Veto("busy", "no start now", "svc/disk#1", "wait"),)


def test_no_preflight_is_no_veto(dispatcher: Driver, world: World) -> None:
    both = dispatcher({"disk.acme": GOOD, "disk.calm": preflight_that("return None")})
    assert both.preflight(disk(), "start", world.context()) == ()
    assert both.preflight(disk(driver="disk.calm"), "start", world.context()) == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [("return 'no'", "'no'"), ("return {}['x']", "KeyError"), ("raise api.ActionError('cannot say')", "cannot say")],
)
def test_a_check_that_cannot_be_made_vetoes_and_can_be_lifted(
    dispatcher: Driver, world: World, body: str, said: str
) -> None:
    (veto,) = dispatcher({"disk.acme": preflight_that(body)}).preflight(disk(), "start", world.context())
    assert (veto.code, veto.subject, veto.is_liftable) == ("preflight_failed", "svc/disk#1", True)
    assert said in veto.reason


def hook_that(signature: str, body: str) -> str:
    return source(START, STOP, STATUS, f"@api.hookimpl\ndef {signature}:\n{indent(body, '    ')}\n")


def test_devices_and_companions_are_none_where_a_driver_has_none(dispatcher: Driver, world: World) -> None:
    one = dispatcher({"disk.acme": GOOD})
    assert one.list_devices(disk(), world.context()) == ()
    assert one.companions(disk()) == ()
    assert not one.has_hook("list_devices", "disk.acme")
    assert one.has_hook("start", "disk.acme")


def test_devices_come_as_the_driver_lists_them(dispatcher: Driver, world: World) -> None:
    text = hook_that("list_devices(self, resource, context)", "return [api.Device('/dev/sda')]")
    assert dispatcher({"disk.acme": text}).list_devices(disk(), world.context()) == (Device("/dev/sda"),)


@pytest.mark.parametrize("body", ["return 5", "return ['/dev/sda']", "return {}['x']"])
def test_devices_that_are_none_are_an_error_that_names_the_driver(dispatcher: Driver, world: World, body: str) -> None:
    broken = dispatcher({"disk.acme": hook_that("list_devices(self, resource, context)", body)})
    with pytest.raises(DriverError, match=r"disk\.acme: `list_devices`"):
        broken.list_devices(disk(), world.context())


@pytest.mark.parametrize("body", ["return 5", "return ['disk#2']", "return {}['x']"])
def test_companions_that_are_none_are_an_error_that_names_the_driver(dispatcher: Driver, body: str) -> None:
    with pytest.raises(DriverError, match=r"disk\.acme: `companions`"):
        dispatcher({"disk.acme": hook_that("companions(self, resource)", body)}).companions(disk())


def test_a_container_without_a_way_in_says_so(dispatcher: Driver, world: World) -> None:
    guest = make_resource("container#0", "container.acme")
    with pytest.raises(ActionError, match="no way into the guest") as caught:
        dispatcher({"container.acme": GOOD}).open_guest(guest, world.context())
    assert caught.value.code == "no_guest"
