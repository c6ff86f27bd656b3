"""What `node.conf` says of the collector, and where the files of this client lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from opensvc_collector_client.transport.address import Address
from opensvc_core.api import ConfigError, ConfigProblem, parse_duration

if TYPE_CHECKING:
    from opensvc_core.api import Node

SECTION: Final = "collector"
DEFAULT_HOST: Final = "dbopensvc"
DEFAULT_PATH: Final = "/init/default/call/xmlrpc"
"""Where the collector of 2010 takes calls."""
KEYWORDS: Final = frozenset({"url", "dbopensvc", "timeout", "authorities", "status_schedule", "push_schedule"})


@frozen
class Settings:
    """The collector of this node.

    Attributes:
        url: its address, empty for none.
        source: where that stands: ``[collector] url``, …, ``default``.
        timeout: seconds for one call.
        authorities: file of certificates to trust in place of the system's, or empty.
    """

    url: str
    source: str
    timeout: float = 20.0
    authorities: str = ""

    @property
    def address(self) -> Address | None:
        """Where it is, ``None`` where there is none."""
        address = Address.of(self.url) if self.url else None
        return None if address is None or address.is_off else address

    @property
    def is_named(self) -> bool:
        """Whether somebody named a collector: that the default's name does not resolve is no trouble."""
        return self.source != "default"


def read_settings(node: Node) -> Settings:
    """What the node's settings say. Raises ConfigError."""
    given, file = node.settings.get(SECTION, {}), node.folders.etc / "node.conf"
    problems = [
        ConfigProblem(
            file, 0, SECTION, keyword, "is no setting of the collector", f"known: {', '.join(sorted(KEYWORDS))}"
        )
        for keyword in sorted(given.keys() - KEYWORDS)
    ]
    url, source = f"http://{DEFAULT_HOST}:80{DEFAULT_PATH}", "default"
    for section, keyword in ((SECTION, "url"), (SECTION, "dbopensvc"), ("node", "dbopensvc")):
        text = node.settings.get(section, {}).get(keyword)
        if text is None:
            continue
        source = f"[{section}] {keyword}"
        try:
            url = whole_url(text)
        except ValueError as error:
            problems.append(ConfigProblem(file, 0, section, keyword, str(error)))
        break
    timeout = Settings("", "").timeout
    if "timeout" in given:
        try:
            timeout = parse_duration(given["timeout"])
            if not 0 < timeout <= 600:
                message = f"{given['timeout']!r} is not more than 0 and at most 10 minutes"
                raise ValueError(message)
        except ValueError as error:
            problems.append(ConfigProblem(file, 0, SECTION, "timeout", str(error)))
    if problems:
        raise ConfigError(problems, hint=f"correct [{SECTION}] in {file}")
    return Settings(url, source, timeout, given.get("authorities", ""))


def whole_url(text: str) -> str:
    """The address that a setting means: a host name alone, or one without a path, stands for the usual place.

    Raises:
        ValueError: it is no address.
    """
    text = text.strip()
    if not text:
        return ""
    if "://" not in text:
        text = f"http://{text}"
    address = Address.of(text)
    return text.rstrip("/") + DEFAULT_PATH if address.path == "/" else text


@frozen
class Places:
    """Where the files of this client lie; all of them are for their owner alone.

    Attributes:
        etc: of the node.
        var: likewise.
    """

    etc: Path
    var: Path

    @classmethod
    def of(cls, node: Node) -> Places:
        """Those of a node."""
        return cls(node.folders.etc, node.folders.var)

    @property
    def folder(self) -> Path:
        """State of the sender."""
        return self.var / "collector"

    @property
    def state(self) -> Path:
        """Back-off, refusals, what was pushed."""
        return self.folder / "state.json"

    @property
    def poison(self) -> Path:
        """Records that were set aside."""
        return self.folder / "poison.json"

    @property
    def lock(self) -> Path:
        """Held by the one sender."""
        return self.folder / "lock"

    @property
    def uuid(self) -> Path:
        """What the collector knows this node by."""
        return self.etc / "collector.uuid"
