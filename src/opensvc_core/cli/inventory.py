"""Tells what a node and its services are made of: `osvc inventory`, `osvc node facts`, `checks` and `packages`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from opensvc_core.cli import inventory_documents as documents
from opensvc_core.cli.asking import load_all
from opensvc_core.cli.document import Document
from opensvc_core.cli.options import Color, Format
from opensvc_core.cli.output import say, write, write_json
from opensvc_core.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.errors import OpenSVCError


def tell_inventory(agent: Agent, names: Sequence[str], form: Format, color: Color = Color.AUTO) -> int:
    """Print what services are made of; 0, or 3 where a service file cannot be read. Raises ServiceNotFound."""
    from opensvc_core.inventory.collect import collect_inventory

    services, broken = load_all(agent, agent.find(names))
    inventory = collect_inventory(agent, services)

    def draw() -> str:
        from opensvc_core.cli.render.inventory import inventory_table

        return _drawn(inventory_table(inventory), color)

    _print(form, lambda: documents.inventory_document(inventory, broken),
           lambda: documents.inventory_lines(inventory), draw)  # fmt: skip
    return _tell_broken(broken, form)


def tell_facts(agent: Agent, form: Format, color: Color = Color.AUTO) -> int:
    """Print what this node is; 0."""
    from opensvc_core.inventory.facts import read_node_facts

    facts = read_node_facts(agent)

    def draw() -> str:
        from opensvc_core.cli.render.inventory import facts_table

        return _drawn(facts_table(facts), color)

    _print(form, lambda: documents.facts_document(facts), lambda: documents.facts_lines(facts), draw)
    return 0


def tell_checks(agent: Agent, form: Format, color: Color = Color.AUTO) -> int:
    """Print how full things are, and keep it in ``var/checks.json`` where that can be written.

    Returns:
        0 whatever it is, or 3 where a service file cannot be read.

    Raises:
        ConfigError: ``node.conf`` is wrong.
    """
    from opensvc_core.inventory.checks import run_checks
    from opensvc_core.inventory.keep import keep_checks

    services, broken = load_all(agent, agent.find())
    report = run_checks(agent, services)
    with suppress(OSError):
        keep_checks(agent.node.folders, report)

    def draw() -> str:
        from opensvc_core.cli.render.inventory import checks_table

        return _drawn(checks_table(report), color)

    _print(form, lambda: documents.checks_document(report, broken), lambda: documents.checks_lines(report), draw)
    return _tell_broken(broken, form)


def tell_packages(agent: Agent, form: Format, color: Color = Color.AUTO) -> int:
    """Print what is installed; 0, or 6 where that cannot be told."""
    from opensvc_core.inventory.packages import list_packages

    packages = list_packages(agent)

    def draw() -> str:
        from opensvc_core.cli.render.inventory import packages_table

        return _drawn(packages_table(packages), color)

    _print(form, lambda: documents.packages_document(packages), lambda: documents.packages_lines(packages), draw)
    return 0 if packages.packages is not None else int(ExitStatus.UNKNOWN)


def _print(form: Format, document: Callable[[], Document], lines: Callable[[], str], draw: Callable[[], str]) -> None:
    if form is Format.JSON:
        write_json(document())
    else:
        write(lines() if form is Format.PLAIN else draw())


def _drawn(renderable: object, color: Color) -> str:
    from opensvc_core.cli.render import to_text
    from opensvc_core.cli.terminal import wants_color

    return to_text(renderable, has_color=wants_color(color))  # type: ignore[arg-type]  # rich is known in render alone


def _tell_broken(broken: Mapping[str, OpenSVCError], form: Format) -> int:
    if broken and form is not Format.JSON:
        from opensvc_core.cli.failure import error_text

        for error in broken.values():
            say(error_text(error))
    return int(ExitStatus.CONFIG) if broken else 0
