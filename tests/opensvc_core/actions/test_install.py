"""`osvc node install` in a folder that stands for a system: what it makes, keeps, and takes away again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.actions.install import cron
from opensvc_core.actions.install.boot_service import init_script, unit_texts
from opensvc_core.actions.install.install import Installation, make_changes, plan_installation, plan_removal
from opensvc_core.actions.install.jobs import CRONTABS, jobs
from opensvc_core.actions.install.site import Site
from opensvc_core.actions.node_check import Finding, check_node
from opensvc_core.actions.opening import open_agent
from opensvc_core.cluster.host_mode import HostMode, write_host_mode
from opensvc_core.host.local import LocalHost
from opensvc_core.model import Severity
from opensvc_core.node import Folders, Node
from tests.opensvc_core.world import have_program

VERBS = ("schedule", "boot", "shutdown")
OLD_CRON = "[ -x {root}/bin/svcmon ] && {root}/bin/svcmon --updatedb >/dev/null 2>&1"
JOB = jobs(Path("/opt/opensvc"), VERBS)[0]


def _site(folder: Path, *system: str, os_name: str = "Linux") -> Site:
    """A machine in a folder, with these folders of the system in it."""
    for name in ("etc", "etc/cron.d", "etc/profile.d", "etc/bash_completion.d", *system):
        (folder / "system" / name).mkdir(parents=True, exist_ok=True)
    scripts = folder / "scripts"
    scripts.mkdir(exist_ok=True)
    for name in ("osvc", "svcmgr", "svcmon", "nodemgr"):
        (scripts / name).write_text("#!/bin/sh\n")
    home = folder / "system" / "root"
    home.mkdir(exist_ok=True)
    node = Node("node1", os_name, Folders(folder / "opensvc"))
    return Site(node, LocalHost("node1"), scripts, home, folder / "system")


def _install(site: Site, verbs: tuple[str, ...] = VERBS) -> Installation:
    plan = plan_installation(site, verbs, "# completion\n")
    make_changes(plan, lambda _: None)
    return plan


def _snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        content = str(path.readlink()).encode() if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
        found[str(path)] = (path.lstat().st_mode, content)
    return found


def test_everything_of_the_cookbook_is_made_and_the_second_time_there_is_nothing_to_do(tmp_path: Path) -> None:
    site = _site(tmp_path)
    before = _snapshot(tmp_path)
    assert plan_installation(site, VERBS, "# completion\n").changes
    assert _snapshot(tmp_path) == before
    _install(site)
    root = site.folders.root
    for name in ("etc", "tmp", "bin/pkg", "bin/cron", "var/sync", "var/lock", "usr/share/doc", "lib", "log"):
        assert (root / name).stat().st_mode & 0o7777 == 0o755
    assert (root / "etc/ssh").stat().st_mode & 0o7777 == 0o700
    assert (root / "etc/ssh/id_ed25519").stat().st_mode & 0o7777 == 0o600
    assert {name: (root / "bin" / name).resolve() for name in ("osvc", "svcmgr", "svcmon", "nodemgr")} == {
        name: site.scripts / name for name in ("osvc", "svcmgr", "svcmon", "nodemgr")
    }
    assert (site.home / ".ssh/id_ed25519").stat().st_mode & 0o7777 == 0o600
    line = f"* * * * * root [ -x {root}/bin/osvc ] && OSVC_ROOT={root} {root}/bin/osvc schedule run >/dev/null 2>&1\n"
    assert site.at("etc/cron.d/opensvc").read_text() == line
    assert f"PATH=$PATH:{root}/bin" in site.at("etc/profile.d/opensvc.sh").read_text()
    assert site.at("etc/bash_completion.d/opensvc").read_text() == "# completion\n"
    after = _snapshot(tmp_path)
    assert _install(site).changes == ()
    assert _snapshot(tmp_path) == after


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    site = _site(tmp_path)
    (site.home / ".ssh").mkdir()
    (site.home / ".ssh/id_rsa").write_text("mine")
    _install(site)
    assert sorted(each.name for each in (site.home / ".ssh").iterdir()) == ["id_rsa"]
    key = site.folders.ssh_key.read_bytes()
    (site.folders.etc / "svc.env").write_text("[default]\n")
    site.folders.etc.chmod(0o777)
    site.folders.ssh_key.chmod(0o644)
    site.folders.bin.joinpath("osvc").unlink()
    site.folders.bin.joinpath("osvc").symlink_to("/nowhere")
    changes = [change.what for change in _install(site).changes]
    assert len(changes) == 3
    assert site.folders.etc.stat().st_mode & 0o7777 == 0o755
    assert site.folders.ssh_key.read_bytes() == key
    assert site.folders.ssh_key.stat().st_mode & 0o7777 == 0o600
    assert (site.folders.etc / "svc.env").read_text() == "[default]\n"


@pytest.mark.parametrize("there", [CRONTABS[:1], CRONTABS[1:2], CRONTABS[2:3], CRONTABS[3:], CRONTABS[1:], CRONTABS])
def test_the_most_preferred_crontab_gets_the_job_and_the_others_lose_it(
    there: tuple[object, ...], tmp_path: Path
) -> None:
    site = _site(tmp_path)
    site.at("etc/cron.d").rmdir()
    foreign = "# mine\n5 5 * * * /bin/true\n"
    for tab in there:
        path = site.at(tab.path)  # type: ignore[attr-defined]
        path.parent.mkdir(parents=True, exist_ok=True)
        user = "root " if tab.has_user else ""  # type: ignore[attr-defined]
        old = OLD_CRON.format(root=site.folders.root)
        daily = f"0 4 * * * {user}{site.folders.root}/bin/cron/opensvc.daily\n"
        path.write_text(f"{foreign}0,10,20,30,40,50 * * * * {user}{old}\n{daily}")
    _install(site)
    texts = [site.at(tab.path).read_text() for tab in there]  # type: ignore[attr-defined]
    assert texts[0].startswith(foreign)
    assert texts[0].count("osvc schedule run") == 1
    assert texts[0].splitlines()[2].startswith("* * * * * ")
    assert all("updatedb" not in text and "daily" not in text for text in texts)
    assert set(texts[1:]) <= {foreign}


def test_an_edited_schedule_is_kept_while_the_command_is_renewed_and_wherever_it_stood(tmp_path: Path) -> None:
    site = _site(tmp_path, "var/spool/cron/crontabs")
    tab = site.at("var/spool/cron/crontabs/root")
    tab.write_text(f"7,37 * * * * {OLD_CRON.format(root=site.folders.root)}\n")
    _install(site)
    assert site.at("etc/cron.d/opensvc").read_text().startswith("7,37 * * * * root [ -x ")
    assert "osvc schedule run" in site.at("etc/cron.d/opensvc").read_text()
    assert tab.read_text() == ""
    assert _install(site).changes == ()


def test_a_job_whose_verb_is_not_installed_is_not_scheduled(tmp_path: Path) -> None:
    site = _site(tmp_path, "etc/init.d")
    plan = _install(site, ("status",))
    assert not site.at("etc/cron.d/opensvc").exists()
    assert not site.at("etc/init.d/opensvc").exists()
    assert any("no job" in note for note in plan.notes)
    _install(site)
    assert site.at("etc/cron.d/opensvc").exists()
    _install(site, ("boot", "shutdown"))
    assert not site.at("etc/cron.d/opensvc").exists()


def test_where_systemd_runs_it_gets_units_and_cron_nothing(tmp_path: Path) -> None:
    site = _site(tmp_path, "run/systemd/system", "etc/init.d")
    site.at("etc/init.d/opensvc").write_text("#!/bin/sh\n")
    site.at("etc/cron.d/opensvc").write_text(f"1 * * * * root {OLD_CRON.format(root=site.folders.root)}\n")
    _install(site)
    units = site.at("etc/systemd/system")
    assert sorted(str(path.relative_to(units)) for path in units.rglob("opensvc*")) == [
        "multi-user.target.wants/opensvc.service",
        "opensvc-schedule.service",
        "opensvc-schedule.timer",
        "opensvc.service",
        "timers.target.wants/opensvc-schedule.timer",
    ]
    assert not site.at("etc/init.d/opensvc").exists()
    assert not site.at("etc/cron.d/opensvc").exists()
    timer = units / "opensvc-schedule.timer"
    timer.write_text(timer.read_text().replace("OnCalendar=*-*-* *:*:00", "OnCalendar=*-*-* *:0/5:00"))
    (units / "opensvc-schedule.service").write_text("[Service]\nExecStart=/bin/false\n")
    assert len(_install(site).changes) == 1
    assert "OnCalendar=*-*-* *:0/5:00\n" in timer.read_text()
    assert "osvc schedule run" in (units / "opensvc-schedule.service").read_text()


@pytest.mark.skipif(not have_program("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin/osvc").write_text("#!/bin/sh\n")
    (root / "bin/osvc").chmod(0o755)
    for name, text in unit_texts(root).items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in unit_texts(root))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "opensvc" in line and "socket" not in line]
    assert ours == []


def test_the_script_of_sysv_init_calls_boot_and_shutdown(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin/osvc").write_text(f"#!/bin/sh\necho $OSVC_ROOT $* >>{tmp_path}/called\n")
    (root / "bin/osvc").chmod(0o755)
    script = tmp_path / "opensvc"
    script.write_text(init_script(root))
    for word, status in (("start", 0), ("stop", 0), ("what", 2)):
        assert subprocess.run(["sh", script, word], capture_output=True, timeout=20, check=False).returncode == status
    assert (tmp_path / "called").read_text() == f"{root} boot\n{root} shutdown\n"


def test_uninstall_takes_away_all_but_configuration_data_and_keys(tmp_path: Path) -> None:
    site = _site(tmp_path, "etc/init.d")
    site.at("etc/cron.d/opensvc").write_text("# mine\n")
    _install(site)
    (site.folders.etc / "svc.env").write_text("[default]\n")
    make_changes(plan_removal(site), lambda _: None)
    assert [p.name for p in site.at("etc").rglob("*opensvc*")] == ["opensvc"]
    assert site.at("etc/cron.d/opensvc").read_text() == "# mine\n"
    assert (site.folders.etc / "svc.env").exists()
    assert site.folders.ssh_key.exists()
    assert list(site.folders.bin.glob("osvc")) == []
    assert plan_removal(site).changes == ()


LINES = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=30),
        st.sampled_from(
            ["# * * * * * /opt/opensvc/bin/osvc schedule run", "MAILTO=root", "@reboot /bin/true", "5 4 * * 1-5 x y"]
        ),
    ).filter(lambda line: not cron.schedule_of(line, JOB, has_user=False)),
    max_size=6,
)


@given(LINES, st.booleans(), st.sampled_from(["", "*/5 * * * *", "@hourly"]))
def test_foreign_lines_of_a_crontab_stay(lines: list[str], has_user: bool, edited: str) -> None:
    before = "".join(f"{line}\n" for line in lines)
    text = before + (cron.entry(JOB, edited, has_user=has_user) if edited else "")
    assert cron.schedule_of(text, JOB, has_user=has_user) == edited
    once = cron.with_jobs(text, [JOB], [edited or JOB.when], has_user=has_user)
    assert once == before + cron.entry(JOB, edited or JOB.when, has_user=has_user)
    assert cron.with_jobs(once, [JOB], [edited or JOB.when], has_user=has_user) == once
    assert cron.without_jobs(once, [JOB], has_user=has_user) == before


# -- the check --------------------------------------------------------------------------------------------------------


def _check(folder: Path, site: Site) -> list[Finding]:
    settings = {"peer": {"authorized_keys": str(site.home / ".ssh/authorized_keys")}}
    agent = open_agent(site.folders.root, "node1", settings=settings)
    return check_node(agent, site, VERBS, "# completion\n")


def test_a_node_that_lacks_nothing_is_told_so_and_one_that_lacks_everything_too(tmp_path: Path) -> None:
    site = _site(tmp_path, "run/systemd/system")
    missing = _check(tmp_path, site)
    assert {"not_installed", "host_mode_unset", "key_missing"} <= {each.code for each in missing}
    assert all(each.remedy for each in missing)
    _install(site)
    write_host_mode(site.folders, HostMode.DEV)
    assert _check(tmp_path, site) == []


def test_what_is_unsafe_is_found(tmp_path: Path) -> None:
    site = _site(tmp_path, "run/systemd/system", "etc/systemd/system/multi-user.target.wants", "var/lib/lxc/web")
    _install(site)
    write_host_mode(site.folders, HostMode.DEV)
    wants = site.at("etc/systemd/system/multi-user.target.wants")
    (wants / "libvirt-guests.service").symlink_to("/lib/x")
    (wants / "lxc.service").symlink_to("/lib/x")
    site.at("var/lib/lxc/web/config").write_text("lxc.start.auto = 1\n")
    site.folders.ssh_key.chmod(0o644)
    site.folders.var.chmod(0o777)
    (site.folders.etc / "node.conf").write_text("[node]\n")
    (site.folders.etc / "node.conf").chmod(0o666)
    found = _check(tmp_path, site)
    unsafe = {each.code for each in found if each.severity is Severity.ERROR}
    assert unsafe == {"guests_resumed", "key_exposed", "permissions"}
    assert [each.code for each in found if each.severity is Severity.WARNING] == ["guests_resumed"]
    (site.at("etc/default")).mkdir()
    site.at("etc/default/libvirt-guests").write_text("ON_BOOT=ignore\n")
    assert "guests_resumed" not in {each.code for each in _check(tmp_path, site) if each.severity is Severity.ERROR}
    (site.folders.var / "host_mode").write_text("# PRD\n")
    assert "host_mode" in {each.code for each in _check(tmp_path, site)}
