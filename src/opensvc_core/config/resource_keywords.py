"""The keywords that every resource may have, whatever its driver."""

from __future__ import annotations

from typing import Final

from opensvc_core.config.keywords import Keyword, Kind

RESOURCE_KEYWORDS: Final = (
    Keyword(
        "type",
        "Which driver handles the resource: `<group>.<type>`, or a full driver id with a dot. It always wins over the "
        "table of drivers. Of `fs#` sections it is the type of the file system, unless a driver `fs.<type>` is "
        "installed.",
        example="kvm",
    ),
    Keyword("comment", "Free text for people."),
    Keyword("disable", "Whether actions skip the resource; its status is then `n/a`.", Kind.BOOLEAN, default=False),
    Keyword(
        "disable_on",
        "Nodes on which it is disabled: names, `nodes`, `drpnodes`.",
        Kind.WORDS,
        default=(),
        example="node110",
    ),
    Keyword(
        "optional",
        "Whether a failure of the resource does not fail the action, and it does not count for `avail`.",
        Kind.BOOLEAN,
        default=False,
    ),
    Keyword(
        "always_on",
        "Nodes on which the resource is a standby, which a stop leaves up: names, `nodes`, `drpnodes`.",
        Kind.WORDS,
        default=(),
        example="drpnodes",
    ),
    Keyword("standby", "Whether it is a standby, said for the node in another way.", Kind.BOOLEAN, default=False),
    Keyword("tags", "Words to select resources by.", Kind.WORDS, default=(), example="db nightly"),
    Keyword(
        "subset",
        "Name of the subset that it belongs to, among the resources of its group. `[subset#<name>]` or "
        "`[subset#<group>:<name>]` may say `parallel = true`.",
        example="g1",
    ),
    Keyword(
        "start_requires",
        "Resources that must be up before this one starts, by rid.",
        Kind.WORDS,
        default=(),
        example="ip#1 vg#data",
    ),
    Keyword("stop_requires", "Resources that must be down before this one stops, by rid.", Kind.WORDS, default=()),
    Keyword(
        "container",
        "The resource whose guest this one lives in, by rid. Default: the only container there is.",
        example="container#0",
    ),
)
"""Read by the core; a driver need not declare them."""

SCSI_RESERVATION: Final = Keyword(
    "scsireserv",
    "Whether a SCSI-3 persistent reservation is taken on each disk of this resource before it starts. Default: what "
    "`[default]` says; of a container only where no other section has disks to reserve.",
    Kind.BOOLEAN,
)
"""Of resources with disks that can be reserved: ``options["scsireserv"]`` of them is always a bool."""

VOLUME_GROUP_TYPE: Final = Keyword(
    "vgtype", "`veritas` for a Veritas disk group (`disk.veritas`).", choices=("veritas",), example="veritas"
)
"""Of ``vg#`` sections: takes part in the choice of the driver."""

SUBSET_KEYWORDS: Final = (
    Keyword("parallel", "Whether its members start and stop side by side.", Kind.BOOLEAN, default=False),
    Keyword("comment", "Free text for people."),
)
"""Of ``[subset#...]`` sections."""
