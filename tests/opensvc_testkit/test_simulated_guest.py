"""A simulated guest on its network: ping, ssh, launchers, the guest agent."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from opensvc_testkit.executables import life
from opensvc_testkit.executables.domain_xml import read_definition
from opensvc_testkit.executables.guest_system import GuestSystem
from opensvc_testkit.executables.store import Store
from opensvc_testkit.simulated import FaultKind, SimulatedCluster, domain_xml
from opensvc_testkit.simulated_node import SimulatedNode

pytestmark = pytest.mark.simulated

ADDRESS = "10.77.1.188"


@pytest.fixture
def node(simulated_cluster: SimulatedCluster, simulated_node: SimulatedNode) -> SimulatedNode:
    """A node on which the guest ``vm188`` is defined, with two applications; it is off."""
    simulated_cluster.define_guest("vm188", nodes=[simulated_node.name], address=ADDRESS, device="lan0", has_agent=True)
    for script in ("S10db", "K90db", "C10db", "S20web", "C20web"):
        simulated_cluster.set_launcher("vm188", script)
    return simulated_node


@pytest.fixture
def up(node: SimulatedNode) -> SimulatedNode:
    """The same, and the guest has booted."""
    assert node.run("virsh", "start", "vm188").returncode == 0
    return node


def ssh(node: SimulatedNode, line: str, *options: str, host: str = ADDRESS) -> subprocess.CompletedProcess[str]:
    return node.run("ssh", "-n", "-o", "BatchMode=yes", "-o", "ConnectTimeout=1", *options, f"root@{host}", "--", line)


def test_it_answers_ping_once_it_has_booted_and_ssh_later(
    simulated_cluster: SimulatedCluster, node: SimulatedNode
) -> None:
    simulated_cluster.change_guest("vm188", boot_time=60, shell_delay=60, shutdown_time=60)

    def seen() -> tuple[int, str]:
        return node.run("ping", "-c1", "-W1", "vm188").returncode, ssh(node, "pwd").stderr.strip().rpartition(": ")[2]

    assert seen() == (1, "No route to host")
    node.run("virsh", "start", "vm188")
    assert seen() == (1, "No route to host")
    simulated_cluster.advance(60)
    assert seen() == (0, "Connection refused")
    simulated_cluster.advance(60)
    assert seen() == (0, "")
    node.run("virsh", "shutdown", "vm188")
    assert seen() == (0, "Connection refused")
    simulated_cluster.advance(60)
    assert seen() == (1, "No route to host")


def test_ping_speaks_as_iputils_does(up: SimulatedNode) -> None:
    done = up.run("ping", "-n", "-c", "1", "-W", "1", ADDRESS)
    assert done.stdout.splitlines()[0] == f"PING {ADDRESS} ({ADDRESS}) 56(84) bytes of data."
    assert "1 packets transmitted, 1 received, 0% packet loss, time 0ms" in done.stdout
    unknown = up.run("ping", "-c1", "nosuchhost")
    assert (unknown.returncode, unknown.stderr) == (2, "ping: nosuchhost: Name or service not known\n")


def test_a_command_in_the_guest_has_its_output_errors_and_status(up: SimulatedNode) -> None:
    done = ssh(up, "pwd; echo gone wrong >&2; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "/root\n", "gone wrong\n")


def test_an_unknown_host_is_no_guest_that_is_down(up: SimulatedNode) -> None:
    done = ssh(up, "pwd", host="nosuchhost")
    assert (done.returncode, done.stderr) == (
        255,
        "ssh: Could not resolve hostname nosuchhost: Name or service not known\n",
    )


def test_launchers_are_listed_started_and_asked(simulated_cluster: SimulatedCluster, up: SimulatedNode) -> None:
    found = ssh(up, "/usr/bin/find /svc/etc/init.d -name 'S*'").stdout.split()
    assert sorted(found) == ["/svc/etc/init.d/S10db", "/svc/etc/init.d/S20web"]
    assert ssh(up, "/svc/etc/init.d/C10db status").returncode == 3
    assert ssh(up, "/svc/etc/init.d/S10db start").stdout == "Starting db\n"
    assert ssh(up, "/svc/etc/init.d/C10db status").returncode == 0
    assert simulated_cluster.is_application_up("vm188", "db")
    assert not simulated_cluster.is_application_up("vm188", "web")
    ssh(up, "/svc/etc/init.d/K90db stop")
    assert not simulated_cluster.is_application_up("vm188", "db")


def test_applications_do_not_outlive_their_guest(simulated_cluster: SimulatedCluster, up: SimulatedNode) -> None:
    ssh(up, "/svc/etc/init.d/S10db start")
    up.run("virsh", "destroy vm188; start vm188")
    assert not simulated_cluster.is_application_up("vm188", "db")


def test_a_launcher_that_fails_has_started_nothing(simulated_cluster: SimulatedCluster, up: SimulatedNode) -> None:
    simulated_cluster.set_launcher("vm188", "S10db", statuses={"start": 4}, outputs={"start": "no space left"})
    done = ssh(up, "/svc/etc/init.d/S10db start")
    assert (done.returncode, done.stdout) == (4, "no space left\n")
    assert not simulated_cluster.is_application_up("vm188", "db")


def test_a_launcher_that_hangs_ends_with_its_guest(simulated_cluster: SimulatedCluster, up: SimulatedNode) -> None:
    simulated_cluster.set_launcher("vm188", "S10db", hangs=["start"])
    process = up.popen("ssh", "-n", f"root@{ADDRESS}", "/svc/etc/init.d/S10db start; echo ended")
    assert process.stdout is not None
    assert process.stdout.readline() == "Starting db\n", "what it said before comes at once"
    assert process.poll() is None
    up.run("virsh", "destroy", "vm188")
    assert process.communicate(timeout=20)[0] == "ended\n"


def test_a_guest_command_outlives_the_client_that_is_killed(
    simulated_cluster: SimulatedCluster, up: SimulatedNode
) -> None:
    line = (
        "touch $SIMULATED_BOOT/wait; echo begun; while [ -e $SIMULATED_BOOT/wait ]; do sleep 0.02; done; "
        "touch $SIMULATED_BOOT/application.late"
    )
    client = up.popen("ssh", "-n", ADDRESS, line)
    assert client.stdout is not None
    assert client.stdout.readline() == "begun\n"
    client.kill()
    client.communicate()
    ssh(up, "rm $SIMULATED_BOOT/wait; while [ ! -e $SIMULATED_BOOT/application.late ]; do sleep 0.02; done")
    assert simulated_cluster.is_application_up("vm188", "late")


def test_standard_input_reaches_the_guest_unless_it_is_told_not_to(up: SimulatedNode) -> None:
    assert up.run("ssh", "-T", ADDRESS, "cat", input="words\n").stdout == "words\n"
    assert up.run("ssh", "-n", ADDRESS, "cat", input="words\n").stdout == ""


def test_the_guest_lists_its_addresses_as_iproute2_and_net_tools_do(up: SimulatedNode) -> None:
    listed = json.loads(ssh(up, "ip -j addr show").stdout)
    assert [(each["ifname"], each["addr_info"][0]["local"]) for each in listed] == [
        ("lo", "127.0.0.1"),
        ("lan0", ADDRESS),
    ]
    assert f"        inet {ADDRESS}  netmask 255.255.255.0\n" in ssh(up, "ifconfig lan0").stdout
    assert f"    inet {ADDRESS}/24 " in ssh(up, "ip addr show dev lan0").stdout
    missing = ssh(up, "ip -j addr show dev lan7")
    assert (missing.returncode, missing.stderr) == (1, 'Device "lan7" does not exist.\n')


def test_a_guest_without_ip_is_asked_by_ifconfig(simulated_cluster: SimulatedCluster, up: SimulatedNode) -> None:
    line = "ip -j addr show 2>/dev/null || ifconfig -a"
    for kind in ("busybox", ""):
        simulated_cluster.change_guest("vm188", iproute=kind)
        assert f"inet {ADDRESS}  netmask" in ssh(up, line).stdout
    simulated_cluster.change_guest("vm188", has_ifconfig=False)
    assert ssh(up, line).returncode == 127


@pytest.mark.parametrize(
    "line", ["poweroff", "/sbin/poweroff -f", "exec /usr/sbin/shutdown -h now;", "true&&/sbin/halt"]
)
def test_the_guest_can_be_powered_off_from_inside_and_this_machine_cannot(
    line: str, simulated_cluster: SimulatedCluster, up: SimulatedNode
) -> None:
    assert ssh(up, line).returncode == 0
    assert simulated_cluster.state_of(up.name, "vm188") == "shut off (shutdown)"


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ("/sbin/poweroff", "DISK/bin/poweroff"),
        ('x="/usr/sbin/init" /bin/hostname;', 'x="DISK/bin/init" DISK/bin/hostname;'),
        ("/sbin/poweroffs /sbin/poweroff.old /my/sbin/poweroff /bin/ls a/svc/b", None),
        ("ls /svc/etc '/svc/x'", "ls DISK/svc/etc 'DISK/svc/x'"),
    ],
)
def test_only_the_guests_own_paths_are_moved_onto_its_disk(
    line: str, moved: str | None, simulated_cluster: SimulatedCluster
) -> None:
    definition = read_definition(domain_xml("vm1"))[2]
    domain = life.new_domain("vm1", "", definition)
    system = GuestSystem(Store(str(simulated_cluster.root)), life.new_guest("vm1"), domain)
    assert system.inward(line) == (moved or line).replace("DISK", system.disk)


def test_the_host_key_is_pinned_and_another_one_refused(
    simulated_cluster: SimulatedCluster, up: SimulatedNode, tmp_path: Path
) -> None:
    options = ("-o", f"UserKnownHostsFile={tmp_path}/known", "-o", "StrictHostKeyChecking=accept-new")
    first = ssh(up, "pwd", *options)
    assert (first.returncode, first.stderr) == (
        0,
        f"Warning: Permanently added '{ADDRESS}' (ED25519) to the list of known hosts.\n",
    )
    assert ssh(up, "pwd", *options).stderr == ""
    simulated_cluster.change_guest("vm188", host_key="another")
    refused = ssh(up, "pwd", *options)
    assert (refused.returncode, refused.stdout) == (255, "")
    assert refused.stderr.endswith("Host key verification failed.\n")


def test_a_stranger_with_the_guests_address_is_seen_with_its_mac(
    simulated_cluster: SimulatedCluster, node: SimulatedNode
) -> None:
    assert node.run("ip", "-j", "neigh", "show", ADDRESS).stdout == "[]\n"
    simulated_cluster.add_machine("printer", ADDRESS, mac="52:54:00:aa:bb:cc")
    assert node.run("ping", "-c1", "-W1", ADDRESS).returncode == 0
    assert json.loads(node.run("ip", "-j", "neigh", "show", ADDRESS).stdout)[0]["lladdr"] == "52:54:00:aa:bb:cc"
    assert "52:54:00:aa:bb:cc" in node.run("arp", "-n", ADDRESS).stdout
    assert ssh(node, "pwd").stderr.endswith("Connection refused\n")


def test_names_resolve_for_commands_and_for_the_agents_own_file(
    simulated_cluster: SimulatedCluster, node: SimulatedNode
) -> None:
    assert node.run("getent", "hosts", "vm188").stdout == f"{ADDRESS:<15} vm188\n"
    assert node.run("getent", "hosts", "nosuchhost").returncode == 2
    simulated_cluster.prepare_root(node.root)
    assert f"{ADDRESS} vm188 vm188\n" in (node.root / "etc" / "hosts").read_text()
    assert "ping = command" in (node.root / "etc" / "node.conf").read_text()


def agent(node: SimulatedNode, verb: str, **arguments: object) -> dict[str, object]:
    question = json.dumps({"execute": verb, "arguments": arguments})
    done = node.run("virsh", "-c", "qemu:///system", "qemu-agent-command", "--timeout", "5", "vm188", question)
    assert done.stderr == ""
    answer: dict[str, object] = json.loads(done.stdout)["return"]
    return answer


def test_the_guest_agent_runs_commands_and_tells_their_end_once(up: SimulatedNode) -> None:
    assert agent(up, "guest-ping") == {}
    line = "cat; echo wrong >&2; exit 3"
    words = {"path": "sh", "arg": ["-c", line], "input-data": base64.b64encode(b"in").decode(), "capture-output": True}
    pid = agent(up, "guest-exec", **words)["pid"]
    status = agent(up, "guest-exec-status", pid=pid)
    while not status["exited"]:
        status = agent(up, "guest-exec-status", pid=pid)
    assert status["exitcode"] == 3
    assert base64.b64decode(str(status["out-data"])) == b"in"
    assert base64.b64decode(str(status["err-data"])) == b"wrong\n"
    question = json.dumps({"execute": "guest-exec-status", "arguments": {"pid": pid}})
    again = up.run("virsh", "qemu-agent-command", "vm188", question)
    assert again.stderr.endswith("Invalid parameter 'pid'\n")


def test_the_guest_agent_starts_launchers(simulated_cluster: SimulatedCluster, up: SimulatedNode) -> None:
    pid = agent(up, "guest-exec", path="/svc/etc/init.d/S10db", arg=["start"])["pid"]
    while not agent(up, "guest-exec-status", pid=pid)["exited"]:
        pass
    assert simulated_cluster.is_application_up("vm188", "db")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("off", "Requested operation is not valid: domain is not running"),
        ("no channel", "argument unsupported: QEMU guest agent is not configured"),
        ("not running", "Guest agent is not responding: QEMU guest agent is not connected"),
    ],
)
def test_a_guest_agent_that_cannot_be_reached_says_why(
    state: str, reason: str, simulated_cluster: SimulatedCluster, node: SimulatedNode
) -> None:
    name = "plain" if state == "no channel" else "vm188"
    simulated_cluster.define_guest("plain", nodes=[node.name])
    simulated_cluster.change_guest("vm188", has_agent=False)
    if state != "off":
        node.run("virsh", "start", name)
    done = node.run("virsh", "qemu-agent-command", name, '{"execute":"guest-ping"}')
    assert (done.returncode, done.stdout, done.stderr) == (1, "\n", f"error: {reason}\n")


def test_ssh_itself_can_go_wrong(simulated_cluster: SimulatedCluster, up: SimulatedNode) -> None:
    simulated_cluster.set_fault("ssh", FaultKind.FAIL, text="root@vm188: Permission denied (publickey).\n", status=255)
    assert ssh(up, "pwd").stderr == "root@vm188: Permission denied (publickey).\n"
    simulated_cluster.clear_faults()
    simulated_cluster.set_fault("ssh", FaultKind.PARTIAL)
    assert ssh(up, "echo 0123456789").stdout == "01234"


def test_what_a_command_line_quotes_arrives_as_one_word(up: SimulatedNode) -> None:
    words = ["sh", "-c", 'printf "%s|" "$@"', "sh", "two words", "it's", '"', "$HOME", "a;b"]
    assert ssh(up, shlex.join(words)).stdout == "two words|it's|\"|$HOME|a;b|"
