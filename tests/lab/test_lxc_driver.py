"""`container.lxc` on real containers of LXC, through `osvc`."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.lab.agent import Osvc
from tests.lab.lxc import LAUNCHERS, Containers
from tests.lab.lxc_site import HOOK, LxcSite

MANY = 100
COUNTING = """\
#!/bin/sh
echo "$(basename $0)" >>/run/lxc-calls
exec /usr/bin/$(basename $0) "$@"
"""
SSHD = """\
HostKey /etc/ssh/lab_hostkey
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PermitRootLogin yes
StrictModes no
"""
APP = "\n[app#0]\ntype = launchers\n"
LAUNCHER = """\
#!/bin/sh
case $1 in
start) echo started >>/var/log/db; touch /run/db;;
stop) echo stopped >>/var/log/db; rm -f /run/db;;
status) test -e /run/db;;
esac
"""


@pytest.fixture
def site(containers: Containers, osvc: Osvc) -> Iterator[LxcSite]:
    """The node with LXC, without a container, with the agent on it."""
    site = LxcSite(containers, osvc)
    site.clear_hook()
    yield site
    site.let_go()


def add_launchers(site: LxcSite, name: str) -> None:
    for script in ("S10db", "K10db", "C10db"):
        site.containers.write(name, f"/{LAUNCHERS}/{script}", LAUNCHER)


def test_a_container_with_launchers_is_started_and_stopped_without_a_network(site: LxcSite) -> None:
    site.containers.define("c1")
    add_launchers(site, "c1")
    site.service("c1", more=APP)
    assert site.status("c1") == "down"
    started = site.osvc("start", "c1", "-v")
    assert started.returncode == 0, started.stdout + started.stderr
    assert site.status("c1") == "up"
    assert site.status("c1", "app#0") == "up"
    assert site.state("c1") == "RUNNING"
    stopped = site.osvc("stop", "c1", "-v")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert "by force" not in stopped.stdout + stopped.stderr
    assert site.state("c1") == "STOPPED"
    assert site.status("c1") == "down"
    assert site.node.read("/var/lib/lxc/c1/rootfs/var/log/db") == "started\nstopped\n"


def test_starts_and_stops_of_what_is_so_already_change_nothing(site: LxcSite) -> None:
    site.containers.define("c1")
    site.service("c1")
    assert site.osvc("stop", "c1").returncode == 0
    assert site.osvc("start", "c1").returncode == 0
    monitor = site.monitor("c1")
    assert monitor
    assert site.osvc("start", "c1").returncode == 0
    assert site.monitor("c1") == monitor


def test_a_dry_run_shows_the_commands_and_makes_none(site: LxcSite) -> None:
    site.containers.define("c1")
    site.service("c1")
    shown = site.osvc("start", "c1", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "lxc-start -P /var/lib/lxc -n c1 -d" in shown.stdout
    assert site.state("c1") == "STOPPED"


def test_applications_fail_as_elsewhere(site: LxcSite) -> None:
    site.containers.define("c1")
    add_launchers(site, "c1")
    site.service("c1", more=APP)
    assert site.osvc("start", "c1").returncode == 0
    site.containers.run("lxc-attach", "-n", "c1", "--", "rm", "/run/db")
    assert site.status("c1", "app#0").startswith("down")
    assert site.status("c1") == "up"


def test_a_launcher_that_hangs_is_ended_in_the_container_with_its_children_and_a_daemon_is_not(site: LxcSite) -> None:
    site.containers.define("c1")
    site.containers.write("c1", f"/{LAUNCHERS}/S05daemon", "#!/bin/sh\nsleep 2424 &\n")
    site.containers.write("c1", f"/{LAUNCHERS}/S10hang", "#!/bin/sh\nsleep 4242 &\nwait\n")
    site.containers.write("c1", f"/{LAUNCHERS}/S20next", "#!/bin/sh\necho $1 >/run/next\n")
    site.service("c1", more=f"{APP}script_timeout = 3\n")
    started = site.osvc("start", "c1", "-v")
    assert started.returncode == 0, started.stdout + started.stderr
    assert "S10hang" in started.stdout + started.stderr
    assert site.containers.run("lxc-attach", "-n", "c1", "--", "cat", "/run/next").stdout == "start\n"
    processes = site.containers.run("lxc-attach", "-n", "c1", "--", "ps", "-ef").stdout
    assert "4242" not in processes
    assert "2424" in processes


def test_a_container_that_ignores_the_stop_is_killed_and_says_so(site: LxcSite) -> None:
    site.containers.define("mule", listens=False)
    site.service("mule", "stop_timeout = 1")
    assert site.osvc("start", "mule").returncode == 0
    done = site.osvc("stop", "mule", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stopped by force" in done.stdout + done.stderr
    assert site.state("mule") == "STOPPED"


def test_a_frozen_container_is_a_warning_that_says_how_to_go_on_and_is_killed(site: LxcSite) -> None:
    site.containers.define("c1")
    site.service("c1")
    assert site.osvc("start", "c1").returncode == 0
    site.containers.run("lxc-freeze", "-n", "c1")
    assert site.status("c1") == "warn: frozen: `lxc-unfreeze -P /var/lib/lxc -n c1`"
    refused = site.osvc("start", "c1")
    assert refused.returncode == 1
    assert "frozen" in refused.stdout + refused.stderr
    done = site.osvc("stop", "c1", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--nokill" not in done.stdout + done.stderr
    assert site.state("c1") == "STOPPED"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("lxc.rootfs.path = dir:/nonexist\n", 'Failed to open "/nonexist"'),
        ("lxc.init.cmd = /no/init\n", 'Failed to exec "/no/init"'),
        ("lxc.net.0.type = veth\nlxc.net.0.link = nobr0\n", 'bridge "nobr0"'),
    ],
    ids=["rootfs", "init", "bridge"],
)
def test_a_start_that_fails_says_why(site: LxcSite, more: str, reason: str) -> None:
    site.containers.define("c1", more=more)
    site.service("c1")
    done = site.osvc("start", "c1")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert reason in said
    assert "Additional information can be obtained" not in said
    assert ".lxc.log" in said
    assert site.status("c1") == "down"


def test_without_a_configuration_that_can_be_loaded_nothing_is_assumed(site: LxcSite) -> None:
    config = site.containers.define("c1")
    site.containers.define("c2")
    site.service("c1")
    site.service("c2")
    assert site.osvc("start", "c1").returncode == 0
    text = site.node.read(config)
    site.node.write(config, f"{text}lxc.bogus = 1\n")
    found = site.statuses("c1", "c2")
    assert found["c1"].startswith("undef: LXC cannot tell of c1: Failed")
    assert found["c2"] == "down"
    assert site.osvc("stop", "c1").returncode != 0
    assert site.monitor("c1")
    site.node.write(config, text)
    assert site.status("c1") == "up"


def test_a_running_container_without_a_configuration_is_up(site: LxcSite) -> None:
    config = site.containers.define("c1")
    site.service("c1")
    assert site.osvc("start", "c1").returncode == 0
    site.node.exec(["mv", config, f"{config}.away"], check=True)
    assert site.status("c1") == "up"
    assert site.osvc("stop", "c1").returncode == 0
    assert site.status("c1") == "down: not defined in LXC"


def test_a_user_who_may_not_look_cannot_tell(site: LxcSite) -> None:
    site.containers.define("c1")
    site.service("c1")
    assert site.osvc("start", "c1").returncode == 0
    for name in ("lxc-ls", "lxc-info"):
        text = f'#!/bin/sh\nexec setpriv --reuid=65534 --clear-groups /usr/bin/{name} "$@"\n'
        site.node.write(f"/srv/refusing/{name}", text, mode=0o755)
    site.node.exec(["chmod", "700", "/var/lib/lxc"], check=True)
    try:
        found = site.statuses("c1", env={"PATH": "/srv/refusing:/usr/bin:/bin"})
    finally:
        site.node.exec(["chmod", "755", "/var/lib/lxc"], check=True)
    assert found["c1"].startswith("undef: ")


def test_without_the_tools_nothing_is_assumed(site: LxcSite) -> None:
    site.containers.define("c1")
    site.service("c1")
    away = "cd /usr/bin; mkdir -p /srv/away; mv lxc-ls lxc-info /srv/away/"
    site.node.exec(["sh", "-ec", away], check=True)
    try:
        found = site.status("c1")
    finally:
        site.node.exec(["sh", "-ec", "mv /srv/away/* /usr/bin/"], check=True)
    assert found.startswith("undef: ")
    assert "lxc-info" in found


def test_a_container_that_is_not_defined(site: LxcSite) -> None:
    site.service("nowhere")
    assert site.status("nowhere") == "down: not defined in LXC"
    assert site.osvc("stop", "nowhere").returncode == 0
    done = site.osvc("start", "nowhere")
    assert done.returncode == 1
    assert "/var/lib/lxc/nowhere/config" in done.stdout + done.stderr


def test_a_folder_of_its_own(site: LxcSite) -> None:
    site.containers.define("c1", path="/srv/lxc")
    site.service("c1", "lxcpath = /srv/lxc")
    try:
        done = site.osvc("start", "c1", "-v")
        assert done.returncode == 0, done.stdout + done.stderr
        assert site.status("c1") == "up"
        assert site.state("c1") == ""
        assert site.osvc("stop", "c1").returncode == 0
        assert site.status("c1") == "down"
    finally:
        site.containers.clear("/srv/lxc")


def test_autostart_is_a_warning_that_a_start_on_several_nodes_ends_and_comments_stay(site: LxcSite) -> None:
    config = site.containers.define("c1", more="# started by hand\nlxc.start.auto = 1 \n# the end\n")
    site.service("c1")
    assert site.status("c1").startswith("down: hypervisor autostart is on")
    assert site.osvc("start", "c1").returncode == 0
    assert site.status("c1").startswith("warn: hypervisor autostart is on")
    site.service("c1", nodes="node1 node9")
    done = site.osvc("start", "c1", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.node.read(config).endswith("# started by hand\nlxc.start.auto = 0\n# the end\n")
    assert site.status("c1") == "up"


def test_a_hundred_containers_are_asked_about_with_one_call(site: LxcSite) -> None:
    names = [f"many{number:03}" for number in range(MANY)]
    config = site.containers.define(names[0])
    copy = 'for n in "$@"; do mkdir -p $n; sed "s,many000,$n,g" $0 >$n/config; done'
    site.node.exec(["sh", "-ec", f"cd /var/lib/lxc; {copy}", config, *names[1:]], check=True)
    for name in names:
        site.service(name)
    site.containers.run("lxc-start", "-n", names[0], "-d")
    for tool in ("lxc-ls", "lxc-info"):
        site.node.write(f"/srv/counting/{tool}", COUNTING, mode=0o755)
    site.node.exec(["rm", "-f", "/run/lxc-calls"])
    found = site.statuses(env={"PATH": "/srv/counting:/usr/bin:/bin"})
    assert found == {name: "up" if name == names[0] else "down" for name in names}
    assert site.node.read("/run/lxc-calls").split() == ["lxc-ls"]


def test_one_container_that_hangs_does_not_hide_the_others(site: LxcSite) -> None:
    for name in ("stuck", "other", "third"):
        site.containers.define(name)
        site.service(name)
    site.be_quick()
    site.containers.run("lxc-start", "-n", "stuck", "-d")
    site.containers.run("lxc-start", "-n", "third", "-d")
    site.node.exec(["kill", "-STOP", site.monitor("stuck")], check=True)
    try:
        found = site.statuses("stuck", "other", "third")
        stopped = site.osvc("stop", "stuck")
    finally:
        site.node.exec(["kill", "-CONT", site.monitor("stuck")], check=True)
    assert found["stuck"].startswith("undef: ")
    assert (found["other"], found["third"]) == ("down", "up")
    assert stopped.returncode != 0
    assert site.status("stuck") == "up"


def test_a_start_that_is_killed_in_the_middle_is_told_and_mended(site: LxcSite) -> None:
    site.containers.define("slow", more=f"lxc.hook.pre-start = {HOOK}\n")
    site.containers.define("other")
    site.service("slow", "stop_timeout = 2")
    site.service("other")
    site.be_quick()
    with site.start_in_background("start", "slow") as start:
        site.await_hook()
        found = site.statuses("slow", "other")
        start.send_signal(signal.SIGKILL)
        start.wait(20)
    assert found["slow"].startswith("undef: ")
    assert found["other"] == "down"
    assert "slow" in site.osvc("status", "slow").stdout
    site.let_go()
    done = site.osvc("recover", "slow")
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.status("slow").split(":")[0] in {"up", "down"}
    assert site.osvc("start", "slow").returncode == 0
    assert site.status("slow") == "up"


def test_what_a_hook_after_the_stop_may_still_use_is_not_down(site: LxcSite) -> None:
    site.containers.define("c1", more=f"lxc.hook.post-stop = {HOOK}\n")
    site.service("c1")
    assert site.osvc("start", "c1").returncode == 0
    with site.node.popen(["lxc-stop", "-n", "c1", "-k"]) as stop:
        site.await_hook()
        assert site.state("c1") == "STOPPED"
        assert site.status("c1").startswith("warn: stopped, and its monitor is not done")
        site.let_go()
        assert stop.wait(20) == 0
    assert site.status("c1") == "down"


def test_by_ssh_where_the_service_says_so(site: LxcSite) -> None:
    site.containers.define("c1", address="10.77.0.101")
    add_launchers(site, "c1")
    rootfs = "/var/lib/lxc/c1/rootfs"
    copies = {"/etc/ssh/lab_hostkey": "etc/ssh", "/root/.ssh/authorized_keys": "root/.ssh", "/etc/shadow": "etc"}
    for file, folder in copies.items():
        site.node.exec(["install", "-D", "-m", "600", "-t", f"{rootfs}/{folder}", file], check=True)
    site.containers.write("c1", "/etc/ssh/sshd_config", SSHD)
    site.service("c1", "access = ssh", "hostname = 10.77.0.101", more=APP)
    done = site.osvc("start", "c1", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert site.status("c1", "app#0") == "up"
    assert "lxc-attach" not in done.stdout + done.stderr
