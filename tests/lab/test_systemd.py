"""The units of `osvc node install` under a real systemd: boot, the timer's job, shutdown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.nodes import Lab, Node
from tests.lab.systemd import boot

ROOT = "/opt/opensvc"
OSVC = f"{ROOT}/bin/osvc"
LOG = "/var/log/order"
LAUNCHER = """\
#!/bin/sh
# a daemon, as applications leave one; the log says in which order, and whether systemd had ended it before its stop
pid=/var/lib/{name}.pid
case $1 in
start) setsid sleep 600 >/dev/null 2>&1 </dev/null & echo $! >$pid; echo "start {name}" >>/var/log/order;;
stop)
    kill -0 "$(cat $pid)" && alive=alive || alive=dead
    kill "$(cat $pid)"; rm -f $pid; echo "stop {name} $alive" >>/var/log/order;;
status) test -e $pid && kill -0 "$(cat $pid)";;
esac
"""


@pytest.fixture
def node() -> Iterator[Node]:
    """A bare node with two services, of which one stands on the other."""
    with Lab.up(1, is_bare=True) as lab:
        (node,) = lab.nodes
        for name, more in {"db": "", "web": "parents = db\n"}.items():
            node.write(
                f"{ROOT}/etc/{name}.env",
                f"[default]\nservice_type = PRD\nnodes = node1\nautostart_node = node1\n{more}[app#0]\n",
            )
            node.write(f"{ROOT}/etc/{name}.d/S10app", LAUNCHER.format(name=name), mode=0o755)
            for link in ("C10app", "K10app"):
                node.exec(["ln", "-s", "S10app", f"{ROOT}/etc/{name}.d/{link}"], check=True)
        yield node


def test_a_boot_starts_services_a_timer_runs_jobs_and_a_power_off_stops_services_in_order(node: Node) -> None:
    with boot(node) as system:
        told = system.told("osvc", "node", "install")
        assert "opensvc.service" in told
        system.told("systemd-analyze", "verify", "--man=no", "opensvc.service", "opensvc-schedule.timer")
        system.told(OSVC, "node", "host-mode", "PRD")
        # An operator's own calendar: each second. It is kept by whoever installs again.
        timer = "/etc/systemd/system/opensvc-schedule.timer"
        system.told("sed", "-i", "s/^OnCalendar=.*/OnCalendar=*:*:*/", timer)
        assert system.told("osvc", "node", "install") == "nothing to do\n"
        assert node.exec(["cat", LOG]).returncode != 0
        system.power_off()

    with boot(node) as system:
        system.wait_for(lambda: not system.exec("systemctl", "is-active", "opensvc.service").returncode, "the boot")
        assert system.told("cat", LOG) == "start db\nstart web\n"

        def job() -> dict[str, object]:
            jobs = json.loads(system.told(OSVC, "schedule", "--format", "json"))["jobs"]
            found: dict[str, object] = next(each for each in jobs if each["name"] == "monitor")["last"]
            return found

        def activations() -> str:
            return system.told("systemctl", "show", "opensvc-schedule.service", "-P", "ExecMainStartTimestampMonotonic")

        system.wait_for(lambda: job()["outcome"] == "done", "the job")
        first, seen = job(), activations()
        system.wait_for(lambda: activations() != seen, "the timer's next time")
        assert system.exec("systemctl", "is-failed", "opensvc-schedule.service").stdout != "failed\n"
        assert job() == first  # it was not due again
        up = [
            each["overall"] for each in json.loads(system.told(OSVC, "status", "--format", "json"))["services"].values()
        ]
        assert up == ["up", "up"]
        system.power_off()

    assert node.read(LOG) == "start db\nstart web\nstop web alive\nstop db alive\n"
