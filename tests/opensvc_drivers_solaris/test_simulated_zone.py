"""`container.zone` and its companion on simulated executables: the order of things, and what they make of refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import Selection
from opensvc_core.errors import ActionError, Vetoed
from opensvc_core.model import Phase, Service
from opensvc_core.run import RunOutcome
from opensvc_drivers_solaris.zlogin import ZoneGuest
from opensvc_drivers_solaris.zone import ZoneContainer
from opensvc_testkit.faults import FaultKind
from tests.opensvc_drivers_solaris.world import Site, failures, said

pytestmark = pytest.mark.simulated

PLAIN = """\
[default]
mode = zone
service_type = PRD
nodes = n1 n2
"""
WHOLE = f"""{PLAIN}
[pool#0]
poolname = z1root
tags = preboot
[pool#1]
poolname = z1data
[ip#0]
ipname = z1
ipdev = net0
netmask = 255.255.255.0
"""


def zone(site: Site, text: str = PLAIN, **changes: object) -> Service:
    """A service whose zone both nodes know; it takes no time to boot and to stop."""
    site.solaris.define_zone("z1", ["n1", "n2"], address="10.0.0.50", boot_time=0, shutdown_time=0, **changes)  # type: ignore[arg-type]  # by name
    return site.write("z1", text)


def whole(site: Site) -> Service:
    """A zone on a pool of its own, with an address, data that is mounted in it, and an application."""
    site.add_disk("naa.6001", "c0t1d0")
    site.add_disk("naa.6002", "c0t2d0")
    site.solaris.define_pool("z1root", ["naa.6001"], mountpoint="/zones/z1")
    site.solaris.define_pool("z1data", ["naa.6002"], mountpoint="/zones/z1/root/data")
    service = zone(site, WHOLE)
    site.cluster.set_launcher("z1", "S10db")
    return service


def changes(site: Site, node: str = "n1") -> list[str]:
    """What was changed on a node, without the commands that ran in the zone."""
    asked = ("zoneadm list", "zpool list", "zpool status", "ifconfig -a", "zlogin -S", "zonecfg -z z1 export")
    found = []
    for line in site.commands("zoneadm", "zonecfg", "zpool", "ifconfig", "zlogin", node=node):
        words = line.split()
        if line.startswith(asked) or "list" in words or words[-2:] == ["info", "autoboot"] or line == "zpool import":
            continue
        found.append(line)
    return found


def test_a_start_goes_the_whole_way_and_a_stop_back(site: Site) -> None:
    service = whole(site)
    run = site.run("start", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert changes(site) == [
        "zpool import -o cachefile=none z1root",
        "zoneadm -z z1 attach",
        "zoneadm -z z1 ready",
        "ifconfig net0 addif 10.0.0.50 netmask 255.255.255.0 broadcast + zone z1 up",
        "zoneadm -z z1 boot",
        "zpool import -o cachefile=none z1data",
    ]
    assert site.solaris.addresses_of("n1")["net0:1"] == ("10.0.0.50", "z1")
    assert site.cluster.is_application_up("z1", "db")
    assert set(site.words(service).values()) == {"up", "n/a"}
    site.cluster.clear_calls()
    run = site.run("stop", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert changes(site) == [
        "zpool export z1data",
        "zlogin z1 /sbin/init 0",
        "zoneadm -z z1 detach",
        "zpool export z1root",
    ]
    assert set(site.words(service).values()) == {"down", "n/a"}
    assert "10.0.0.50" not in [address for address, _ in site.solaris.addresses_of("n1").values()]


def test_a_second_start_and_a_second_stop_change_nothing(site: Site) -> None:
    service = whole(site)
    site.run("start", service)
    site.cluster.clear_calls()
    assert site.run("start", service).outcomes == {"z1": RunOutcome.DONE}
    assert changes(site) == []
    site.run("stop", service)
    site.cluster.clear_calls()
    assert site.run("stop", service).outcomes == {"z1": RunOutcome.DONE}
    assert changes(site) == []


def test_a_dry_run_shows_the_first_change_of_each_step_and_makes_none(site: Site) -> None:
    service = whole(site)
    agent = site.agent()
    preview = agent.preview(agent.plan("start", [service]))
    shown = {step.step.resource.rid: [str(line) for line in step.commands] for step in preview.steps}
    assert shown["container#0ready"] == ["zoneadm -z z1 attach"]
    assert shown["container#0"] == ["zoneadm -z z1 boot"]
    assert shown["ip#0"] == ["ifconfig net0 addif 10.0.0.50 netmask 255.255.255.0 broadcast + zone z1 up"]
    assert changes(site) == []
    assert site.solaris.zone_state("n1", "z1") == "configured"


def test_it_moves_to_the_other_node_whose_zone_is_configured_from_the_export(site: Site) -> None:
    site.solaris.define_zone("z1", ["n1"], boot_time=0, shutdown_time=0, autoboot=True)
    service = site.write("z1", PLAIN)
    there = site.write("z1", PLAIN, "n2")
    site.run("start", service)
    site.run("stop", service)
    (export,) = (site.root("n1") / "etc").glob("*.zonecfg")
    assert "set autoboot=false" in export.read_text()
    with pytest.raises(Vetoed, match="no zone z1 is configured"):
        site.run("start", there, "n2")
    (site.root("n2") / "etc" / export.name).write_bytes(export.read_bytes())
    run = site.run("start", there, "n2")
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert site.cluster.running_on("z1") == ("n2",)
    assert changes(site, "n2")[0] == f"zonecfg -z z1 -f {site.root('n2') / 'etc' / export.name}"


def test_diskupdate_writes_the_export_anew_where_the_zone_runs(site: Site) -> None:
    service = zone(site)
    driver, resource, context = ZoneContainer(), service.resource("container#0"), site.context(service)
    assert not driver.update_disks(resource, context).is_changed
    site.run("start", service)
    assert not driver.update_disks(resource, context).is_changed
    (export,) = driver.list_files(resource, context)
    export.write_text("create -b\nset zonepath=/elsewhere\n")
    assert driver.update_disks(resource, context).is_changed
    assert "set zonepath=/zones/z1" in export.read_text()
    site.cluster.set_fault("zoneadm", FaultKind.GARBAGE)
    with pytest.raises(ActionError, match="cannot tell"):
        driver.update_disks(resource, context)


def test_files_that_peers_need_are_the_export(site: Site) -> None:
    service = zone(site)
    site.run("start", service)
    context = site.context(service)
    assert ZoneContainer().list_files(service.resource("container#0"), context) == (
        site.root("n1") / "etc" / "z1.z1.zonecfg",
    )


@pytest.mark.parametrize(
    ("keyword", "needs", "attaches"),
    [
        ("", ["-F"], ["attach", "attach -F"]),
        ("attach_retry = update", ["-u"], ["attach", "attach -u"]),
        ("deny_zbe_clone = true", ["-x deny-zbe-clone"], ["attach -x deny-zbe-clone"]),
        (
            "deny_zbe_clone = true\nattach_retry = update",
            ["-u"],
            ["attach -x deny-zbe-clone", "attach -u -x deny-zbe-clone"],
        ),
    ],
)
def test_an_attach_that_is_refused_is_tried_again_as_configured(
    site: Site, keyword: str, needs: list[str], attaches: list[str]
) -> None:
    service = zone(site, f"{PLAIN}[container#0]\ntype = zone\n{keyword}\n", attach_needs=needs)
    run = site.run("start", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert [line for line in changes(site) if " attach" in line] == [f"zoneadm -z z1 {each}" for each in attaches]


def test_an_attach_is_not_forced_where_that_is_not_wanted(site: Site) -> None:
    service = zone(site, f"{PLAIN}[container#0]\ntype = zone\nattach_retry = none\n", attach_needs=["-F"])
    run = site.run("start", service)
    assert run.outcomes == {"z1": RunOutcome.FAILED}
    assert "cannot be attached" in failures(run)
    assert changes(site) == ["zoneadm -z z1 attach"]
    assert site.solaris.zone_state("n1", "z1") == "configured"


def test_a_zone_that_ignores_its_shutdown_is_halted(site: Site) -> None:
    service = zone(site, f"{PLAIN}[container#0]\ntype = zone\nstop_timeout = 1s\n")
    site.run("start", service)
    site.cluster.change_guest("z1", shutdown_time=None)
    site.cluster.clear_calls()
    run = site.run("stop", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert changes(site) == ["zlogin z1 /sbin/init 0", "zoneadm -z z1 halt", "zoneadm -z z1 detach"]
    assert site.solaris.zone_state("n1", "z1") == "configured"


def test_a_zone_that_stays_installed_if_so_configured(site: Site) -> None:
    service = zone(site, f"{PLAIN}[container#0]\ntype = zone\ndetach = false\n")
    site.run("start", service)
    site.run("stop", service)
    assert site.solaris.zone_state("n1", "z1") == "installed"
    assert site.words(service)["container#0ready"] == "down"
    site.cluster.clear_calls()
    site.run("start", service)
    assert changes(site) == ["zoneadm -z z1 ready", "zoneadm -z z1 boot"]


def test_a_zone_that_is_ready_and_not_booted_is_halted_by_a_stop(site: Site) -> None:
    service = zone(site, installed_on="n1")
    site.solaris.set_zone_state("n1", "z1", "ready")
    assert site.words(service) == {"container#0ready": "up", "container#0": "down", "app#0": "n/a"}
    run = site.run("stop", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert changes(site) == ["zoneadm -z z1 halt", "zoneadm -z z1 detach"]


@pytest.mark.parametrize("mode", ["750", "755"])
def test_a_zonepath_that_others_may_read_is_closed_before_it_is_attached(site: Site, mode: str) -> None:
    service = zone(site)
    site.solaris.set_zonepath_mode("n1", "/zones/z1", mode)
    run = site.run("start", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert "chmod 700 /zones/z1" in site.commands("chmod", "chown")


def test_a_zonepath_that_is_closed_is_left_as_it_is(site: Site) -> None:
    site.run("start", zone(site))
    assert site.commands("ls") == ["ls -ldn /zones/z1"]
    assert site.commands("chmod", "chown") == []


def test_the_hook_of_the_brand_is_waited_for_before_the_zone_is_detached(site: Site) -> None:
    service = zone(site, brand="ipkg", hook_time=1.0)
    site.run("start", service)
    run = site.run("stop", service)
    assert run.outcomes == {"z1": RunOutcome.DONE}, failures(run)
    assert len(site.commands("pgrep")) > 1
    assert [line for line in changes(site) if "detach" in line] == ["zoneadm -z z1 detach"]


def test_a_zone_whose_boot_fails_is_taken_back(site: Site) -> None:
    service = whole(site)
    site.cluster.set_fault(
        "zoneadm", FaultKind.FAIL, words=["boot"], text="zoneadm: zone 'z1': call to zoneadmd failed\n"
    )
    run = site.run("start", service)
    assert run.outcomes == {"z1": RunOutcome.FAILED}, failures(run)
    assert "call to zoneadmd failed" in failures(run)
    assert site.solaris.zone_state("n1", "z1") == "configured"
    assert site.solaris.imported_on("z1root") == ()
    assert "10.0.0.50" not in [address for address, _ in site.solaris.addresses_of("n1").values()]


def test_the_place_of_a_running_zone_is_not_taken_away(site: Site) -> None:
    service = zone(site)
    site.run("start", service)
    with pytest.raises(Vetoed, match="in_use"):
        site.run("stop", service, selection=Selection(rids=("container#0ready",)))
    assert site.solaris.zone_state("n1", "z1") == "running"


def test_a_start_waits_for_the_milestone(site: Site) -> None:
    text = f"{PLAIN}[container#0]\ntype = zone\nstart_timeout = 2s\n"
    site.solaris.define_zone("z1", ["n1", "n2"], boot_time=0, shell_delay=None, shutdown_time=0)
    service = site.write("z1", text)
    run = site.run("start", service)
    assert run.outcomes == {"z1": RunOutcome.FAILED}
    assert "svc:/milestone/multi-user:default of z1 to be online" in failures(run)
    assert site.cluster.running_on("z1") == ()
    site.cluster.change_guest("z1", shell_delay=0)
    assert site.run("start", service).outcomes == {"z1": RunOutcome.DONE}


def test_autoboot_is_switched_off_on_a_service_of_several_nodes(site: Site) -> None:
    service = zone(site, autoboot=True)
    site.run("start", service)
    assert "zonecfg -z z1 set autoboot=false" in changes(site)


def test_all_zones_are_asked_about_with_one_call(site: Site) -> None:
    services = []
    for number in range(20):
        name = f"z{number}"
        site.solaris.define_zone(name, ["n1"], installed_on="n1")
        services.append(site.write(name, PLAIN))
    site.solaris.set_zone_state("n1", "z7", "running")
    agent = site.agent()
    site.cluster.clear_calls()
    statuses = agent.status(services)
    words = {
        name: next(item.report.status.value for item in status.resources if item.resource.rid == "container#0")
        for name, status in statuses.items()
    }
    assert words == {f"z{number}": "up" if number == 7 else "down" for number in range(20)}
    assert site.commands("zoneadm") == ["zoneadm list -cp"]


def test_a_zone_that_is_not_configured_is_down_by_zoneadms_own_word(site: Site) -> None:
    service = site.write("nosuch", PLAIN)
    report = site.reports(service)["container#0"]
    assert report.status.value == "down"
    assert said(report) == "no such zone is configured here"
    assert "zoneadm -z nosuch list -p" in site.commands("zoneadm")


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
@pytest.mark.parametrize("name", ["z1", "nosuch"])
def test_an_answer_that_is_not_whole_is_undef_and_nothing_is_started(site: Site, kind: FaultKind, name: str) -> None:
    zone(site)
    service = site.write(name, PLAIN)
    site.cluster.set_fault("zoneadm", kind, text="zoneadm: it does not work\n" if kind is FaultKind.FAIL else "")
    words = site.words(service)
    assert words["container#0"] == words["container#0ready"] == "undef"
    with pytest.raises(Vetoed, match="container_undef"):
        site.run("start", service)


def test_a_zoneadm_that_hangs_or_is_missing_is_undef(site: Site) -> None:
    service = zone(site)
    site.cluster.set_fault("zoneadm", FaultKind.HANG)
    reports = site.agent().status([service], timeout=1.0)["z1"]
    assert {item.report.status.value for item in reports.resources if item.resource.phase <= Phase.CONTAINER} == {
        "undef"
    }
    site.cluster.clear_faults()
    site.cluster.remove_command(site.bin("n1"), "zoneadm")
    assert site.words(service)["container#0"] == "undef"


@pytest.mark.parametrize(
    ("state", "word"), [("incomplete", "warn"), ("mounted", "warn"), ("shutting_down", "warn"), ("melted", "undef")]
)
def test_a_zone_in_between_is_neither_started_nor_taken_for_down(site: Site, state: str, word: str) -> None:
    service = zone(
        site, f"{PLAIN}[container#0]\ntype = zone\nstart_timeout = 1s\nstop_timeout = 1s\n", installed_on="n1"
    )
    site.solaris.set_zone_state("n1", "z1", state)
    words = site.words(service)
    assert (words["container#0"], words["container#0ready"]) == (word, word)
    if word == "undef":
        with pytest.raises(Vetoed, match="container_undef"):
            site.run("start", service)
    else:
        assert site.run("start", service).outcomes["z1"] is not RunOutcome.DONE


def test_launchers_run_in_the_zone_and_leave_daemons(site: Site) -> None:
    service = zone(site)
    site.cluster.set_launcher("z1", "S10db")
    site.cluster.set_launcher("z1", "S20web", statuses={"start": 3}, outputs={"start": "no port"})
    run = site.run("start", service)
    assert site.cluster.is_application_up("z1", "db")
    assert "S20web" in " ".join(note.text for result in run.results for note in result.notes) + failures(run)


def test_a_command_in_a_zone_that_is_down_says_so(site: Site) -> None:
    service = zone(site, installed_on="n1")
    context = site.context(service)
    guest = context.on(ZoneGuest(context, "z1"))
    with pytest.raises(ActionError, match=r"cannot be entered.*installed"):
        guest.query("pwd")
    site.run("start", service)
    assert guest.query("sh", "-c", "echo out; echo err >&2; exit 1", check=False).rc == 1
    told = guest.query("sh", "-c", "echo 'a  b'; echo err >&2")
    assert (told.stdout, told.stderr) == ("a  b\n", "err\n")
    assert guest.query("cat", input=b"given\n").stdout == "given\n"
    with pytest.raises(ActionError, match="`nosuch` is not installed in the zone z1"):
        guest.query("nosuch")


def test_a_zone_can_tell_that_it_boots_on_a_disaster_recovery_node(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "z1" / "root"
    root.mkdir(parents=True)
    service = zone(site, PLAIN.replace("n1 n2", "n2\ndrpnodes = n1"), zonepath=str(tmp_path / "z1"))
    site.agent("n1").run(site.agent("n1").plan("start", [service]))
    assert (root / ".drp_flag").is_file()
