"""Fixtures of the stories of shared disks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.uml.lab import KernelLab
from tests.lab.uml.site import Site


@pytest.fixture(scope="session")
def storage_site(kernel_requirements: None) -> Iterator[Site]:
    """Two nodes with the agent, and three disks; on the first one lies `erp`, a service without a guest.

    To make it takes as long as a short story on it: whoever uses it leaves `erp` stopped, and the other disks nobody's.
    """
    with KernelLab.up(2, luns=3) as lab:
        site = Site.make(lab)
        site.make_group(lab.nodes[0], "erp", lab.luns[0])
        site.write_full_stack("erp", "erp")
        yield site
