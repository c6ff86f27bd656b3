"""The tree of the root folder, the links in ``bin/``, keys, and what a login shell gets."""

from __future__ import annotations

import stat
from functools import partial
from typing import TYPE_CHECKING

from opensvc_core.actions.install.site import Change, make_link, remove, write_file
from opensvc_core.cluster.keys import exposed, make_own_key
from opensvc_core.node import DEFAULT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.actions.install.site import Site

TREE = (
    "", "etc", "tmp", "bin", "bin/pkg", "bin/cron", "var", "var/sync", "var/lock",
    "usr", "usr/share", "usr/share/doc", "lib", "log",
)  # fmt: skip
"""Folders below the root (cookbook, "Files")."""
CLOSED = ("etc/ssh",)
"""Folders that only root looks into."""
COMMANDS = ("osvc", "svcmgr", "svcmon", "nodemgr")
WRITABLE = stat.S_IWGRP | stat.S_IWOTH
PROFILE = "etc/profile.d/opensvc.sh"
COMPLETION = "etc/bash_completion.d/opensvc"
ROOT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa", "id_dsa", "id_ed25519_sk", "id_ecdsa_sk")


def tree_changes(site: Site) -> list[Change]:
    """Folders that are missing, or that others can write to or look into."""
    changes = []
    for name, mode in (*((each, 0o755) for each in TREE), *((each, 0o700) for each in CLOSED)):
        path = site.folders.root / name
        try:
            now = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            changes.append(Change(f"make {path} ({mode:04o})", partial(_folder, path, mode)))
            continue
        too_much = now & (0o077 if mode == 0o700 else WRITABLE)
        if too_much:
            right = now & ~too_much
            changes.append(Change(f"chmod {right:04o} {path} (was {now:04o})", partial(path.chmod, right)))
    return changes


def _folder(path: Path, mode: int) -> None:
    path.mkdir(mode, parents=True, exist_ok=True)
    path.chmod(mode)


def link_changes(site: Site) -> tuple[list[Change], list[str]]:
    """Links in ``bin/`` to the installed commands, and notes on commands that are not installed."""
    changes, notes = [], []
    for name in COMMANDS:
        target = site.scripts / name
        path = site.folders.bin / name
        if not target.exists():
            notes.append(f"the command {name} is not installed in {site.scripts}: {path} is not made")
        elif path != target:
            changes += make_link(path, str(target))
    return changes, notes


def key_changes(site: Site) -> list[Change]:
    """The agent's key, and a key of root's for guests, where there is none."""
    changes = []
    folders = site.folders
    if not folders.ssh_key.exists() or not folders.ssh_key.with_name("id_ed25519.pub").exists():
        name = site.node.name
        changes.append(Change(f"make the key of this node, {folders.ssh_key}", lambda: _own_key(site, name)))
    elif exposed(folders.ssh_key):
        changes.append(Change(f"chmod 600 {folders.ssh_key}", lambda: folders.ssh_key.chmod(0o600)))
    ssh = site.home / ".ssh"
    if not any((ssh / name).exists() for name in ROOT_KEYS):
        key = ssh / ROOT_KEYS[0]
        changes.append(Change(f"make root's key, {key}, for guests", lambda: _root_key(site, key)))
    return changes


def _own_key(site: Site, name: str) -> None:
    make_own_key(site.folders, name, site.host)


def _root_key(site: Site, path: Path) -> None:
    from opensvc_core.clock import Cancel
    from opensvc_core.errors import ActionError
    from opensvc_core.host import Command

    path.parent.mkdir(0o700, exist_ok=True)
    argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{site.node.name}", "-f", str(path))
    result = site.host.execute(Command(argv, timeout=60.0, changes=True), Cancel())
    if result.rc != 0:
        raise ActionError(f"ssh-keygen ended with status {result.rc}: {result.stderr.strip()}", code="command_failed")


def shell_changes(site: Site, completion: str) -> list[Change]:
    """``PATH`` and completion of login shells, where the system has places for them."""
    root = site.folders.root
    changes: list[Change] = []
    if site.at("etc/profile.d").is_dir():
        setting = "" if root == DEFAULT_ROOT else f"OSVC_ROOT={root}; export OSVC_ROOT\n"
        path = f"case :$PATH: in\n*:{root}/bin:*) ;;\n*) PATH=$PATH:{root}/bin ;;\nesac\n"
        text = f"# Made by `osvc node install`.\n{setting}{path}"
        changes += write_file(site.at(PROFILE), text, 0o644)
    if site.at("etc/bash_completion.d").is_dir():
        changes += write_file(site.at(COMPLETION), completion, 0o644)
    return changes


def template_changes(site: Site) -> list[Change]:
    """The commented service file of the cookbook."""
    from opensvc_core.config.template import service_template

    return write_file(site.folders.root / "usr/share/doc/template.env", service_template(site.node), 0o644)


def file_removal(site: Site) -> list[Change]:
    """What takes links, profile and completion away: configuration, data and keys stay."""
    changes = [*remove(site.at(PROFILE)), *remove(site.at(COMPLETION))]
    for name in COMMANDS:
        path = site.folders.bin / name
        if path.is_symlink():
            changes += remove(path)
    return changes
