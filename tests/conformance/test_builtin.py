"""The drivers of the core: they come through the door that others use, and keep the same contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opensvc_core.api import Context, Host, Phase, Resource, ResourceId, Status, StatusReport
from opensvc_testkit.conformance import DriverContract, ScriptedPlatform
from opensvc_testkit.conformance.contract import check_names

pytestmark = pytest.mark.simulated

APPLICATION = """#!/bin/sh
# simulated application: up while a file is there
case $1 in
start) echo up >'{file}' ;;
stop) rm -f '{file}' ;;
status) [ -e '{file}' ] ;;
esac
"""


def exempt_but(*kept: str, reason: str) -> dict[str, str]:
    """Exempt a driver from all checks but some."""
    return dict.fromkeys(set(check_names()) - set(kept), reason)


CLASS = (
    "it_is_installed_and_loads",
    "it_says_which_api_it_is_for",
    "its_hooks_are_those_of_the_core",
    "it_runs_commands_through_the_context_only",
    "it_waits_through_the_context_only",
    "keywords_are_documented",
    "defaults_are_of_their_kind",
    "examples_are_values",
    "exemptions_have_reasons",
)
"""Checks of what is known of a driver before it does anything."""


class Scripts(ScriptedPlatform):
    """Services without a guest, each with an application that is down."""

    def options(self, number: int) -> dict[str, str]:
        folder = self.folder / f"launchers{number}"
        folder.mkdir(exist_ok=True)
        script = folder / "app"
        script.write_text(APPLICATION.format(file=self.files / str(number)))
        script.chmod(0o755)
        for name in ("S10app", "K10app", "C10app"):
            if not (folder / name).exists():
                (folder / name).symlink_to("app")
        return {"scripts": str(folder)}

    def unknown(self) -> dict[str, str]:
        return {"scripts": str(self.folder / "nosuch")}


A_SCRIPT = "what a launcher says is the application's own word: a failure of it is a warning, as in 2010"
BY_CHECKS = "a check script that ends with 1 says that the application is down"


class TestLaunchers(DriverContract):
    driver = "app.launchers"
    source = "opensvc_core.builtin"
    exempt: ClassVar = {
        "it_imports_nothing_of_the_core_but_its_api": "it is part of the core, which has its own contracts",
        "its_commands_are_declared": "it runs the scripts that the operator put into a folder",
        "a_stop_of_what_is_down_changes_nothing": "stop scripts are run whatever the checks say, as in 2010",
        "a_tool_that_fails_makes_it_undef": BY_CHECKS,
        "a_tool_that_prints_garbage_makes_it_undef": "of a check script only the exit status counts",
        "a_start_without_effect_fails": A_SCRIPT,
        "a_stop_without_effect_fails": A_SCRIPT,
        "a_start_that_cannot_look_is_an_error": "a start runs the scripts when the checks do not say up",
        "a_stop_that_cannot_look_is_an_error": "a stop asks nothing: it runs the stop scripts",
        "a_start_ends_in_time": A_SCRIPT,
        "a_stop_ends_in_time": A_SCRIPT,
        "the_commands_of_a_status_do_not_grow": "each service has check scripts of its own",
    }

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Scripts:
        (tmp_path / "platform").mkdir()
        return Scripts(tmp_path / "platform")


class GuestNetwork(ScriptedPlatform):
    """A guest that is up, with addresses that do not answer: who starts and stops these is the guest."""

    container = "container#0"

    def options(self, number: int) -> dict[str, Any]:
        return {"ipname": f"10.0.0.{number + 1}"}

    def unknown(self) -> dict[str, Any]:
        return {"ipname": "10.9.9.9"}

    def companions(self, service: str) -> Sequence[Resource]:
        guest = ResourceId(service, self.container)
        return (Resource(guest, "container.other", {"name": "vm"}, phase=Phase.CONTAINER),)

    def statuses(self, service: str) -> Mapping[ResourceId, StatusReport]:
        return {ResourceId(service, self.container): StatusReport(Status.UP)}

    def open_guest(self, container: Resource, context: Context) -> Host:
        return context.host


class TestGuestAddress(DriverContract):
    driver = "ip.guest"
    source = "opensvc_core.builtin"
    exempt: ClassVar = exempt_but(
        *CLASS,
        "what_is_down_is_told_down",
        "a_stop_of_what_is_down_changes_nothing",
        "a_stop_of_the_unknown_changes_nothing",
        "a_dry_start_changes_nothing",
        "a_status_ends_in_time",
        reason="a guest plumbs its addresses itself: a start only waits for them",
    )

    @pytest.fixture
    def platform(self, tmp_path: Path) -> GuestNetwork:
        (tmp_path / "platform").mkdir()
        return GuestNetwork(tmp_path / "platform")


class TestDiskGroup(DriverContract):
    driver = "disk.vmdg"
    source = "opensvc_core.builtin"
    exempt: ClassVar = exempt_but(*CLASS, reason="the platform opens the disks of a guest: it has no state of its own")


class TestReservation(DriverContract):
    driver = "disk.scsireserv"
    source = "opensvc_core.builtin"
    exempt: ClassVar = exempt_but(
        *CLASS, reason="its commands are those of its backends, which have tests of their own"
    )


REPLICATION = "nothing to start and stop: its status is that of its stamps, and what it sends is tested on real nodes"


class TestRsync(DriverContract):
    driver = "sync.rsync"
    source = "opensvc_core.builtin"
    exempt: ClassVar = exempt_but(*CLASS, reason=REPLICATION)


class TestServiceFiles(DriverContract):
    driver = "sync.service_files"
    source = "opensvc_core.builtin"
    exempt: ClassVar = exempt_but(*CLASS, reason=REPLICATION)


class TestSystemFiles(DriverContract):
    driver = "sync.system_files"
    source = "opensvc_core.builtin"
    exempt: ClassVar = exempt_but(*CLASS, reason=REPLICATION)
