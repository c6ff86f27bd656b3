"""Which distribution gives a driver that is not installed."""

from __future__ import annotations

from typing import Final

from opensvc_core.config.problems import did_you_mean

DISTRIBUTIONS: Final = {
    "app.launchers": "opensvc-core",
    "container.hpvm": "opensvc-drivers-hpvm",
    "container.kvm": "opensvc-drivers-kvm",
    "container.ldom": "opensvc-drivers-solaris",
    "container.lxc": "opensvc-drivers-lxc",
    "container.xen": "opensvc-drivers-xen",
    "container.zone": "opensvc-drivers-solaris",
    "disk.hpux_lvm": "opensvc-lvm",
    "disk.lvm": "opensvc-lvm",
    "disk.scsireserv": "opensvc-core",
    "disk.vmdg": "opensvc-core",
    "disk.zpool": "opensvc-drivers-solaris",
    "fs.mount": "opensvc-drivers-linux",
    "fs.solaris": "opensvc-drivers-solaris",
    "ip.guest": "opensvc-core",
    "ip.host": "opensvc-drivers-linux",
    "ip.zone": "opensvc-drivers-solaris",
    "sync.rsync": "opensvc-core",
    "sync.service_files": "opensvc-core",
    "sync.system_files": "opensvc-core",
}
"""Distribution by driver id."""


def missing_driver_hint(driver: str) -> str:
    """One line on what to do where ``driver`` is not installed."""
    distribution = DISTRIBUTIONS.get(driver)
    if distribution == "opensvc-core":
        return f"{driver} belongs to opensvc-core, whose installed version does not have it"
    if distribution:
        return f"pip install {distribution}"
    group, _, word = driver.partition(".")
    near = did_you_mean(word, (each.partition(".")[2] for each in DISTRIBUTIONS if each.startswith(f"{group}.")))
    nobody = f"install the distribution that gives {driver}: none of OpenSVC's own does"
    return f"{near} Or {nobody}" if near else nobody
