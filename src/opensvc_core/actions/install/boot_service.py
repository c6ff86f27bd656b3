"""Boot and shutdown: a unit of systemd, or a script of SysV init with an LSB header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.install.site import Change, make_link, remove, run, write_file
from opensvc_core.node import DEFAULT_ROOT

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from opensvc_core.actions.install.site import Site

BOOT_VERBS = frozenset({"boot", "shutdown"})
UNITS = "etc/systemd/system"
SCRIPT = "etc/init.d/opensvc"

_SERVICE = """\
# Made by `osvc node install`, which makes it anew.
[Unit]
Description=OpenSVC services at boot and shutdown
Documentation=man:systemd.service(5)
Wants=network-online.target
After=network-online.target remote-fs.target time-sync.target sshd.service ssh.service multipathd.service iscsid.service
After=open-iscsi.service libvirtd.service virtqemud.service lxc.service lxc-net.service xendomains.service

[Service]
Type=oneshot
RemainAfterExit=yes
{setting}ExecStart={root}/bin/osvc boot
ExecStop={root}/bin/osvc shutdown
TimeoutStartSec=infinity
TimeoutStopSec=1800
KillMode=process
SendSIGKILL=no

[Install]
WantedBy=multi-user.target
"""

_JOB = """\
# Made by `osvc node install`, which makes it anew.
[Unit]
Description=OpenSVC jobs that are due

[Service]
Type=oneshot
{setting}ExecStart={root}/bin/osvc schedule run
KillMode=process
TimeoutStartSec=infinity
"""

_TIMER = """\
# Made by `osvc node install`; the lines OnCalendar are yours to edit.
[Unit]
Description=OpenSVC jobs that are due

[Timer]
{calendar}AccuracySec=1s

[Install]
WantedBy=timers.target
"""

_SYSV = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          opensvc
# Required-Start:    $local_fs $remote_fs $network $syslog
# Required-Stop:     $local_fs $remote_fs $network $syslog
# Should-Start:      sshd ssh libvirtd multipathd open-iscsi lxc time
# Should-Stop:       sshd ssh libvirtd multipathd open-iscsi lxc
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: OpenSVC services at boot and shutdown
# Description:       Cleans after a crash, starts what starts on this node, stops everything at shutdown.
### END INIT INFO
# chkconfig: 2345 99 01
# description: OpenSVC services at boot and shutdown
# Made by `osvc node install`, which makes it anew.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
{setting}osvc={root}/bin/osvc
[ -x "$osvc" ] || exit 0
# A system of Red Hat stops only what has such a file.
mark=/var/lock/subsys/opensvc

case $1 in
start)
    [ -d /var/lock/subsys ] && touch "$mark"
    "$osvc" boot ;;
stop)
    "$osvc" shutdown
    status=$?
    rm -f "$mark"
    exit $status ;;
restart|reload|force-reload)
    echo "opensvc has nothing to restart: osvc restart NAME restarts a service" ;;
status)
    "$osvc" mon ;;
*)
    echo "usage: $0 start|stop|status" >&2
    exit 2 ;;
esac
"""


def unit_texts(root: Path, calendar: str = "") -> dict[str, str]:
    """The units by name. Raises nothing.

    Args:
        root: root folder.
        calendar: lines ``OnCalendar=…`` of the timer that is there; the usual one by default.
    """
    setting = "" if root == DEFAULT_ROOT else f"Environment=OSVC_ROOT={root}\n"
    return {
        "opensvc.service": _SERVICE.format(root=root, setting=setting),
        "opensvc-schedule.service": _JOB.format(root=root, setting=setting),
        "opensvc-schedule.timer": _TIMER.format(calendar=calendar or "OnCalendar=*-*-* *:*:00\n"),
    }


def init_script(root: Path) -> str:
    """The script of SysV init."""
    setting = "" if root == DEFAULT_ROOT else f"OSVC_ROOT={root}\nexport OSVC_ROOT\n"
    return _SYSV.format(root=root, setting=setting)


def boot_changes(site: Site, verbs: Collection[str]) -> tuple[list[Change], list[str]]:
    """What is missing for boot and shutdown, and notes. Nothing is started: services that run go on."""
    root = site.folders.root
    if not BOOT_VERBS.issubset(verbs):
        return [], ["nothing is done at boot and shutdown: this version has no `osvc boot`"]
    if site.has_systemd:
        path = site.at(UNITS) / "opensvc.service"
        changes = [*write_file(path, unit_texts(root)["opensvc.service"], 0o644), *remove(site.at(SCRIPT))]
        wanted = site.at(UNITS) / "multi-user.target.wants" / "opensvc.service"
        changes += make_link(wanted, "/etc/systemd/system/opensvc.service")
        notes = ["`osvc shutdown` is called at a shutdown from the next boot on"] if changes else []
        return ([*changes, *run(site, "systemctl", "daemon-reload")] if changes else []), notes
    if site.at("etc/init.d").is_dir():
        changes = write_file(site.at(SCRIPT), init_script(root), 0o755)
        links = list(site.at("etc").glob("rc?.d/[SK]??opensvc"))
        tool = next((each for each in ("update-rc.d", "chkconfig") if site.at(f"usr/sbin/{each}").exists()), "")
        tool = tool or ("chkconfig" if site.at("sbin/chkconfig").exists() else "")
        if tool and (changes or not links):
            words = ("opensvc", "defaults", "99", "01") if tool == "update-rc.d" else ("--add", "opensvc")
            changes += run(site, tool, *words)
        if not tool:
            return changes, [f"link {site.at(SCRIPT)} into the runlevels by hand: no update-rc.d and no chkconfig here"]
        return changes, []
    return [], [
        "nothing calls `osvc boot` and `osvc shutdown` here: neither systemd nor /etc/init.d; have your init do so"
    ]


def timer_changes(site: Site) -> list[Change]:
    """What is missing of systemd's timer; an edited calendar is kept."""
    folder = site.at(UNITS)
    try:
        lines = (folder / "opensvc-schedule.timer").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        lines = []
    calendar = "".join(f"{line}\n" for line in lines if line.startswith("OnCalendar="))
    texts = unit_texts(site.folders.root, calendar)
    changes = [
        change
        for name in ("opensvc-schedule.service", "opensvc-schedule.timer")
        for change in write_file(folder / name, texts[name], 0o644)
    ]
    changes += make_link(
        folder / "timers.target.wants" / "opensvc-schedule.timer", "/etc/systemd/system/opensvc-schedule.timer"
    )
    if changes:
        changes += [
            *run(site, "systemctl", "daemon-reload"),
            *run(site, "systemctl", "start", "opensvc-schedule.timer"),
        ]
    return changes


def timer_removal(site: Site) -> list[Change]:
    """What takes the timer away."""
    folder = site.at(UNITS)
    paths = [
        folder / "timers.target.wants" / "opensvc-schedule.timer",
        folder / "opensvc-schedule.timer",
        folder / "opensvc-schedule.service",
    ]
    changes = [change for path in paths for change in remove(path)]
    if changes and site.has_systemd:
        return [
            *run(site, "systemctl", "stop", "opensvc-schedule.timer"),
            *changes,
            *run(site, "systemctl", "daemon-reload"),
        ]
    return changes


def boot_removal(site: Site) -> list[Change]:
    """What takes boot and shutdown away; nothing is stopped."""
    folder = site.at(UNITS)
    units = [folder / "multi-user.target.wants" / "opensvc.service", folder / "opensvc.service"]
    changes = [change for path in units for change in remove(path)]
    if changes and site.has_systemd:
        changes += run(site, "systemctl", "daemon-reload")
    script = remove(site.at(SCRIPT))
    if script:
        changes += script
        for link in sorted(site.at("etc").glob("rc?.d/[SK]??opensvc")):
            changes += remove(link)
    return changes
