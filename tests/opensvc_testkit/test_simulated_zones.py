"""Simulated zones: states, columns, texts and exit statuses as the vendor's facts tell them. [R]: known from memory."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.solaris_pair import FIRST, SECOND, Pair, ok, said

pytestmark = pytest.mark.simulated

ZONEADM = "zoneadm: zone 'z1': "


@pytest.fixture
def pair(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Pair:
    """Two nodes that know the zone ``z1``, installed on the first."""
    made = Pair.make(simulated_cluster, tmp_path)
    made.solaris.define_zone("z1", [FIRST, SECOND], installed_on=FIRST)
    return made


def zoneadm(pair: Pair, *words: str) -> subprocess.CompletedProcess[str]:
    return pair.first.run("zoneadm", "-z", "z1", *words)


def refused(text: str) -> tuple[int, str, str]:
    return 1, "", f"{ZONEADM}{text}\n"


def state(pair: Pair) -> str:
    return pair.solaris.zone_state(FIRST, "z1")


# -- list -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "added_global", "added", "brand"),
    [
        ("10", "", "", "native"),
        ("illumos", "", "", "ipkg"),
        ("11.1", "", "", "solaris"),
        # What 11.2 and later add is [R].
        ("11.2", ":-:none", ":W:none", "solaris"),
        ("11.4", ":-:none::", ":W:none::", "solaris"),
    ],
)
def test_parsable_listing_has_the_columns_of_its_release(
    release: str, added_global: str, added: str, brand: str, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    pair = Pair.make(simulated_cluster, tmp_path, release)
    pair.solaris.define_zone("z1", [FIRST], installed_on=FIRST)
    ok(pair.first.run("zoneadm", "-z", "z1", "boot"))
    lines = ok(pair.first.run("zoneadm", "list", "-p")).splitlines()
    uuid = lines[1].split(":")[4]
    assert lines == [
        f"0:global:running:/::{brand}:shared{added_global}",
        f"1:z1:running:/zones/z1:{uuid}:native:shared{added}",
    ]
    assert len(uuid) == 36


def test_listing_selects_by_state(pair: Pair) -> None:
    pair.solaris.define_zone("z0", [FIRST])
    pair.solaris.define_zone("z2", [FIRST], installed_on=FIRST)
    ok(pair.first.run("zoneadm", "-z", "z2", "boot"))
    assert ok(pair.first.run("zoneadm", "list")).split() == ["global", "z2"]
    # What the kernel knows comes first.
    assert ok(pair.first.run("zoneadm", "list", "-i")).split() == ["global", "z2", "z1"]
    assert ok(pair.first.run("zoneadm", "list", "-c")).split() == ["global", "z2", "z1", "z0"]
    assert ok(pair.first.run("zoneadm", "list", "-n")).split() == ["z2"]
    named = [line.split(":")[:3] for line in ok(pair.first.run("zoneadm", "list", "-cip")).splitlines()]
    assert named == [["0", "global", "running"], ["1", "z2", "running"], ["-", "z1", "installed"],
                     ["-", "z0", "configured"]]  # fmt: skip


def test_one_zone_is_listed_in_any_state(pair: Pair) -> None:
    assert ok(zoneadm(pair, "list", "-p")).startswith("-:z1:installed:/zones/z1:")
    # Never installed: no uuid.
    second = pair.second.run("zoneadm", "-z", "z1", "list", "-p")
    assert ok(second) == "-:z1:configured:/zones/z1::native:shared:-:none::\n"
    for flag in ("-i", "-c"):
        done = zoneadm(pair, "list", flag)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("usage:\tzoneadm help")


def test_a_colon_in_a_path_is_escaped(pair: Pair) -> None:
    pair.solaris.define_zone("odd", [FIRST], zonepath="/zones/a:b")
    assert ok(pair.first.run("zoneadm", "-z", "odd", "list", "-p")).startswith(r"-:odd:configured:/zones/a\:b::")


def test_table_of_zones(pair: Pair) -> None:
    assert ok(pair.first.run("zoneadm", "list", "-civ")).splitlines() == [
        "  ID NAME             STATUS     PATH                           BRAND    IP    ",
        "   0 global           running    /                              solaris  shared",
        "   - z1               installed  /zones/z1                      native   shared",
    ]


def test_listings_that_are_refused(pair: Pair) -> None:
    both = pair.first.run("zoneadm", "list", "-pv")
    assert said(both) == (1, "", "zoneadm: list -p and -v are mutually exclusive.\n")
    unknown = pair.first.run("zoneadm", "-z", "nosuch", "list", "-p")
    assert said(unknown) == (1, "", "zoneadm: nosuch: No such zone configured\n")
    for words in ([], ["-z", "z1"], ["-z", "z1", "nonsense"], ["boot"], ["list", "-q"]):
        done = pair.first.run("zoneadm", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "usage:\tzoneadm help" in done.stderr


# -- the life of a zone ---------------------------------------------------------------------------------------------


def test_a_zone_goes_through_its_states(pair: Pair) -> None:
    seen = [state(pair)]
    for words in (["ready"], ["boot"], ["halt"], ["detach"], ["attach"], ["boot"], ["halt"]):
        ok(zoneadm(pair, *words))
        seen.append(state(pair))
    assert seen == ["installed", "ready", "running", "installed", "configured", "installed", "running", "installed"]


def test_ids_are_given_once(pair: Pair) -> None:
    for number in ("1", "2"):
        ok(zoneadm(pair, "boot"))
        assert ok(zoneadm(pair, "list", "-p")).split(":")[0] == number
        ok(zoneadm(pair, "halt"))


REFUSED = [
    ("configured", "boot", "must be installed before boot."),
    ("configured", "ready", "must be installed before ready."),
    ("configured", "detach", "must be installed before detach."),
    ("configured", "halt", "halt operation is invalid for zones in state 'configured'"),
    ("configured", "uninstall", "is already in state 'configured'."),
    ("incomplete", "boot", "must be installed before boot."),
    ("incomplete", "attach", "zone is incomplete; uninstall required."),
    ("incomplete", "halt", "halt operation is invalid for zones in state 'incomplete'"),
    ("incomplete", "install", "zone is incomplete; uninstall required."),
    ("installed", "attach", "is already installed."),
    ("installed", "install", "is already installed."),
    ("installed", "reboot", "not running"),
    ("ready", "detach", "detach operation is invalid for running zones."),
    ("ready", "attach", "attach operation is invalid for running zones."),
    ("running", "detach", "detach operation is invalid for running zones."),
    ("running", "uninstall", "uninstall operation is invalid for running zones."),
    ("shutting_down", "detach", "detach operation is invalid for running zones."),
    ("down", "detach", "detach operation is invalid for running zones."),
]


@pytest.mark.parametrize(("before", "subcommand", "text"), REFUSED, ids=[" ".join(row[:2]) for row in REFUSED])
def test_what_a_state_forbids(before: str, subcommand: str, text: str, pair: Pair) -> None:
    pair.solaris.set_zone_state(FIRST, "z1", before)
    assert said(zoneadm(pair, subcommand)) == refused(text)
    assert state(pair) == before


@pytest.mark.parametrize(("release", "prefix"), [("10", "zoneadm: "), ("11.4", "")])
def test_what_is_so_already_succeeds_and_says_so(
    release: str, prefix: str, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    pair = Pair.make(simulated_cluster, tmp_path, release)
    pair.solaris.define_zone("z1", [FIRST], installed_on=FIRST)
    # That Solaris 10 puts the name of the command first is [R].
    assert said(zoneadm(pair, "halt")) == (0, "", f"{prefix}zone 'z1': zone is already halted\n")
    ok(zoneadm(pair, "ready"))
    assert said(zoneadm(pair, "ready")) == (0, "", f"{prefix}zone 'z1': zone is already ready\n")
    ok(zoneadm(pair, "boot"))
    assert said(zoneadm(pair, "boot")) == (0, "", f"{prefix}zone 'z1': zone is already booted\n")
    assert simulated_cluster.running_on("z1") == (FIRST,)


def test_ready_of_a_running_zone_halts_it(pair: Pair) -> None:
    ok(zoneadm(pair, "boot"))
    ok(zoneadm(pair, "ready"))
    assert state(pair) == "ready"
    assert pair.cluster.running_on("z1") == ()


def test_the_global_zone_is_left_alone(pair: Pair) -> None:
    done = pair.first.run("zoneadm", "-z", "global", "boot")
    assert said(done) == (1, "", "zoneadm: zone 'global': boot operation is invalid for the global zone.\n")


def test_a_zonepath_that_is_not_there(pair: Pair) -> None:
    pair.solaris.remove_folder(FIRST, "/zones/z1")
    text = (
        "zoneadm: /zones/z1: No such file or directory\n"
        "could not verify zonepath /zones/z1 because of the above errors.\n"
        "zoneadm: zone z1 failed to verify\n"
    )
    expected = (1, "", text)
    assert said(zoneadm(pair, "boot")) == expected
    assert said(zoneadm(pair, "ready")) == expected
    pair.solaris.set_zone_state(FIRST, "z1", "configured")
    assert said(zoneadm(pair, "attach", "-F")) == expected
    pair.solaris.remove_folder(FIRST, "/zones/z1", is_there=True)
    ok(zoneadm(pair, "attach"))


def test_a_zonepath_that_is_not_only_roots(pair: Pair) -> None:
    pair.solaris.set_zonepath_mode(FIRST, "/zones/z1", "750")
    assert ok(pair.first.run("ls", "-ldn", "/zones/z1")).startswith("drwxr-x---   5 0        0 ")
    done = zoneadm(pair, "boot")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "/zones/z1 must not be group readable.",
        "/zones/z1 must not be group executable.",
        "could not verify zonepath /zones/z1 because of the above errors.",
        "zoneadm: zone z1 failed to verify",
    ]
    ok(pair.first.run("chmod", "700", "/zones/z1"))
    ok(pair.first.run("chown", "root:root", "/zones/z1"))
    assert ok(pair.first.run("ls", "-ldn", "/zones/z1")).startswith("drwx------ ")
    ok(zoneadm(pair, "boot"))


def test_folders_of_this_machine_are_its_own(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ok(pair.first.run("chmod", "640", str(tmp_path / "file")))
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert ok(pair.first.run("ls", str(tmp_path / "file"))) == f"{tmp_path}/file\n"
    pair.solaris.remove_folder(FIRST, "/zones/z1")
    assert pair.first.run("ls", "-ldn", "/zones/z1").returncode == 2


def test_a_zone_whose_pool_is_elsewhere_has_no_root(pair: Pair) -> None:
    pair.solaris.define_pool("tank", ["naa.600a1"], datasets={"z": "/tank/z"}, imported_on=SECOND)
    pair.solaris.define_zone("z3", [FIRST, SECOND], zonepath="/tank/z/z3")
    assert pair.first.run("zoneadm", "-z", "z3", "attach").returncode == 1
    ok(pair.second.run("zoneadm", "-z", "z3", "attach"))


def test_a_platform_that_cannot_be_made(pair: Pair) -> None:
    pair.solaris.change_zone(FIRST, "z1", boot_error="ERROR: unable to unmount '/zones/z1/root/tmp'.")
    text = "zone 'z1': ERROR: unable to unmount '/zones/z1/root/tmp'.\nzoneadm: zone 'z1': call to zoneadmd failed\n"
    for subcommand in ("ready", "boot"):
        assert said(zoneadm(pair, subcommand)) == (1, "", text)
    assert state(pair) == "installed"


def test_only_root_may_change_a_zone(pair: Pair) -> None:
    pair.solaris.set_privileged(FIRST, is_privileged=False)
    assert said(zoneadm(pair, "boot")) == refused("only a privileged user may boot a zone.")
    assert ok(zoneadm(pair, "list")) == "z1\n"
    login = pair.first.run("zlogin", "z1", "pwd")
    text = "zlogin: You lack sufficient privilege to run this command (all privs required)\n"
    assert said(login) == (1, "", text)


def test_attach_and_its_options(pair: Pair) -> None:
    pair.solaris.set_zone_state(FIRST, "z1", "configured")
    both = zoneadm(pair, "attach", "-F", "-n", "/tmp/x")
    assert said(both) == refused("-F and -n flags are mutually exclusive")
    pair.solaris.change_zone(FIRST, "z1", attach_fails=["-u", "-F"])
    # The text is [R].
    plain = zoneadm(pair, "attach")
    assert plain.returncode == 1
    assert "inconsistent" in plain.stderr
    ok(zoneadm(pair, "attach", "-u"))
    ok(zoneadm(pair, "detach"))
    ok(zoneadm(pair, "attach", "-F"))
    assert state(pair) == "installed"


def test_only_newer_releases_know_boot_environments(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path, "11.1")
    pair.solaris.define_zone("z1", [FIRST], brand="solaris")
    words = ("attach", "-x", "deny-zbe-clone")
    # The text is [R].
    assert said(zoneadm(pair, *words)) == (1, "", "ERROR: Error: unknown attach option\n")
    pair.solaris.define_node(FIRST, release="11.3")
    done = zoneadm(pair, *words)
    # The chatter is [R].
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Result: Attach Succeeded.")


def test_detach_refuses_while_something_is_mounted_below(pair: Pair) -> None:
    pair.solaris.define_pool("tank", ["naa.600a1"], datasets={"d": "/zones/z1/root/data"}, imported_on=FIRST)
    done = zoneadm(pair, "detach")
    text = "These file systems are mounted on subdirectories of /zones/z1.\n  /zones/z1/root/data\n"
    assert said(done) == (1, "", text)
    ok(zoneadm(pair, "detach", "-F"))
    assert state(pair) == "configured"


def test_a_hook_of_the_brand_holds_the_zone_after_a_halt(pair: Pair) -> None:
    pair.solaris.change_zone(FIRST, "z1", hook_time=5.0)
    ok(zoneadm(pair, "boot"))
    ok(zoneadm(pair, "halt"))
    assert state(pair) == "installed"
    assert said(zoneadm(pair, "detach")) == refused("another zoneadm may have an operation in progress.")
    # The process's words are [R].
    assert ok(pair.first.run("pgrep", "-f", "ipkg/poststate.*z1")).strip().isdigit()
    assert pair.first.run("pgrep", "-f", "ipkg/poststate.*other").returncode == 1
    pair.cluster.advance(5)
    assert said(pair.first.run("pgrep", "-f", "ipkg/poststate.*z1")) == (1, "", "")
    ok(zoneadm(pair, "detach"))


def test_a_card_that_is_not_there_is_a_warning(pair: Pair) -> None:
    pair.solaris.define_zone(
        "z4", [FIRST], installed_on=FIRST, nets=[{"address": "192.168.1.9/24", "physical": "bge0"}]
    )
    done = pair.first.run("zoneadm", "-z", "z4", "boot")
    assert said(done) == (
        0,
        "",
        "zone 'z4': WARNING: skipping network interface 'bge0' which may not be present/plumbed in the global zone.\n",
    )
    assert pair.solaris.zone_state(FIRST, "z4") == "running"


def test_uninstall_wants_to_be_forced(pair: Pair) -> None:
    assert zoneadm(pair, "uninstall").returncode == 1
    ok(zoneadm(pair, "uninstall", "-F"))
    assert state(pair) == "configured"
    ok(zoneadm(pair, "install"))
    ok(zoneadm(pair, "mark", "incomplete"))
    assert state(pair) == "incomplete"


# -- shutting down --------------------------------------------------------------------------------------------------


def test_a_shutdown_is_seen_on_its_way(pair: Pair) -> None:
    pair.cluster.change_guest("z1", shutdown_time=100.0)
    ok(zoneadm(pair, "boot"))
    assert ok(pair.first.run("zlogin", "-S", "z1", "/sbin/init 0")) == ""
    seen = []
    for _ in range(12):
        seen.append(state(pair))
        pair.cluster.advance(10)
    assert list(dict.fromkeys(seen)) == ["running", "shutting_down", "down", "installed"]
    assert pair.cluster.running_on("z1") == ()


def test_zlogin_lets_nobody_into_a_zone_on_its_way_down(pair: Pair) -> None:
    pair.cluster.change_guest("z1", shutdown_time=1000.0)
    ok(zoneadm(pair, "boot"))
    ok(pair.first.run("zlogin", "z1", "/sbin/init 0"))
    ok(pair.first.run("zlogin", "z1", "pwd"))
    pair.cluster.advance(700)
    text = "zlogin: login allowed only to running zones (z1 is 'shutting_down').\n"
    assert said(pair.first.run("zlogin", "z1", "pwd")) == (1, "", text)


def test_a_zone_that_ignores_init_is_halted(pair: Pair) -> None:
    pair.cluster.change_guest("z1", shutdown_time=None)
    ok(zoneadm(pair, "boot"))
    ok(pair.first.run("zlogin", "z1", "/sbin/init", "0"))
    pair.cluster.advance(10000)
    assert state(pair) == "running"
    ok(zoneadm(pair, "halt"))
    assert state(pair) == "installed"


def test_solaris_10_knows_no_shutdown(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path, "10")
    pair.solaris.define_zone("z1", [FIRST], installed_on=FIRST)
    ok(zoneadm(pair, "boot"))
    done = zoneadm(pair, "shutdown")
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")
    assert state(pair) == "running"


def test_shutdown_waits_for_the_zone(pair: Pair) -> None:
    assert said(zoneadm(pair, "shutdown")) == refused("not running")
    pair.cluster.change_guest("z1", shutdown_time=3600.0)
    ok(zoneadm(pair, "boot"))
    process = pair.first.popen("zoneadm", "-z", "z1", "shutdown")
    pair.cluster.wait_for_call("zoneadm", "shutdown", count=2)
    while not ending(pair):
        assert process.poll() is None
    # Ten minutes is [R].
    pair.cluster.advance(601)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (1, "", "zone 'z1': unable to shutdown zone\n")
    pair.cluster.advance(3600)
    assert state(pair) == "installed"


def ending(pair: Pair) -> bool:
    with pair.cluster.opened() as world:
        return world["nodes"][FIRST]["powered"]["z1"]["off_at"] is not None


def test_shutdown_and_reboot(pair: Pair) -> None:
    ok(zoneadm(pair, "boot"))
    ok(zoneadm(pair, "shutdown", "-r"))
    assert ok(zoneadm(pair, "list", "-p")).split(":")[:3] == ["2", "z1", "running"]
    ok(zoneadm(pair, "reboot"))
    assert ok(zoneadm(pair, "list", "-p")).split(":")[:3] == ["3", "z1", "running"]
    ok(zoneadm(pair, "shutdown"))
    assert state(pair) == "installed"


def test_a_zone_that_crashes_is_installed(pair: Pair) -> None:
    ok(zoneadm(pair, "boot"))
    pair.cluster.crash_guest(FIRST, "z1")
    assert state(pair) == "installed"


# -- zlogin ---------------------------------------------------------------------------------------------------------


def test_zlogin_gives_the_status_of_the_command(pair: Pair) -> None:
    ok(zoneadm(pair, "boot"))
    assert said(pair.first.run("zlogin", "-S", "z1", "echo out; echo err >&2; exit 3")) == (3, "out\n", "err\n")
    # Words are joined, and read by a shell in the zone.
    assert ok(pair.first.run("zlogin", "z1", "echo", "a   b", "$((1+1))")) == "a b 2\n"
    assert ok(pair.first.run("zlogin", "z1", "zonename; hostname; uname -s")) == "z1\nz1\nSunOS\n"
    assert ok(pair.first.run("zlogin", "z1", input="hostname\n")) == "z1\n"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("installed", "login allowed only to running zones (z1 is 'installed')."),
        ("ready", "login allowed only to running zones (z1 is 'ready')."),
        ("shutting_down", "login allowed only to running zones (z1 is 'shutting_down')."),
        ("configured", "cannot login to a zone which is 'configured'"),
        ("incomplete", "cannot login to a zone which is 'incomplete'"),
    ],
)
def test_zlogin_lets_nobody_into_a_zone_that_does_not_run(before: str, text: str, pair: Pair) -> None:
    pair.solaris.set_zone_state(FIRST, "z1", before)
    assert said(pair.first.run("zlogin", "-S", "z1", "pwd")) == (1, "", f"zlogin: {text}\n")


def test_zlogin_to_nowhere(pair: Pair) -> None:
    assert said(pair.first.run("zlogin", "nosuch", "pwd")) == (1, "", "zlogin: zone 'nosuch' unknown\n")
    glob = pair.first.run("zlogin", "global", "pwd")
    assert said(glob) == (1, "", "zlogin: 'zlogin' not applicable to the global zone\n")
    assert pair.first.run("zlogin").returncode == 2


def test_the_milestone_is_online_when_the_zone_has_booted(pair: Pair) -> None:
    pair.cluster.change_guest("z1", boot_time=60.0, shell_delay=30.0)
    ok(zoneadm(pair, "boot"))
    assert state(pair) == "running"
    words = ("zlogin", "z1", "svcs", "-H", "-o", "state", "svc:/milestone/multi-user:default")
    assert ok(pair.first.run(*words)) == "offline\n"
    pair.cluster.advance(91)
    assert ok(pair.first.run(*words)) == "online\n"
    # The text is [R].
    unknown = pair.first.run("zlogin", "z1", "/usr/bin/svcs -H -o state svc:/nosuch")
    assert said(unknown) == (1, "", "svcs: Pattern 'svc:/nosuch' doesn't match any instances\n")


def test_launchers_of_a_zone(pair: Pair) -> None:
    pair.cluster.set_launcher("z1", "S10db")
    assert (pair.solaris.zone_root("z1") / "svc/etc/init.d/S10db").exists()
    ok(zoneadm(pair, "boot"))
    found = ok(pair.first.run("zlogin", "z1", "/usr/bin/find /svc/etc/init.d -name 'S*'"))
    assert found == "/svc/etc/init.d/S10db\n"
    ok(pair.first.run("zlogin", "z1", "/svc/etc/init.d/S10db", "start"))
    assert pair.cluster.is_application_up("z1", "db")
    ok(zoneadm(pair, "halt"))
    assert not pair.cluster.is_application_up("z1", "db")


# -- zonecfg --------------------------------------------------------------------------------------------------------


EXPORT = """create -b
set zonepath=/zones/z5
set brand=native
set autoboot=true
set ip-type=shared
add net
set address=192.168.1.7/24
set physical=net0
end
"""


def test_a_configuration_is_exported_and_made_elsewhere(pair: Pair, tmp_path: Path) -> None:
    net = {"address": "192.168.1.7/24", "physical": "net0"}
    pair.solaris.define_zone("z5", [FIRST], autoboot=True, nets=[net], installed_on=FIRST)
    file = tmp_path / "z5.export"
    assert ok(pair.first.run("zonecfg", "-z", "z5", "export", "-f", str(file))) == ""
    # The order of the properties is [R].
    assert file.read_text() == EXPORT
    assert ok(pair.first.run("zonecfg", "-z", "z5", "export")) == EXPORT
    assert ok(pair.second.run("zonecfg", "-z", "z5", "-f", str(file))) == ""
    assert ok(pair.second.run("zonecfg", "-z", "z5", "export")) == EXPORT
    assert pair.solaris.zone_state(SECOND, "z5") == "configured"
    again = pair.first.run("zonecfg", "-z", "z5", "-f", str(file))
    assert said(again) == (0, "", "Zone z5 already installed; set zonepath not allowed.\n")
    assert pair.solaris.zone_state(FIRST, "z5") == "installed"
    # On the command line the status is [R].
    word = pair.first.run("zonecfg", "-z", "z5", "set zonepath=/elsewhere")
    assert said(word) == (1, "", "Zone z5 already installed; set zonepath not allowed.\n")


def test_info(simulated_cluster: SimulatedCluster, tmp_path: Path) -> None:
    pair = Pair.make(simulated_cluster, tmp_path, "10")
    pair.solaris.define_zone("z1", [FIRST], nets=[{"address": "192.168.1.7", "physical": "bge0"}])
    assert ok(pair.first.run("zonecfg", "-z", "z1", "info")) == (
        "zonename: z1\nzonepath: /zones/z1\nbrand: native\nautoboot: false\nbootargs: \npool: \nlimitpriv: \n"
        "scheduling-class: \nip-type: shared\nhostid: \nfs-allowed: \n"
        "net:\n\taddress: 192.168.1.7\n\tphysical: bge0\n\tdefrouter not specified\n"
    )
    assert ok(pair.first.run("zonecfg", "-z", "z1", "info", "zonepath")) == "zonepath: /zones/z1\n"
    assert ok(pair.first.run("zonecfg", "-z", "z1", "info autoboot")) == "autoboot: false\n"


def test_commands_on_one_line(pair: Pair) -> None:
    zonecfg = ("zonecfg", "-z", "z1")
    ok(pair.first.run(*zonecfg, "set autoboot=true; add net; set address=192.168.1.8; set physical=net0; end"))
    assert "autoboot: true\n" in ok(pair.first.run(*zonecfg, "info"))
    assert "\taddress: 192.168.1.8\n" in ok(pair.first.run(*zonecfg, "info", "net"))
    ok(pair.first.run(*zonecfg, "remove", "-F", "net"))
    assert ok(pair.first.run(*zonecfg, "info net")) == ""


def test_configurations_that_are_refused(pair: Pair) -> None:
    unknown = pair.first.run("zonecfg", "-z", "nosuch", "info")
    assert said(unknown) == (1, "", "nosuch: No such zone configured\n")
    both = pair.first.run("zonecfg", "-z", "z1", "set ip-type=exclusive; add net; set address=10.0.0.1; end")
    text = "net: address cannot be specified if ip-type = exclusive\nz1: Invalid argument\n"
    assert said(both) == (1, "", text)
    # Nothing of it is kept.
    assert ok(pair.first.run("zonecfg", "-z", "z1", "info ip-type")) == "ip-type: shared\n"
    # The text is [R]; that it is refused is not.
    installed = pair.first.run("zonecfg", "-z", "z1", "delete", "-F")
    assert said(installed) == (1, "", "z1: Zone state is invalid for the requested operation\n")
    ok(pair.second.run("zonecfg", "-z", "z1", "delete", "-F"))
    gone = pair.second.run("zoneadm", "-z", "z1", "list")
    assert said(gone) == (1, "", "zoneadm: z1: No such zone configured\n")


def test_create_names_its_template(pair: Pair) -> None:
    done = pair.first.run("zonecfg", "-z", "z9", "create; set zonepath=/zones/z9")
    assert ok(done) == "create: Using system default template 'SYSdefault'\n"
    assert ok(pair.first.run("zonecfg", "-z", "z9", "info brand")) == "brand: solaris\n"


# -- faults ---------------------------------------------------------------------------------------------------------


FAULTS: list[tuple[FaultKind, Callable[[subprocess.CompletedProcess[str]], bool], str]] = [
    (FaultKind.FAIL, lambda done: said(done) == (1, "", "no way\n"), "installed"),
    (FaultKind.GARBAGE, lambda done: said(done) == (0, "no way\n", ""), "installed"),
    (FaultKind.CRASH, lambda done: done.returncode == -9, "running"),
    (FaultKind.PARTIAL, lambda done: said(done) == (0, "", ""), "running"),
    (FaultKind.SLOW, lambda done: said(done) == (0, "", ""), "running"),
]


@pytest.mark.parametrize(("kind", "fits", "after"), FAULTS, ids=[row[0].value for row in FAULTS])
def test_faults_of_a_boot(
    kind: FaultKind, fits: Callable[[subprocess.CompletedProcess[str]], bool], after: str, pair: Pair
) -> None:
    pair.cluster.set_fault("zoneadm", kind, words=["boot"], text="no way\n", seconds=0.05, times=1)
    assert fits(zoneadm(pair, "boot"))
    assert state(pair) == after


def test_half_of_a_listing(pair: Pair) -> None:
    whole = ok(pair.first.run("zoneadm", "list", "-cp"))
    pair.cluster.set_fault("zoneadm", FaultKind.PARTIAL, words=["list"], times=1)
    assert ok(pair.first.run("zoneadm", "list", "-cp")) == whole[: len(whole) // 2]


def test_a_boot_that_hangs_does_its_work_later(pair: Pair) -> None:
    pair.cluster.set_fault("zoneadm", FaultKind.HANG, words=["boot"])
    process = pair.first.popen("zoneadm", "-z", "z1", "boot")
    pair.cluster.wait_for_call("zoneadm", "boot")
    assert state(pair) == "installed"
    assert process.poll() is None
    pair.cluster.clear_faults()
    assert process.communicate(timeout=20) == ("", "")
    assert state(pair) == "running"


def test_a_late_boot_is_ready_and_held_until_then(pair: Pair) -> None:
    pair.cluster.set_fault("zoneadm", FaultKind.LATE, words=["boot"], seconds=3600)
    process = pair.first.popen("zoneadm", "-z", "z1", "boot")
    while state(pair) != "ready":
        assert process.poll() is None
    pair.cluster.clear_faults()
    assert said(zoneadm(pair, "halt")) == refused("another zoneadm may have an operation in progress.")
    pair.cluster.advance(3601)
    assert process.communicate(timeout=20) == ("", "")
    assert state(pair) == "running"


def test_a_frozen_zone_lets_nobody_in_until_it_goes_on(pair: Pair) -> None:
    ok(zoneadm(pair, "boot"))
    pair.cluster.freeze_guest(FIRST, "z1")
    process = pair.first.popen("zlogin", "z1", "pwd; hostname")
    pair.cluster.wait_for_call("zlogin")
    assert process.poll() is None
    pair.cluster.freeze_guest(FIRST, "z1", is_frozen=False)
    out, _ = process.communicate(timeout=20)
    assert out.endswith("z1\n")


def test_a_missing_executable_is_not_found(pair: Pair) -> None:
    pair.cluster.remove_command(pair.first.executables, "zoneadm")
    with pytest.raises(FileNotFoundError):
        zoneadm(pair, "list")


def test_what_is_not_simulated_says_so(pair: Pair) -> None:
    done = zoneadm(pair, "clone", "z2")
    assert said(done) == (70, "", "simulated zoneadm: not simulated: -z z1 clone z2\n")
