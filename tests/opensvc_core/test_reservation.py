"""A reservation that cannot be taken is said, and never passed over."""

from __future__ import annotations

import pytest

from opensvc_core.model import Resource, ResourceId
from opensvc_core.reservation import unavailable


@pytest.mark.parametrize("options", [{}, {"scsireserv": False}, {"scsireserv": None}])
def test_without_the_wish_nothing_is_vetoed(options: dict[str, object]) -> None:
    assert unavailable(Resource(ResourceId("vm188", "vg#1"), "disk.lvm", options)) is None


def test_with_the_wish_no_permit_helps() -> None:
    veto = unavailable(Resource(ResourceId("vm188", "vg#1"), "disk.lvm", {"scsireserv": True}))
    assert veto is not None
    assert (veto.code, veto.subject, veto.is_liftable) == ("scsireserv_unavailable", "vm188/vg#1", False)
