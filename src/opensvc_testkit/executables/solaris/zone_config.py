"""A zone's configuration as text: what ``zonecfg info`` and ``export`` print (order of ``export`` and of S11: [R])."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.solaris.shapes import Zone

ALWAYS_EMPTY = ("bootargs", "pool", "limitpriv", "scheduling-class")
ONLY_SOLARIS_11 = ("file-mac-profile", "tenant")
IP_TYPES = {"shared": "shared", "exclusive": "excl"}
"""The configuration's word and that of ``zoneadm list``."""


def ip_type_of(zone: Zone) -> str:
    """``shared`` or ``exclusive``."""
    return next(word for word, short in IP_TYPES.items() if short == zone["ip_type"])


def export(zone: Zone) -> str:
    """Commands that make this configuration."""
    lines = ["create -b"]
    if zone["zonepath"]:
        lines.append(f"set zonepath={zone['zonepath']}")
    lines += [
        f"set brand={zone['brand']}",
        f"set autoboot={_word(is_true=zone['autoboot'])}",
        f"set ip-type={ip_type_of(zone)}",
    ]
    for filesystem in zone["filesystems"]:
        lines += ["add fs", *(f"set {name}={value}" for name, value in filesystem.items()), "end"]
    for net in zone["nets"]:
        lines += ["add net", *(f"set {name}={value}" for name, value in net.items() if value), "end"]
    for dataset in zone["datasets"]:
        lines += ["add dataset", f"set name={dataset}", "end"]
    return "".join(f"{line}\n" for line in lines)


def properties(zone: Zone, release: str) -> dict[str, str]:
    """Global properties by name, in the order of ``info``."""
    found = {
        "zonename": zone["name"],
        "zonepath": zone["zonepath"],
        "brand": zone["brand"],
        "autoboot": _word(is_true=zone["autoboot"]),
    }
    if release.startswith("11"):
        found["autoshutdown"] = "shutdown"
    found.update(dict.fromkeys(ALWAYS_EMPTY, ""))
    found["ip-type"] = ip_type_of(zone)
    found["hostid"] = ""
    if release.startswith("11"):
        found.update(dict.fromkeys(ONLY_SOLARIS_11, ""))
    found["fs-allowed"] = ""
    return found


def info(zone: Zone, release: str, about: str = "") -> str | None:
    """What ``info`` prints of everything or of one property or kind of resource; None for one that is not known."""
    known = properties(zone, release)
    if about in known:
        return f"{about}: {known[about]}\n"
    blocks = {
        "fs": [_block("fs", {**filesystem, "raw": "", "options": "[]"}) for filesystem in zone["filesystems"]],
        "net": [_block("net", dict(net)) for net in zone["nets"]],
        "dataset": [_block("dataset", {"name": name}) for name in zone["datasets"]],
    }
    if about in blocks:
        return "".join(blocks[about])
    if about:
        return None
    head = "".join(f"{name}: {value}\n" for name, value in known.items())
    return head + "".join("".join(found) for found in blocks.values())


def _block(kind: str, values: dict[str, str]) -> str:
    lines = [f"\t{name}: {value}" if value else f"\t{name} not specified" for name, value in values.items()]
    return "".join(f"{line}\n" for line in [f"{kind}:", *lines])


def _word(*, is_true: bool) -> str:
    return "true" if is_true else "false"
