"""Commands of ``zonecfg`` on one zone: read one after the other, kept together at the end."""

from __future__ import annotations

from opensvc_testkit.executables.call import NotSimulatedError
from opensvc_testkit.executables.solaris import zone_config, zones
from opensvc_testkit.executables.solaris.options import BadOptionError, read_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.solaris.shapes import Zone

SYSTEM_TEMPLATE = "create: Using system default template 'SYSdefault'"
"""What ``create`` says in Solaris 11, for want of ``-b`` (captured by others)."""
RESOURCES = ("net", "fs", "dataset")
IGNORED = ("bootargs", "pool", "limitpriv", "scheduling-class", "hostid", "fs-allowed", "file-mac-profile", "tenant",
           "autoshutdown")  # fmt: skip


def copy_of(zone: Zone) -> Zone:
    """A copy, of which nothing is kept unless all commands were right."""
    return {
        **zone,
        "nets": [dict(net) for net in zone["nets"]],
        "filesystems": [dict(filesystem) for filesystem in zone["filesystems"]],
        "datasets": list(zone["datasets"]),
        "attach_fails": list(zone["attach_fails"]),
    }


class RefusedError(Exception):
    """A command failed and nothing is kept: the text is what is said."""


class Configurator:
    """One run of ``zonecfg`` on one zone.

    ``zone`` is a copy that ``run`` changes (None: there is no such zone yet); ``is_deleted``: it is to go.
    """

    __slots__ = ("_current", "_kind", "is_changed", "is_deleted", "name", "release", "said", "state", "warned", "zone")

    def __init__(self, name: str, zone: Zone | None, state: str, release: str) -> None:
        self.name = name
        self.zone: Zone | None = copy_of(zone) if zone else None
        self.state = state
        self.release = release
        self.is_changed = self.is_deleted = False
        self.said = ""
        self.warned = ""
        self._kind = ""
        self._current: dict[str, str] = {}

    def run(self, command: list[str]) -> None:
        """Run one command. Raises RefusedError."""
        verb, words = command[0], command[1:]
        if self.zone is None and verb != "create":
            raise RefusedError(f"{self.name}: No such zone configured\n")
        if self._kind:
            self._run_in_resource(verb, words)
            return
        runs = {
            "create": self._create,
            "set": self._set,
            "add": self._add,
            "remove": self._remove,
            "delete": self._delete,
            "info": self._info,
            "export": self._export,
        }
        if verb in runs:
            runs[verb](words)
        elif verb in ("verify", "commit"):
            self.check()
        elif verb not in ("exit", "end"):
            raise NotSimulatedError(f"zonecfg {verb}")

    def check(self) -> None:
        """What is verified before anything is kept. Raises RefusedError."""
        zone = self.zone
        if zone and zone["ip_type"] == "excl" and any(net["address"] for net in zone["nets"]):
            raise RefusedError(
                f"net: address cannot be specified if ip-type = exclusive\n{self.name}: Invalid argument\n"
            )
        if zone and not zone["zonepath"] and self.is_changed:
            # [R]
            raise RefusedError(f"zonepath: Required property missing\n{self.name}: Required property missing\n")

    def _known(self) -> Zone:
        if self.zone is None:
            raise RefusedError(f"{self.name}: No such zone configured\n")
        return self.zone

    def _create(self, words: list[str]) -> None:
        try:
            options, _ = read_options(words, "Fbt:a:xX")
        except BadOptionError as error:
            raise RefusedError(f"create: {error}\n") from None
        if "a" in options or "t" in options:
            raise NotSimulatedError("zonecfg create " + " ".join(words))
        fresh = zones.new_zone(self.name)
        if self.zone is not None:
            kept = self.zone
            fresh.update({"state": kept["state"], "zonepath": kept["zonepath"], "uuid": kept["uuid"], "id": kept["id"],
                          "boot_at": kept["boot_at"], "held_until": kept["held_until"],
                          "hook_time": kept["hook_time"], "attach_fails": kept["attach_fails"],
                          "boot_error": kept["boot_error"]})  # fmt: skip
        if self.release.startswith("11"):
            fresh["brand"] = "solaris"
            if "b" not in options:
                self.said += f"{SYSTEM_TEMPLATE}\n"
                fresh["ip_type"] = "excl"
                fresh["zonepath"] = fresh["zonepath"] or f"/system/zones/{self.name}"
        self.zone = fresh
        self.is_changed = True

    def _set(self, words: list[str]) -> None:
        zone = self._known()
        name, equals, value = " ".join(words).partition("=")
        name, value = name.strip(), value.strip().strip('"')
        if not equals:
            raise RefusedError("usage: set <property-name>=<property-value>\n")
        if name == "zonepath":
            if self.state not in zones.NOT_ATTACHED:
                # It is said, and the rest goes on.
                self.warned += f"Zone {self.name} already installed; set zonepath not allowed.\n"
                return
            zone["zonepath"] = value
        elif name == "brand":
            zone["brand"] = value
        elif name == "autoboot":
            if value not in ("true", "false"):
                raise RefusedError("autoboot value must be true or false.\n")
            zone["autoboot"] = value == "true"
        elif name == "ip-type":
            if value not in zone_config.IP_TYPES:
                raise RefusedError("ip-type value must be shared or exclusive.\n")
            zone["ip_type"] = zone_config.IP_TYPES[value]
        elif name not in IGNORED:
            raise RefusedError(f"unknown property {name}\n")
        self.is_changed = True

    def _add(self, words: list[str]) -> None:
        if len(words) != 1 or words[0] not in RESOURCES:
            raise NotSimulatedError("zonecfg add " + " ".join(words))
        self._kind, self._current = words[0], {}

    def _run_in_resource(self, verb: str, words: list[str]) -> None:
        if verb == "set":
            name, _, value = " ".join(words).partition("=")
            self._current[name.strip()] = value.strip().strip('"')
            return
        if verb == "cancel":
            self._kind = ""
            return
        if verb != "end":
            raise NotSimulatedError(f"zonecfg {verb} in {self._kind}")
        zone, said = self._known(), self._current
        if self._kind == "net":
            net = {
                "address": said.get("address", ""),
                "physical": said.get("physical", ""),
                "defrouter": said.get("defrouter", ""),
            }
            zone["nets"].append(net)
        elif self._kind == "fs":
            filesystem = {
                "dir": said.get("dir", ""),
                "special": said.get("special", ""),
                "type": said.get("type", ""),
            }
            zone["filesystems"].append(filesystem)
        else:
            zone["datasets"].append(said.get("name", ""))
        self._kind, self.is_changed = "", True

    def _remove(self, words: list[str]) -> None:
        zone = self._known()
        rest = [word for word in words if word != "-F"]
        if len(rest) != 1 or rest[0] not in RESOURCES:
            raise NotSimulatedError("zonecfg remove " + " ".join(words))
        if rest[0] == "net":
            zone["nets"] = []
        elif rest[0] == "fs":
            zone["filesystems"] = []
        else:
            zone["datasets"] = []
        self.is_changed = True

    def _delete(self, words: list[str]) -> None:
        if "-F" not in words:
            # [R]
            raise RefusedError("Input not from terminal and -F not specified: delete command ignored, exiting.\n")
        if self.state not in zones.NOT_ATTACHED:
            # The text is [R]; that it is refused is not.
            raise RefusedError(f"{self.name}: Zone state is invalid for the requested operation\n")
        self.zone, self.is_deleted = None, True

    def _info(self, words: list[str]) -> None:
        text = zone_config.info(self._known(), self.release, words[0] if words else "")
        if text is None:
            raise NotSimulatedError("zonecfg info " + " ".join(words))
        self.said += text

    def _export(self, words: list[str]) -> None:
        text = zone_config.export(self._known())
        if words[:1] == ["-f"] and len(words) == 2:
            try:
                with open(words[1], "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs an import
                    file.write(text)
            except OSError as error:
                # [R]
                raise RefusedError(f"{words[1]}: {error.strerror}\n") from None
        elif words:
            raise RefusedError("usage: export [-f output-file]\n")
        else:
            self.said += text
