"""The same commands and the same words on every mode of the cookbook, simulated, and on a service without a guest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opensvc_testkit.demo.service import SERVICE
from tests.platforms.sites import GUESTS, MODES, GuestSite, Site, make_site

pytestmark = pytest.mark.simulated

VETOED, FROZEN = 4, 7


@pytest.fixture(params=MODES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A node of each kind; the service is not created yet."""
    made = make_site(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture(params=GUESTS)
def guest_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GuestSite]:
    """A node of each kind that has guests."""
    made = GuestSite(request.param, tmp_path)
    yield made
    made.close()


def test_a_service_is_created_validated_planned_started_seen_and_stopped(site: Site) -> None:
    site.create()
    assert "valid" in site.do("config", "validate", SERVICE)
    planned = site.do("plan", "start", SERVICE)
    assert f"start {SERVICE}/app#0" in planned
    assert "nothing was changed" in planned
    assert not site.is_running()
    assert set(site.words().values()) == {"down"}
    assert "start done" in site.do("start", SERVICE)
    assert site.is_running()
    assert site.words() == site.all_up
    assert SERVICE in site.do("mon")
    assert "start done: no changes" in site.do("start", SERVICE)
    assert "stop done" in site.do("stop", SERVICE)
    assert not site.is_running()
    assert set(site.words().values()) == {"down"}
    assert "stop done" in site.do("stop", SERVICE)
    assert "stop" in site.do("log", SERVICE)


def test_an_application_that_fails_is_told_and_mended_by_a_start(site: Site) -> None:
    site.create()
    site.do("start", SERVICE)
    site.kill_application()
    failed = {**site.all_up, "app#0": "down", "avail": "warn" if isinstance(site, GuestSite) else "down"}
    assert site.words() == failed
    site.break_application(is_broken=True)
    assert "0 of 1 start script succeeded" in site.do("start", SERVICE)
    assert site.words() == failed
    site.break_application(is_broken=False)
    assert "1 of 1 start script succeeded" in site.do("start", SERVICE)
    assert site.words() == site.all_up


def test_what_does_not_obey_is_stopped_by_force_and_that_is_said(site: Site) -> None:
    site.create(stop_timeout="1s")
    site.be_stubborn()
    site.do("start", SERVICE)
    assert site.is_running()
    assert site.force in site.do("stop", SERVICE)
    assert not site.is_running()
    assert set(site.words().values()) == {"down"}


def test_a_frozen_service_is_left_alone(site: Site) -> None:
    site.create()
    site.do("freeze", SERVICE)
    site.do("start", SERVICE, status=FROZEN)
    assert not site.is_running()
    site.do("thaw", SERVICE)
    site.do("start", SERVICE)
    assert site.is_running()


def test_a_missing_driver_is_a_veto_that_no_permit_lifts(site: Site) -> None:
    site.file.write_text(f"{site.file.read_text()}\n[disk#9]\ntype = nosuch\n")
    site.create()
    assert "driver_missing" in site.do("start", SERVICE, "--permit", "driver_missing", status=VETOED)
    assert not site.is_running()


def test_an_address_that_somebody_has_is_a_veto_that_a_permit_lifts(guest_site: GuestSite) -> None:
    guest_site.create()
    guest_site.steal_address()
    assert "duplicate_address" in guest_site.do("start", SERVICE, status=VETOED)
    assert not guest_site.is_running()
    guest_site.do("start", SERVICE, "--permit", "duplicate_address")
    assert guest_site.is_running()


def test_a_platform_that_cannot_tell_is_a_veto_that_no_permit_lifts(guest_site: GuestSite) -> None:
    guest_site.create()
    guest_site.confuse()
    words = guest_site.words()
    assert (words["container#0"], words["avail"]) == ("undef", "undef")
    assert "container_undef" in guest_site.do("start", SERVICE, "--permit", "container_undef", status=VETOED)
    guest_site.simulated.cluster.clear_faults()
    assert not guest_site.is_running()
