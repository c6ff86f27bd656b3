"""What is installed on this node, by the platform's own lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from opensvc_core.inventory.asking import answer_of, open_inquiry
from opensvc_core.inventory.parse_packages import (
    DPKG_FORMAT,
    RPM_FORMAT,
    parse_dpkg,
    parse_pkg,
    parse_pkginfo,
    parse_rpm,
    parse_showrev,
    parse_swlist,
)
from opensvc_core.inventory.records import Package, PackageList, Patch

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context

LIMIT = 50.0
"""Seconds for a list: some platforms read thousands of files for it."""
MOST = 50_000
"""Packages that are told: what has more of them is no list of what is installed."""
Item = TypeVar("Item", Package, Patch)


def list_packages(agent: Agent) -> PackageList:
    """List what is installed. Raises nothing that a tool does: ``packages`` is ``None`` then, and a note says why."""
    context = open_inquiry(agent, "the packages of the node")
    packages: tuple[Package, ...] | None
    patches: tuple[Patch, ...] | None = None
    match agent.node.os_name:
        case "Linux":
            packages = _linux(context)
        case "HP-UX":
            packages, patches = _hpux(context)
        case "SunOS":
            packages, patches = _solaris(context)
        case other:
            context.note(f"how {other} lists its packages is not known", "not_supported")
            packages = None
    return PackageList(
        agent.node.name,
        agent.clock.now(),
        _bounded(packages, "packages", context),
        _bounded(patches, "patches", context),
        tuple(context.notes),
    )


def _bounded(found: tuple[Item, ...] | None, what: str, context: Context) -> tuple[Item, ...] | None:
    """Each once, in order; of more than ``MOST`` the first ones, with a note."""
    if found is None:
        return None
    ordered = sorted(set(found))
    if len(ordered) > MOST:
        context.note(f"{len(ordered)} {what}: only {MOST} of them are told", "too_many")
    return tuple(ordered[:MOST])


def _linux(context: Context) -> tuple[Package, ...] | None:
    """Debian's list and that of RPM: a node may have both tools, and the packages of one."""
    lists = [
        _ask(context, parse_dpkg, "dpkg-query", "-W", "-f", DPKG_FORMAT),
        _ask(context, parse_rpm, "rpm", "-qa", "--qf", RPM_FORMAT),
    ]
    known = [each for each in lists if each is not None]
    if not known:
        context.note("neither dpkg-query nor rpm tells what is installed", "not_supported")
        return None
    return tuple(package for each in known for package in each)


def _hpux(context: Context) -> tuple[tuple[Package, ...] | None, tuple[Patch, ...] | None]:
    """A patch is a product there, whose name tells that it is one."""
    text = answer_of(context, "swlist", "-l", "product", "-a", "revision", "-a", "architecture", timeout=LIMIT)
    return parse_swlist(text) if text is not None else (None, None)


def _solaris(context: Context) -> tuple[tuple[Package, ...] | None, tuple[Patch, ...] | None]:
    """Packages of Solaris 11 by ``pkg``, those of System V, and patches of Solaris 10."""
    lists = [
        _ask(context, parse_pkg, "pkg", "list", "-H"),
        _ask(context, parse_pkginfo, "pkginfo", "-l"),
    ]
    known = [each for each in lists if each is not None]
    if not known:
        context.note("neither pkg nor pkginfo tells what is installed", "not_supported")
    patches = answer_of(context, "showrev", "-p", timeout=LIMIT, is_optional=True)
    return (
        tuple(package for each in known for package in each) if known else None,
        parse_showrev(patches) if patches is not None else None,
    )


def _ask(context: Context, parse: Callable[[str], tuple[Package, ...]], *argv: str) -> tuple[Package, ...] | None:
    text = answer_of(context, *argv, timeout=LIMIT, is_optional=True)
    return None if text is None else parse(text)
