"""The veto where no reservation backend is installed names what to install on this operating system."""

from __future__ import annotations

import pytest
from attrs import evolve

from opensvc_core.reservation_status import unavailable
from tests.opensvc_core.services import make_resource


@pytest.mark.parametrize(("os_name", "distribution"), [("HP-UX", "opensvc-scsi-scu"), ("Linux", "opensvc-scsi-sg")])
def test_the_hint_is_for_the_system_of_the_node(os_name: str, distribution: str) -> None:
    resource = evolve(make_resource("vg#1"), options={"scsireserv": True})
    veto = unavailable(resource, os_name)
    assert veto is not None
    assert f"pip install {distribution};" in veto.hint
    assert not veto.is_liftable
    assert unavailable(evolve(resource, options={"scsireserv": False}), os_name) is None
