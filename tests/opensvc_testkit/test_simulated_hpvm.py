"""The simulated ``hpvm*`` commands, asked as an operator or a driver would ask them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from opensvc_testkit.platforms.hpvm import DISK_FULL
from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.simulated_hpux_site import DISK, LEGS, NODES, OTHER, Site, make_site

pytestmark = pytest.mark.simulated
HERE, THERE = NODES
GUEST = "vm188"
ADDRESS = "10.0.0.188"


@pytest.fixture
def site(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Site:
    site = make_site(simulated_cluster, tmp_path)
    site.hpux.define_guest(
        GUEST, nodes=NODES, disks=[DISK], address=ADDRESS, vcpus=2, boot_time=30.0, shell_delay=5.0, shutdown_time=40.0
    )
    return site


def machine_fields(site: Site, node: str = HERE, guest: str = GUEST) -> list[str]:
    return site.said("hpvmstatus", "-M", "-P", guest, node=node).rstrip("\n").split(":")


def start(site: Site, node: str = HERE, guest: str = GUEST) -> None:
    assert site.run("hpvmstart", "-P", guest, node=node).returncode == 0


# -- hpvmstatus ------------------------------------------------------------------------------------------------------


def test_machine_readable_has_the_fields_that_drivers_read(site: Site) -> None:
    fields = machine_fields(site)
    assert len(fields) >= 21
    assert [fields[index] for index in (0, 2, 3, 10, 11)] == [GUEST, "1", "", "Off", "Manual"]
    assert fields[4].startswith("Integrity")
    assert [fields[index].split(";")[0] for index in (19, 20)] == ["2", "2GB"]


def test_machine_readable_lists_all_guests_one_a_line(site: Site) -> None:
    for number in range(3):
        site.hpux.define_guest(f"vm{number}", nodes=[HERE], memory=6145)
    lines = site.said("hpvmstatus", "-M").splitlines()
    assert [line.split(":")[0] for line in lines] == [GUEST, "vm0", "vm1", "vm2"]
    assert lines[1].split(":")[20].split(";")[0] == "6145MB"


def test_an_unknown_guest_is_a_failure(site: Site) -> None:
    for argv in (("hpvmstatus", "-M"), ("hpvmstatus",), ("hpvmstatus", "-d"), ("hpvmstart",), ("hpvmstop", "-F")):
        done = site.run(*argv, "-P", "vm999")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"{argv[0]}: Guest 'vm999' not found.\n{argv[0]}: Unable to continue.\n"


def test_without_guests_version_6_says_so(site: Site) -> None:
    for node in NODES:
        site.hpux.guests.forget(node, GUEST)
    site.hpux.define_node(THERE, version="6.3")
    assert site.said("hpvmstatus", "-M", node=THERE) == "No vPars or VMs currently configured\n"
    before = site.run("hpvmstatus", "-M")
    assert (before.returncode, before.stdout) == (1, "")
    assert "No guest information is available." in before.stderr


def test_the_table_tells_what_runs_in_it(site: Site) -> None:
    def state() -> str:
        lines = site.said("hpvmstatus").splitlines()
        assert lines[:2] == [
            "[Virtual Machines]",
            "Virtual Machine Name VM #  OS Type State     #VCPUs #Devs #Nets Memory  Runsysid",
        ]
        return lines[3][35:44].rstrip()

    assert state() == "Off"
    start(site)
    assert state() == "On (EFI)"
    site.cluster.advance(31)
    assert state() == "On (OS)"


def test_details_tell_identity_and_attributes(site: Site) -> None:
    lines = site.said("hpvmstatus", "-V", "-P", GUEST).splitlines()
    assert lines[0] == "[Virtual Machines Details]"
    rows = dict(line.split(" : ", 1) for line in lines[1:] if line)
    assert rows["Virtual Machine Name"] == GUEST
    assert rows["Virtual Machine UUID"] == machine_fields(site)[1]
    assert rows["Virtual Machine ID"] == "1"
    assert [rows[f"{name}_status"] for name in ("runnable", "modify", "visible")] == ["enabled"] * 3


def test_xml_has_the_words_on_and_off(site: Site) -> None:
    root = ET.fromstring(site.said("hpvmstatus", "-X"))  # noqa: S314 - written by the simulator a moment ago
    machine = root.find("virtual_machine")
    assert root.tag == "pman"
    assert machine is not None
    assert machine.findtext("vm_state") == "Off"
    total = machine.find("memory/total")
    assert total is not None
    assert (total.text, total.get("unit")) == ("2", "GB")


def test_devices_are_statements_with_the_backing_file_last(site: Site) -> None:
    lines = site.said("hpvmstatus", "-d", "-P", GUEST).splitlines()
    assert lines == [f"disk:avio_stor:0,0,0:disk:{DISK}", "network:avio_lan:0,1:vswitch:vs_PROD"]


def test_a_volume_is_a_device_of_another_kind(site: Site) -> None:
    site.hpux.define_guest("vm1", nodes=[HERE], disks=["/dev/vg01/rlvol1"])
    assert "disk:avio_stor:0,0,0:lv:/dev/vg01/rlvol1" in site.said("hpvmstatus", "-d", "-P", "vm1").splitlines()


def test_a_word_that_a_test_sets_stands_in_the_place_of_on_and_off(site: Site) -> None:
    site.hpux.guests.change(HERE, GUEST, word="Invalid")
    assert machine_fields(site)[10] == "Invalid"


def test_what_is_not_simulated_says_so_loudly(site: Site) -> None:
    assert site.run("hpvmstatus", "-s").returncode == 70
    assert site.run("hpvmstatus", "-Z").returncode == 1


# -- hpvmstart -------------------------------------------------------------------------------------------------------


def test_a_start_returns_at_once_and_is_chatty_on_standard_error(site: Site) -> None:
    done = site.run("hpvmstart", "-P", GUEST)
    lines = done.stderr.splitlines()
    uuid = machine_fields(site)[1]
    configuration = f"/var/opt/hpvm/uuids/{uuid}/vmm_config.current"
    assert (done.returncode, done.stdout) == (0, "")
    assert lines == [
        "(C) Copyright 2000 - 2008 Hewlett-Packard Development Company, L.P.",
        f"/opt/hpvm/lbin/hpvmapp ({configuration}): Allocated 2147483648 bytes at 0x6000000100000000",
        "Daemonizing....",
        f"hpvmstart: Successful start initiation of guest '{GUEST}'",
    ]
    assert machine_fields(site)[10] == "On"
    assert site.cluster.running_on(GUEST) == (HERE,)


def test_it_answers_when_it_has_booted(site: Site) -> None:
    start(site)
    ping = site.popen("ping", ADDRESS, "-n", "1")
    assert ping.poll() is None
    site.cluster.advance(31)
    said, _ = ping.communicate(timeout=10)
    assert "1 packets transmitted, 1 packets received" in said
    assert site.run("ssh", ADDRESS, "pwd").returncode == 255
    site.cluster.advance(5)
    assert site.run("ssh", ADDRESS, "pwd").stdout == "/root\n"


def test_a_second_start_is_refused(site: Site) -> None:
    start(site)
    done = site.run("hpvmstart", "-P", GUEST)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, f"hpvmstart: Guest '{GUEST}' is already running.")


def test_the_platform_starts_it_twice_and_only_warns(site: Site) -> None:
    """Nothing in HPVM keeps two nodes from it: the driver and the reservations must."""
    start(site)
    done = site.run("hpvmstart", "-P", GUEST, node=THERE)
    assert done.returncode == 0
    assert done.stderr.splitlines()[:3] == [
        f"HPVM guest {GUEST} configuration problems",
        "    Warning 1 on item vs_PROD: Guest MAC address for switch vs_PROD is in use.",
        f"These problems may prevent HPVM guest {GUEST} from starting.",
    ]
    assert site.cluster.running_on(GUEST) == NODES


def test_a_disk_that_another_node_reserved_keeps_it_in_efi(site: Site) -> None:
    site.hpux.define_node(THERE, leg_mpath_enable="false")
    for words in (("register", "skey", "0x2"), ("reserve", "key", "0x2", "type", "wero")):
        assert site.run("scu", "-f", LEGS[0], "preserve", *words, node=THERE).returncode == 0
    start(site)
    site.cluster.advance(1000)
    assert site.hpux.guests.state_of(HERE, GUEST) == "On (EFI)"


def test_a_guest_without_its_device_is_refused(site: Site) -> None:
    site.hpux.remove_special_files(HERE, site.lun)
    done = site.run("hpvmstart", "-P", GUEST)
    assert done.returncode == 1
    assert f"    Error 1 on item {DISK}: Device does not exist." in done.stderr.splitlines()
    assert f"These problems prevent HPVM guest {GUEST} from starting." in done.stderr.splitlines()
    assert machine_fields(site)[10] == "Off"


def test_a_device_is_one_guests_unless_it_is_shared(site: Site) -> None:
    site.hpux.define_guest("vm1", nodes=[HERE], disks=[DISK])
    start(site)
    refused = site.run("hpvmstart", "-P", "vm1")
    assert refused.returncode == 1
    assert f"Device is in use by guest {GUEST} and is not shareable." in refused.stderr
    assert site.run("hpvmdevmgmt", "-m", f"gdev:{DISK}:attr:SHARE=YES").returncode == 0
    start(site, guest="vm1")


def test_a_disk_of_an_active_group_is_not_for_guests(site: Site) -> None:
    site.hpux.define_group("vg01", [site.lun], nodes=[HERE])
    site.said("vgchange", "-a", "y", "vg01")
    refused = site.run("hpvmstart", "-P", GUEST)
    assert "Device is in use by LVM of the host." in refused.stderr


def test_a_guest_on_a_volume_needs_its_group_and_keeps_it_open(site: Site) -> None:
    site.hpux.define_group("vg01", [site.other], nodes=[HERE])
    site.hpux.define_guest("vm1", nodes=[HERE], disks=["/dev/vg01/rlvol1"])
    assert "its volume group is not active" in site.run("hpvmstart", "-P", "vm1").stderr
    site.said("vgchange", "-a", "y", "vg01")
    start(site, guest="vm1")
    assert "Device busy" in site.run("vgchange", "-a", "n", "vg01").stderr
    assert site.run("hpvmstop", "-F", "-P", "vm1").returncode == 0
    site.said("vgchange", "-a", "n", "vg01")


def test_a_restricted_device_and_too_little_memory_are_refused(site: Site) -> None:
    site.hpux.guests.restrict(HERE, DISK)
    assert "Device is restricted." in site.run("hpvmstart", "-P", GUEST).stderr
    site.hpux.define_node(THERE, memory=1024)
    assert "Insufficient memory" in site.run("hpvmstart", "-P", GUEST, node=THERE).stderr


# -- hpvmstop --------------------------------------------------------------------------------------------------------


def test_a_graceful_stop_waits_for_the_guest(site: Site) -> None:
    start(site)
    site.cluster.advance(40)
    stop = site.popen("hpvmstop", "-g", "-F", "-P", GUEST)
    site.cluster.wait_for_call("hpvmstop")
    assert stop.poll() is None
    assert machine_fields(site)[10] == "On"
    while stop.poll() is None:
        site.cluster.advance(41)
    assert stop.returncode == 0
    assert machine_fields(site)[10] == "Off"


def test_a_graceful_stop_of_a_guest_that_ignores_it_fails_at_its_limit(site: Site) -> None:
    site.cluster.change_guest(GUEST, shutdown_time=None)
    start(site)
    site.cluster.advance(40)
    stop = site.popen("hpvmstop", "-g", "-F", "-P", GUEST)
    while stop.poll() is None:
        site.cluster.advance(301)
    assert stop.returncode == 1
    assert stop.stderr is not None
    assert "did not stop in time" in stop.stderr.read()
    assert machine_fields(site)[10] == "On"


def test_a_forced_stop_takes_the_power_away(site: Site) -> None:
    start(site)
    done = site.run("hpvmstop", "-F", "-P", GUEST)
    assert (done.returncode, done.stderr) == (0, "")
    assert machine_fields(site)[10] == "Off"
    again = site.run("hpvmstop", "-F", "-P", GUEST)
    assert (again.returncode, again.stderr.splitlines()[0]) == (1, f"hpvmstop: Guest '{GUEST}' is not running.")


def test_without_f_it_asks_first(site: Site) -> None:
    start(site)
    asked = site.run("hpvmstop", "-P", GUEST)
    assert asked.returncode == 1
    assert machine_fields(site)[10] == "On"
    assert site.run("hpvmstop", "-P", GUEST, input="y\n").returncode == 0
    assert machine_fields(site)[10] == "Off"


def test_all_guests_stop_at_once(site: Site) -> None:
    site.hpux.define_guest("vm1", nodes=[HERE])
    start(site)
    start(site, guest="vm1")
    assert site.run("hpvmstop", "-a", "-F").returncode == 0
    assert [site.hpux.state_of(HERE, name) for name in (GUEST, "vm1")] == ["Off", "Off"]


# -- hpvmdevmgmt -----------------------------------------------------------------------------------------------------


def test_the_device_database_lists_sharing(site: Site) -> None:
    site.hpux.guests.set_sharing(HERE, OTHER, share=True, names=["/dev/rdsk/c2t0d7"])
    lines = site.said("hpvmdevmgmt", "-l", "all").splitlines()
    assert [line.split(":")[0] for line in lines] == [DISK, f"{OTHER},/dev/rdsk/c2t0d7"]
    assert "DEVTYPE=DISK,SHARE=NO" in lines[0]
    assert "DEVTYPE=DISK,SHARE=YES" in lines[1]
    assert site.said("hpvmdevmgmt", "-l", "rdev") == ""


def test_devices_are_added_changed_and_deleted(site: Site) -> None:
    def refusal(*words: str) -> str:
        done = site.run("hpvmdevmgmt", *words)
        assert done.returncode == 1
        return done.stderr

    assert "is not in the HPVM device database" in refusal("-m", f"gdev:{OTHER}:attr:SHARE=YES")
    assert "does not exist" in refusal("-a", "gdev:/dev/rdisk/disk99")
    assert site.said("hpvmdevmgmt", "-a", f"gdev:{OTHER}") == ""
    assert "already exists" in refusal("-a", f"gdev:{OTHER}")
    assert site.hpux.guests.sharing(HERE) == {DISK: "NO", OTHER: "NO"}
    site.said("hpvmdevmgmt", "-m", f"gdev:{OTHER}:attr:SHARE=YES")
    assert site.hpux.guests.sharing(HERE)[OTHER] == "YES"
    assert "Invalid attribute" in refusal("-m", f"gdev:{OTHER}:attr:SHARE=MAYBE")
    assert "is in use by a guest" in refusal("-d", f"gdev:{DISK}")
    site.said("hpvmdevmgmt", "-d", f"gdev:{OTHER}")
    assert site.hpux.guests.sharing(HERE) == {DISK: "NO"}
    assert site.hpux.guests.sharing(THERE) == {DISK: "NO"}


# -- hpvmmodify ------------------------------------------------------------------------------------------------------


def test_the_boot_policy_is_changed_in_any_case_of_letters(site: Site) -> None:
    site.said("hpvmmodify", "-P", GUEST, "-B", "AUTO")
    assert machine_fields(site)[11] == "Auto"
    site.said("hpvmmodify", "-P", GUEST, "-B", "manual")
    assert machine_fields(site)[11] == "Manual"
    assert site.run("hpvmmodify", "-P", GUEST, "-B", "never").returncode == 1


def test_a_guest_of_policy_auto_starts_with_its_node(site: Site) -> None:
    site.hpux.define_guest("vm1", nodes=[HERE])
    start(site, guest="vm1")
    site.said("hpvmmodify", "-P", GUEST, "-B", "auto")
    site.hpux.reboot_node(HERE)
    assert [site.hpux.guests.state_of(HERE, name) for name in (GUEST, "vm1")] == ["On (EFI)", "Off"]


def test_a_guest_that_may_not_be_modified_refuses_all_but_one_change(site: Site) -> None:
    site.said("hpvmmodify", "-P", GUEST, "-x", "modify_status=disabled")
    assert "modify_status is disabled" in site.run("hpvmmodify", "-P", GUEST, "-B", "auto").stderr
    site.said("hpvmmodify", "-P", GUEST, "-x", "modify_status=enabled")
    site.said("hpvmmodify", "-P", GUEST, "-l", "a-label", "-c", "3", "-r", "4G")
    fields = machine_fields(site)
    assert [fields[19].split(";")[0], fields[20].split(";")[0]] == ["3", "4GB"]


def test_labels_have_a_limit(site: Site) -> None:
    assert site.run("hpvmmodify", "-P", GUEST, "-l", "x" * 256).returncode == 1
    assert site.run("hpvmmodify", "-P", GUEST, "-l", "a b").returncode == 1


# -- hpvmmigrate -----------------------------------------------------------------------------------------------------


def test_online_migration_moves_a_running_guest_with_what_runs_in_it(site: Site) -> None:
    site.cluster.set_launcher(GUEST, "S10db")
    start(site)
    site.cluster.advance(40)
    assert site.run("ssh", ADDRESS, "/svc/etc/init.d/S10db start").returncode == 0
    site.said("hpvmmigrate", "-o", "-P", GUEST, "-h", THERE)
    assert site.cluster.running_on(GUEST) == (THERE,)
    assert site.cluster.is_application_up(GUEST, "db")
    assert [site.hpux.guests.state_of(node, GUEST) for node in NODES] == ["Off (NR)", "On (OS)"]


def test_the_source_of_a_migration_is_not_runnable_until_it_is_registered(site: Site) -> None:
    start(site)
    site.said("hpvmmigrate", "-o", "-P", GUEST, "-h", THERE)
    assert site.run("hpvmstop", "-F", "-P", GUEST, node=THERE).returncode == 0
    assert "is not runnable" in site.run("hpvmstart", "-P", GUEST).stderr
    site.said("hpvmmodify", "-P", GUEST, "-x", "register_status=enabled")
    start(site)


def test_offline_migration_and_its_options(site: Site) -> None:
    site.hpux.guests.forget(THERE, GUEST)
    assert "can be migrated" in site.said("hpvmmigrate", "-s", "-P", GUEST, "-h", THERE)
    assert site.hpux.guests.state_of(THERE, GUEST) == ""
    site.said("hpvmmigrate", "-b", "-D", "-P", GUEST, "-h", THERE)
    assert [site.hpux.guests.state_of(node, GUEST) for node in NODES] == ["", "On (EFI)"]


def test_what_a_migration_needs_is_checked_before_anything_moves(site: Site) -> None:
    def refusal(*words: str) -> str:
        done = site.run("hpvmmigrate", *words, "-P", GUEST)
        assert done.returncode == 1
        return done.stderr.splitlines()[0]

    assert refusal("-o", "-h", "node999") == "hpvmmigrate: Cannot connect to target host 'node999'."
    assert refusal("-o", "-h", THERE) == f"hpvmmigrate: Guest '{GUEST}' is not running."
    start(site)
    assert "is running; use -o" in refusal("-h", THERE)
    site.said("hpvmmodify", "-P", GUEST, "-x", "online_migration=disabled")
    assert "Online migration" in refusal("-o", "-h", THERE)
    site.said("hpvmmodify", "-P", GUEST, "-x", "online_migration=enabled")
    site.hpux.disks.lose_all_paths(THERE)
    assert f"Storage '{DISK}' is not available" in refusal("-o", "-h", THERE)
    assert [site.hpux.guests.state_of(node, GUEST) for node in NODES] == ["On (EFI)", "Off"]


def test_a_disk_may_have_another_name_on_the_target(site: Site) -> None:
    lun = site.hpux.add_disk(30, {HERE: ["/dev/rdsk/c2t1d0"], THERE: ["/dev/rdsk/c9t1d0"]}, instances={THERE: 44})
    site.hpux.define_guest("vm1", nodes=[HERE], disks=["/dev/rdisk/disk30"])
    site.said("hpvmmigrate", "-P", "vm1", "-h", THERE)
    assert ":/dev/rdisk/disk44\n" in site.said("hpvmstatus", "-d", "-P", "vm1", node=THERE)
    assert site.hpux.special_files(THERE, lun) == ("/dev/disk/disk44", "/dev/rdisk/disk44")


# -- TERMINFO, faults, guests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argv",
    [
        ("hpvmstatus", "-M"),
        ("vgdisplay", "vg00"),
        ("ioscan", "-F", "-m", "dsf"),
        ("getconf", "MACHINE_SERIAL"),
        ("scu", "-f", LEGS[0], "show", "keys"),
    ],
)
def test_without_terminfo_garbage_comes_first(site: Site, argv: tuple[str, ...]) -> None:
    noisy = site.nodes[HERE].run(*argv, env={"TERMINFO": ""})
    quiet = site.said(*argv)
    assert noisy.stdout.startswith("\x1b[")
    assert noisy.stdout.endswith(quiet)


def test_a_status_that_is_cut_or_garbage_or_fails(site: Site) -> None:
    whole = site.said("hpvmstatus", "-M")
    site.cluster.set_fault("hpvmstatus", FaultKind.PARTIAL, times=1)
    assert site.run("hpvmstatus", "-M").stdout == whole[: len(whole) // 2]
    site.cluster.set_fault("hpvmstatus", FaultKind.GARBAGE, times=1)
    assert GUEST not in site.run("hpvmstatus", "-M").stdout
    site.cluster.set_fault("hpvmstatus", FaultKind.FAIL, text="hpvmstatus: internal error\n", status=3, times=1)
    failed = site.run("hpvmstatus", "-M")
    assert (failed.returncode, failed.stdout, failed.stderr) == (3, "", "hpvmstatus: internal error\n")
    assert site.said("hpvmstatus", "-M") == whole


def test_a_full_disk_is_a_failure_with_the_platform_s_words(site: Site) -> None:
    site.cluster.set_fault("hpvmmodify", FaultKind.FAIL, text=DISK_FULL, times=1)
    done = site.run("hpvmmodify", "-P", GUEST, "-B", "auto")
    assert (done.returncode, done.stderr) == (1, DISK_FULL)
    assert site.hpux.guests.boot_policy(HERE, GUEST) == "Manual"


def test_a_start_that_crashes_has_started_it(site: Site) -> None:
    site.cluster.set_fault("hpvmstart", FaultKind.CRASH, times=1)
    assert site.run("hpvmstart", "-P", GUEST).returncode == -9
    assert site.cluster.running_on(GUEST) == (HERE,)


def test_a_start_that_hangs_goes_on_when_the_fault_ends(site: Site) -> None:
    site.cluster.set_fault("hpvmstart", FaultKind.HANG)
    process = site.popen("hpvmstart", "-P", GUEST)
    site.cluster.wait_for_call("hpvmstart")
    assert process.poll() is None
    assert site.cluster.running_on(GUEST) == ()
    site.cluster.clear_faults()
    assert process.wait(timeout=10) == 0
    assert site.cluster.running_on(GUEST) == (HERE,)


def test_a_command_that_is_slow_or_not_there(site: Site) -> None:
    site.cluster.set_fault("hpvmstatus", FaultKind.SLOW, seconds=0.05, times=1)
    assert GUEST in site.said("hpvmstatus", "-M")
    site.cluster.remove_command(site.nodes[HERE].executables, "hpvmstatus")
    with pytest.raises(FileNotFoundError):
        site.run("hpvmstatus", "-M")


def test_a_guest_that_crashes_is_off(site: Site) -> None:
    start(site)
    site.cluster.crash_guest(HERE, GUEST)
    assert machine_fields(site)[10] == "Off"


def test_a_guest_of_hp_ux_has_its_own_ifconfig_and_no_ip(site: Site) -> None:
    start(site)
    site.cluster.advance(40)
    table = site.said("ssh", ADDRESS, "netstat -win").splitlines()
    assert table[0] == "IPv4:"
    assert table[2].split()[:4] == ["lan0", "1500", "10.0.0.0", ADDRESS]
    assert site.said("ssh", ADDRESS, "env LANG=C ifconfig lan0").splitlines() == [
        "lan0: flags=1843<UP,BROADCAST,RUNNING,MULTICAST,CKO>",
        f"\tinet {ADDRESS} netmask ffffff00 broadcast 10.0.0.255",
    ]
    unknown = site.run("ssh", ADDRESS, "ifconfig lan9")
    assert (unknown.returncode, unknown.stderr) == (1, "ifconfig: no such interface\n")
    assert site.run("ssh", ADDRESS, "ip addr").returncode == 127


def test_the_node_is_one_of_hp_ux(site: Site) -> None:
    assert site.said("uname", "-s") == "HP-UX\n"
    assert site.said("getconf", "MACHINE_SERIAL") == "SGH0001XYZ\n"
    assert site.said("getconf", "MACHINE_SERIAL", node=THERE) == "SGH0002XYZ\n"
    assert site.said("ifconfig", "lan0").splitlines()[1].split()[:2] == ["inet", "10.0.0.1"]
    with pytest.raises(FileNotFoundError):
        site.run("ip", "addr")
