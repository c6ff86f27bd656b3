"""The reference page of service files, written from the declarations that the parser itself reads.

`python -m opensvc_core.config.reference` prints it; with a file it writes it there; with `--check FILE` it ends with 1
if that file is not what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from opensvc_core.config.defaults import DEFAULT_KEYWORDS, WITHOUT_EFFECT
from opensvc_core.config.distributions import DISTRIBUTIONS
from opensvc_core.config.keywords import DriverInfo, Keyword, Kind
from opensvc_core.config.resource_keywords import (
    RESOURCE_KEYWORDS,
    SCSI_RESERVATION,
    SUBSET_KEYWORDS,
    VOLUME_GROUP_TYPE,
)
from opensvc_core.config.sections import ANY, VOCABULARY

HEAD: Final = """\
# Service files

<!-- Written by `python -m opensvc_core.config.reference`; a test holds it against the code. -->

A service is what `etc/<name>.env` below the root folder describes. This one, with the vocabulary of 2010, is a virtual
machine with an address, and with disks that the hypervisor hands to it:

```ini
# vm188.env
[default]
vm_name = vm188
app = ERP
comment = recette gen db #2
mode = kvm
service_type = DEV
nodes = node109 node110 node111 node112
autostart_node = node109
;drpnode = vm5
;scsireserv = false

[ip#1]
ipname = vm188
ipdev = lan0

[vmdg]
scsireserv = false
```

`osvc config validate` reads it as a node would, and touches nothing:

```console
$ osvc config validate --from vm188.env --for node109
vm188.env: valid
```

All that is wrong in a file is told at once, with its line:

```console
$ sed -e 's/ipname/ipnam/' -e 's/= node109$/= nod109/' vm188.env > wrong.env
$ osvc config validate --from wrong.env --for node109; echo "exit status $?"
error: wrong.env:8: [default] autostart_node: 'nod109' is not among the production nodes (did you mean 'node109'?)
error: wrong.env:12: [ip#1] ipname: must be given (add a line such as `ipname = vm188`)
error: wrong.env:13: [ip#1] ipnam: unknown keyword (did you mean 'ipname'?)
hint: mend the file; `osvc config validate` checks it without touching anything
exit status 3
```

## Format

- `[section]`, then a `keyword = value` a line. Names of sections and keywords have no case; values keep theirs.
- A line that begins with `#` or `;` is a comment. Later in a line both belong to the value.
- A line that is indented deeper than the keyword above it continues its value, after one blank. What looks like a
  keyword or a header there is an error.
- The text is UTF-8; comments may be anything. A section or a keyword that stands twice is an error.

## Scopes

`keyword@node109 = value` is for one node, `keyword@nodes` and `keyword@drpnodes` for the production and the
disaster-recovery nodes. The most specific wins: a node's name, then a group, then none; of two of one rank the last.
Values for other nodes are checked too. Names of nodes have no case.

## Values

| kind | written |
| --- | --- |
| text | as it is |
| boolean | `true`, `yes`, `on`, `1`; `false`, `no`, `off`, `0`; any case |
| integer | `10`, `-3` |
| duration | seconds (`90`, `0.5`), or each unit at most once, the longest first: `1d3h`, `1m30s`, `500ms`; \
units `w d h m s ms` |
| size | bytes, or with a unit in any case: `10KB` is 10 times 1000, `10KiB` 10 times 1024; up to `PB` and `PiB` |
| words | words with blanks between them |
| path | an absolute path |
| schedule | [when a job runs](schedule.md): `04:00-06:00`, `@10`; empty for never |

## `[default]`

Every file has this section.
"""

RESOURCES: Final = """
## Resources

Every other section is a resource, `[<type>#<name>]`, and that is its rid: `ip#1`, `fs#data`; and `[vmdg]`, of which a
service has one. In the name are letters, digits, `.`, `_` and `-`.

Any resource may have these:
"""

RESERVATION: Final = """
`[vmdg]`, `vg#`, `pool#`, `disk#` and `container#` sections may have this one besides:
"""

VOLUME_GROUP: Final = """
and `vg#` sections this one:
"""

TABLE: Final = """
### Which driver a section means

`type` always wins: `[disk#1]` with `type = lvm` is `disk.lvm`, and a type with a dot is a full driver id. Without it
the first row that fits counts. The guest is the container that the resource belongs to.

| section | guest | system | driver | distribution |
| --- | --- | --- | --- | --- |
"""

IMPLIED: Final = """
A section whose driver is not installed is read, its keywords unchecked; its status is `undef`, and start and stop of
the service are refused, naming what to install. Sections of other types than these must name an installed driver, or
one with a dot.

### What is there without a section

- With `mode`, and no container section: `container#0`, driver `container.<mode>`. A container section without `type`
  takes the mode.
- With `mode`, and no `app#` section: `app#0`, the launchers in the guest. In a service without a guest: those in
  `etc/<name>.d`, if that folder exists.
- A guest without `name` has `vm_name` of `[default]`, else the name of the service.
- What lives in a guest, and names no `container`, lives in the only one there is. With several it must name one.
- Disks and file systems of a Solaris zone start after its boot, but for those with the tag `preboot`. With several
  containers, those of a zone name it by `container`.

## Subsets

`[subset#<name>]`, or `[subset#<group>:<name>]` for the resources of one driver group alone (`disk`, `fs`, `ip`, ...).
A subset that resources name needs no section.
"""

DRIVERS: Final = """
## Drivers

What the sections of each driver may have besides.
"""

TAIL: Final = """
## What is refused

References (`{section.keyword}`, `{nodename}`), arithmetic (`$(1+2)`), triggers (`pre_start`, `blocking_post_stop`) and
the section `[env]` of later agents are not there yet. They are errors: a file that needs them does not run without
them. In a `comment` braces are braces.

## Names of services

A name begins with a letter or a digit, and has letters, digits and `.`, `_`, `+`, `-` in it. It is not `node`, and does
not end with `.env`, `.d`, `.dir` or `.conf`. The guidelines of the cookbook: 8 to 15 characters; first the code of the
application, then the service type, then the role, then a number where there are several: `gieprdtransco01`. Where a
collector is shared the domain is added: `unxdevweb01.mydomain.com`.

## `node.conf`

`etc/node.conf` holds the settings of the node in the same format, without scopes. It need not be there.
"""


def render(drivers: Iterable[DriverInfo]) -> str:
    """The page, with the keywords of these drivers."""
    parts = [HEAD, *_table(DEFAULT_KEYWORDS), _without_effect(), RESOURCES, *_table(RESOURCE_KEYWORDS)]
    parts += [RESERVATION, *_table([SCSI_RESERVATION]), VOLUME_GROUP, *_table([VOLUME_GROUP_TYPE])]
    parts += [TABLE, *_vocabulary(), IMPLIED, *_table(SUBSET_KEYWORDS), DRIVERS]
    for driver in sorted(drivers, key=lambda each: each.id):
        parts.append(f"\n### `{driver.id}`\n")
        if driver.keywords:
            parts += _table(driver.keywords)
        else:
            parts.append("\nIt has no keywords of its own.\n")
    return "".join([*parts, TAIL])


def _table(keywords: Sequence[Keyword]) -> Iterator[str]:
    yield "\n| keyword | kind | default | meaning |\n| --- | --- | --- | --- |\n"
    for keyword in keywords:
        names = ", ".join(f"`{name}`" for name in (keyword.name, *keyword.aliases))
        text = keyword.text
        if keyword.choices:
            text += f" One of {', '.join(f'`{choice}`' for choice in keyword.choices)}."
        if keyword.inherits:
            text += f" Inherits `{keyword.inherits}` of `[default]`."
        if not keyword.is_scopable:
            text += " Takes no scope."
        if keyword.example:
            text += f" Example: `{keyword.example}`."
        default = "must be given" if keyword.required else _shown(keyword)
        yield f"| {names} | {keyword.kind.value} | {default} | {text.replace('|', '&#124;')} |\n"


def _shown(keyword: Keyword) -> str:
    value: Any = keyword.default
    if value in {None, (), ""}:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if keyword.kind is Kind.DURATION:
        return f"`{value:g}s`"
    return f"`{' '.join(value) if isinstance(value, tuple) else value}`"


def _without_effect() -> str:
    names = [f"`{keyword.name}`" for keyword in DEFAULT_KEYWORDS if keyword.name in WITHOUT_EFFECT]
    return f"\nRead and checked, but without effect in this version: {', '.join(names)}.\n"


def _vocabulary() -> Iterator[str]:
    for row in VOCABULARY:
        driver = f"`{row.driver}`" if row.driver else "by `type`"
        distribution = DISTRIBUTIONS.get(row.driver, "")
        cells = (
            f"`[{row.section}]`" if row.section == "vmdg" else f"`[{row.section}#...]`",
            "any" if row.mode == ANY else "none" if row.mode == "hosted" else row.mode,
            "any" if row.os_name == ANY else row.os_name,
            driver,
            f"`{distribution}`" if distribution else "none yet" if row.driver else "",
        )
        yield f"| {' | '.join(cells)} |\n"


def installed_drivers() -> list[DriverInfo]:
    """Of the drivers that OpenSVC's own distributions give, those that are installed here.

    Raises:
        DriverError: one of them cannot be loaded.
    """
    from opensvc_core.registry import Registry

    registry = Registry()
    names = [name for name in DISTRIBUTIONS if registry.has(name)]
    return [DriverInfo(name, tuple(registry.load(name).keywords)) for name in names]


def main(arguments: Sequence[str]) -> int:
    """Print, write or check the page; the exit status."""
    page = render(installed_drivers())
    if not arguments:
        sys.stdout.write(page)
        return 0
    file = Path(arguments[-1])
    if arguments[0] != "--check":
        file.write_text(page, encoding="utf-8")
        return 0
    if file.read_text(encoding="utf-8") == page:
        return 0
    sys.stderr.write(f"{file} is not up to date: python -m opensvc_core.config.reference {file}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
