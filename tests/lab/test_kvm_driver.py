"""`container.kvm` on a real libvirt with real guests, through `osvc`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.domain_xml import Kind
from tests.lab.processes import OutputWatch
from tests.lab.site import SLOW_HOOK, Site

COUNTING_VIRSH = """\
#!/bin/sh
echo "$$" >>/run/virsh-calls
exec /usr/bin/virsh "$@"
"""


def inventory_of(site: Site, name: str) -> dict[str, Any]:
    """What `osvc inventory` tells of a service; it has nothing to note."""
    done = site.osvc("inventory", name, "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["notes"] == []
    found: dict[str, Any] = document["services"][name]
    return found


def test_a_guest_starts_and_shuts_down_by_its_power_button(site: Site) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    assert site.container("plain") == ("down", "")
    off = inventory_of(site, "plain")
    started = site.osvc("start", "plain", "-v")
    assert started.returncode == 0, started.stderr
    assert site.container("plain") == ("up", "")
    assert inventory_of(site, "plain") == off
    (boot,) = off["disks"]
    assert (boot["kind"], boot["guest"], boot["disk_id"]) == ("file", "plain", None)
    assert boot["size"] == int(site.node.exec(["stat", "-c", "%s", boot["path"]]).stdout)
    assert f"{off['vcpus']}\n" in site.hypervisor.virsh("vcpucount", "plain", "--maximum", "--config").stdout
    memory = site.hypervisor.virsh("dominfo", "plain", check=True).stdout.partition("Max memory:")[2].split()
    assert (off["memory"], memory[1]) == (int(memory[0]) << 10, "KiB")
    assert site.hypervisor.state("plain") == "running"
    site.hypervisor.wait_booted("plain")
    stopped = site.osvc("stop", "plain", "-v")
    assert stopped.returncode == 0, stopped.stderr
    assert "shutdown --mode acpi plain" in stopped.stdout + stopped.stderr
    assert "destroy" not in stopped.stdout + stopped.stderr
    assert site.container("plain") == ("down", "")


def test_a_start_looks_once_before_and_once_after(site: Site) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    done = site.osvc("start", "plain", "-v")
    runs = [line.partition("runs `")[2] for line in (done.stdout + done.stderr).splitlines() if "runs `" in line]
    assert len(runs) == 3, runs
    assert runs[1].startswith("virsh -c qemu:///system start plain")


def test_starts_and_stops_of_what_is_so_already_change_nothing(site: Site) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    assert "virsh -c qemu:///system destroy" not in site.osvc("stop", "plain", "-v").stderr
    site.hypervisor.virsh("start", "plain", check=True)
    qemu = site.hypervisor.qemu_pid("plain")
    assert site.osvc("start", "plain").returncode == 0
    assert site.hypervisor.qemu_pid("plain") == qemu


def test_a_guest_has_a_disk_more_where_it_boots_on_a_disaster_recovery_node(site: Site) -> None:
    site.hypervisor.add("plain")
    site.know("gone", "10.77.0.250")
    site.service("plain", nodes="gone\ndrpnodes = node1")
    started = site.osvc("start", "plain", "--declare-dead", "gone")
    assert started.returncode == 0, started.stderr
    assert site.container("plain")[0] == "up"
    blocks = site.hypervisor.virsh("domblklist", "plain", check=True).stdout
    assert "vdosvc" in blocks
    assert "drp_flag.vdisk" in blocks
    site.hypervisor.wait_booted("plain")
    assert site.osvc("stop", "plain").returncode == 0
    site.service("plain", nodes="node1\ndrpnodes = gone")
    site.osvc("start", "plain", "--declare-dead", "gone")
    assert site.container("plain")[0] == "up"
    assert "vdosvc" not in site.hypervisor.virsh("domblklist", "plain", check=True).stdout
    assert site.osvc("stop", "plain").returncode == 0


def test_a_stubborn_guest_is_stopped_by_force_and_says_so(site: Site) -> None:
    site.hypervisor.add("mule", Kind.STUBBORN)
    site.service("mule", "stop_timeout = 1")
    site.hypervisor.virsh("start", "mule", check=True)
    done = site.osvc("stop", "mule", "-v")
    assert done.returncode == 0, done.stderr
    assert "stopped by force" in done.stdout + done.stderr
    assert site.hypervisor.state("mule") == "shut off"


def test_a_guest_whose_qemu_hangs_is_up_and_can_be_stopped(site: Site) -> None:
    site.hypervisor.add("hung")
    site.service("hung", "stop_timeout = 3")
    site.hypervisor.virsh("start", "hung", check=True)
    qemu = site.hypervisor.qemu_pid("hung")
    site.hypervisor.signal_guest("hung", "STOP")
    assert site.container("hung") == ("up", "")
    done = site.osvc("stop", "hung")
    assert done.returncode == 0, done.stderr
    assert site.node.exec(["kill", "-0", str(qemu)]).returncode == 1


@pytest.mark.parametrize(
    ("kind", "state", "word"),
    [(Kind.SLEEPER, "pmsuspended", "virsh dompmwakeup odd"), (Kind.PANICKED, "crashed", "crashed")],
    ids=["suspends", "panics"],
)
def test_rarer_states_are_warnings_and_can_be_stopped(site: Site, kind: Kind, state: str, word: str) -> None:
    site.hypervisor.add("odd", kind)
    site.service("odd")
    site.hypervisor.virsh("start", "odd", check=True)
    site.hypervisor.wait_state("odd", state)
    status, notes = site.container("odd")
    assert status == "warn"
    assert word in notes
    assert site.osvc("start", "odd").returncode != 0
    done = site.osvc("stop", "odd")
    assert done.returncode == 0, done.stderr
    assert site.hypervisor.state("odd") == "shut off"


def test_a_paused_guest_is_a_warning_that_says_how_to_go_on(site: Site) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    site.hypervisor.virsh("start", "plain", check=True)
    site.hypervisor.virsh("suspend", "plain", check=True)
    assert site.container("plain") == ("warn", "paused (by a user): `virsh resume plain`")
    assert site.osvc("stop", "plain").returncode == 0
    assert site.hypervisor.state("plain") == "shut off"


@pytest.mark.parametrize(
    ("trouble", "word"),
    [("stop", "failed to connect"), ("kill", "failed to connect"), ("freeze", "does not answer")],
)
def test_without_an_answer_of_libvirt_nothing_is_assumed(site: Site, trouble: str, word: str) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    site.hypervisor.virsh("start", "plain", check=True)
    qemu = site.hypervisor.qemu_pid("plain")
    site.be_quick()
    getattr(site.hypervisor, trouble)()
    status, notes = site.container("plain")
    assert status == "undef"
    assert word in notes
    started = site.osvc("start", "plain", "--permit", "container_undef")
    assert started.returncode == 4
    assert "container_undef" in started.stdout + started.stderr
    stopped = site.osvc("stop", "plain")
    assert stopped.returncode != 0
    assert site.node.exec(["kill", "-0", str(qemu)]).returncode == 0


def test_without_virsh_or_permission_nothing_is_assumed(site: Site) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    site.node.write("/srv/refusing/virsh", '#!/bin/sh\nexec setpriv --reuid=65534 --clear-groups /usr/bin/virsh "$@"\n')
    site.node.exec(["chmod", "755", "/srv/refusing", "/srv/refusing/virsh"], check=True)
    status, notes = site.containers("plain", env={"PATH": "/srv/refusing:/usr/bin:/bin"})["plain"]
    assert status == "undef"
    assert "Permission denied" in notes
    site.node.exec(["mv", "/usr/bin/virsh", "/usr/bin/virsh.away"], check=True)
    try:
        status, notes = site.container("plain")
    finally:
        site.node.exec(["mv", "/usr/bin/virsh.away", "/usr/bin/virsh"], check=True)
    assert status == "undef"
    assert "virsh" in notes


def test_a_guest_that_is_stuck_in_its_start_does_not_spoil_the_others_answers(site: Site) -> None:
    names = ["slow", "other", "third"]
    for name in names:
        site.hypervisor.add(name)
        site.service(name)
    site.node.exec(["rm", "-f", "/run/go", "/run/hook"])
    site.hypervisor.set_hook(SLOW_HOOK)
    site.hypervisor.virsh("start", "third", check=True)
    with site.start_in_background("start", "slow") as start:
        with OutputWatch(site.node.popen(["tail", "-n", "+1", "-F", "/run/hook"])) as hook:
            hook.wait_for("begun", 20)
        found = site.containers(*names)
        assert found["other"] == ("down", "")
        assert found["third"] == ("up", "")
        assert found["slow"][0] == "undef"
        site.node.exec(["touch", "/run/go"], check=True)
        assert start.wait(30) == 0
    assert site.container("slow") == ("up", "")


def test_a_start_that_takes_effect_after_its_limit_ends_unknown(site: Site) -> None:
    site.hypervisor.add("slow")
    site.service("slow", "start_timeout = 2", "stop_timeout = 2")
    site.be_quick()
    site.node.exec(["rm", "-f", "/run/go", "/run/hook"])
    site.hypervisor.set_hook(SLOW_HOOK)
    done = site.osvc("start", "slow")
    assert done.returncode == 6, done.stderr
    site.node.exec(["touch", "/run/go"], check=True)
    site.hypervisor.wait_state("slow", "running")


def test_a_guest_that_is_not_defined(site: Site) -> None:
    site.service("nowhere")
    status, notes = site.container("nowhere")
    assert (status, notes) == ("down", "not defined in libvirt")
    assert site.osvc("stop", "nowhere").returncode == 0
    done = site.osvc("start", "nowhere")
    assert done.returncode == 1
    assert "/etc/libvirt/qemu/nowhere.xml" in done.stdout + done.stderr


def test_a_guest_is_defined_from_the_services_file_and_anew_when_that_differs(site: Site) -> None:
    xml = site.hypervisor.domain_xml("plain")
    path = "/srv/definitions/plain.xml"
    site.node.write(path, xml)
    site.service("plain", f"config = {path}", "stop_timeout = 1")
    assert (
        "virsh -c qemu:///system define /srv/definitions/plain.xml" in site.osvc("start", "plain", "--dry-run").stdout
    )
    assert site.osvc("start", "plain").returncode == 0
    assert site.osvc("stop", "plain").returncode == 0
    site.node.write(path, xml.replace('<memory unit="MiB">16<', '<memory unit="MiB">18<'))
    done = site.osvc("start", "plain")
    assert done.returncode == 0, done.stderr
    assert f"Max memory:     {18 * 1024} KiB" in site.hypervisor.virsh("dominfo", "plain").stdout


def test_a_file_without_uuid_is_defined_over_the_known_guest(site: Site) -> None:
    site.hypervisor.add("plain")
    known = site.hypervisor.virsh("domuuid", "plain").stdout.strip()
    xml = site.hypervisor.domain_xml("plain")
    bare = "\n".join(line for line in xml.splitlines() if "<uuid>" not in line)
    site.node.write("/srv/definitions/plain.xml", bare.replace('"MiB">16<', '"MiB">18<'))
    site.service("plain", "config = /srv/definitions/plain.xml")
    done = site.osvc("start", "plain")
    assert done.returncode == 0, done.stderr
    assert site.hypervisor.virsh("domuuid", "plain").stdout.strip() == known
    assert f"Max memory:     {18 * 1024} KiB" in site.hypervisor.virsh("dominfo", "plain").stdout


def test_libvirts_own_file_is_the_same_as_what_it_says(site: Site) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    done = site.osvc("start", "plain", "-v")
    assert done.returncode == 0, done.stderr
    assert " define " not in done.stdout + done.stderr


def test_a_definition_of_another_guest_is_refused(site: Site) -> None:
    site.node.write("/srv/definitions/plain.xml", site.hypervisor.domain_xml("other"))
    site.service("plain", "config = /srv/definitions/plain.xml")
    done = site.osvc("start", "plain")
    assert done.returncode == 1
    assert "'other'" in done.stdout + done.stderr
    assert site.hypervisor.virsh("list", "--all", "--name").stdout.split() == []


def test_a_start_that_libvirt_refuses_says_the_whole_reason(site: Site) -> None:
    site.hypervisor.add("plain")
    site.service("plain")
    (site.hypervisor.files / "plain.img").unlink()
    done = site.osvc("start", "plain")
    assert done.returncode == 1
    assert "Cannot access storage file" in done.stdout + done.stderr


def test_autostart_is_a_warning_that_a_start_on_several_nodes_ends(site: Site) -> None:
    site.hypervisor.add("plain")
    site.hypervisor.virsh("autostart", "plain", check=True)
    site.service("plain", nodes="node1")
    site.hypervisor.virsh("start", "plain", check=True)
    status, notes = site.container("plain")
    assert status == "warn"
    assert "autostart is on" in notes
    assert site.osvc("start", "plain").returncode == 0
    assert site.container("plain")[0] == "warn"
    site.hypervisor.virsh("destroy", "plain", check=True)
    status, notes = site.container("plain")
    assert status == "down"
    assert "autostart is on" in notes
    site.service("plain", nodes="node1 node9")
    done = site.osvc("start", "plain")
    assert done.returncode == 0, done.stderr
    assert site.container("plain") == ("up", "")


def test_many_guests_are_asked_about_with_one_virsh(site: Site) -> None:
    names = [f"many{number:03}" for number in range(200)]
    site.hypervisor.add_many(names)
    for name in names:
        site.service(name)
    site.hypervisor.virsh("start", "many007", check=True)
    site.node.write("/srv/counting/virsh", COUNTING_VIRSH, mode=0o755)
    site.node.exec(["rm", "-f", "/run/virsh-calls"])
    found = site.containers(env={"PATH": "/srv/counting:/usr/bin:/bin"})
    assert {name: status for name, (status, _) in found.items()} == {
        name: "up" if name == "many007" else "down" for name in names
    }
    assert len(site.node.read("/run/virsh-calls").split()) == 1


def test_launchers_run_through_the_guest_agent_without_a_network(site: Site) -> None:
    launchers = {
        "S10db": "#!/bin/sh\n[ $1 = start ] && touch /run/db; exit 0\n",
        "K10db": "#!/bin/sh\nrm -f /run/db\n",
        "C10db": "#!/bin/sh\n[ -e /run/db ]\n",
    }
    site.hypervisor.define("agent", site.hypervisor.domain_xml("agent", Kind.AGENT, launchers=launchers))
    site.service("agent", "qga = true", "start_timeout = 60", more="\n[app#0]\ntype = launchers\n")
    started = site.osvc("start", "agent", "-v")
    assert started.returncode == 0, started.stderr
    shown = json.loads(site.osvc("status", "agent", "--format", "json").stdout)["services"]["agent"]["resources"]
    assert {rid: each["status"] for rid, each in shown.items()} == {"container#0": "up", "app#0": "up"}, shown
    stopped = site.osvc("stop", "agent", "-v")
    assert stopped.returncode == 0, stopped.stderr
    assert "shutdown --mode agent agent" in stopped.stdout + stopped.stderr
    assert site.hypervisor.state("agent") == "shut off"


def test_a_launcher_that_hangs_is_ended_in_the_guest_with_its_children_and_a_daemon_is_not(site: Site) -> None:
    launchers = {
        "S05daemon": "#!/bin/sh\nsleep 2424 &\n",
        "S10hang": "#!/bin/sh\nsleep 4242 &\nwait\n",
        "S20next": "#!/bin/sh\necho $1 >/run/next\n",
    }
    xml = site.hypervisor.domain_xml("agent", Kind.AGENT, ip="10.77.0.101", launchers=launchers)
    site.hypervisor.define("agent", xml)
    app = "\n[app#0]\ntype = launchers\nscript_timeout = 6\n"
    site.service("agent", "qga = true", "start_timeout = 60", "hostname = 10.77.0.101", more=app)
    started = site.osvc("start", "agent", "-v")
    assert started.returncode == 0, started.stderr
    assert "S10hang" in started.stdout + started.stderr
    assert site.hypervisor.ssh("10.77.0.101", "cat", "/run/next").stdout == "start\n"
    processes = site.hypervisor.ssh("10.77.0.101", "ps")
    assert processes.returncode == 0
    assert "4242" not in processes.stdout
    assert "2424" in processes.stdout


def test_a_libvirtd_that_dies_in_the_middle_of_a_start_leaves_it_unknown_until_it_can_be_told(site: Site) -> None:
    site.hypervisor.add("slow")
    site.service("slow", "stop_timeout = 2")
    site.be_quick()
    site.node.exec(["rm", "-f", "/run/go", "/run/hook"])
    site.hypervisor.set_hook(SLOW_HOOK)
    with site.start_in_background("start", "slow") as start:
        with OutputWatch(site.node.popen(["tail", "-n", "+1", "-F", "/run/hook"])) as hook:
            hook.wait_for("begun", 20)
        site.hypervisor.kill()
        assert start.wait(60) == 6
    assert site.container("slow")[0] == "undef"
    site.node.exec(["touch", "/run/go"], check=True)
    site.hypervisor.start()
    assert site.container("slow") == ("down", "")
    done = site.osvc("recover", "slow")
    assert done.returncode == 0, done.stderr


def test_a_start_waits_for_the_network_and_the_shell_of_a_linux_guest(site: Site) -> None:
    launchers = {"S10db": "#!/bin/sh\ntouch /run/db\n", "C10db": "#!/bin/sh\n[ -e /run/db ]\n"}
    xml = site.hypervisor.domain_xml("penguin", Kind.LINUX, ip="10.77.0.101", launchers=launchers)
    site.hypervisor.define("penguin", xml)
    more = "\n[ip#0]\nipname = 10.77.0.101\nipdev = eth0\n\n[app#0]\ntype = launchers\n"
    limits = ("start_timeout = 60", "stop_timeout = 60")
    site.service("penguin", *limits, "hostname = 10.77.0.101", more=more)
    started = site.osvc("start", "penguin", "-v")
    assert started.returncode == 0, started.stderr
    shown = json.loads(site.osvc("status", "penguin", "--format", "json").stdout)["services"]["penguin"]["resources"]
    assert (shown["container#0"]["status"], shown["app#0"]["status"]) == ("up", "up")
    stopped = site.osvc("stop", "penguin", "-v")
    assert stopped.returncode == 0, stopped.stderr
    assert "shutdown --mode acpi penguin" in stopped.stdout + stopped.stderr
    assert "destroy" not in stopped.stdout + stopped.stderr, "a Linux guest obeys its power button"
    assert site.hypervisor.state("penguin") == "shut off"
