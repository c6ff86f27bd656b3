"""The XML that describes a domain: read safely, compared, and asked for disks, files and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from attrs import field, frozen

from opensvc_core.api import ActionError, Device

_UNITS = {"b": 1, "bytes": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
FLAG_TARGET = "vdosvc"
"""Name, to libvirt, of the disk that tells a guest that it boots on a disaster-recovery node (agent 2010)."""
_DOCUMENT = re.compile(r"<domain\b.*?</domain>", re.DOTALL)


class DefinitionError(ActionError):
    """A definition cannot be used."""

    code = "definition"


class _Builder(ElementTree.TreeBuilder):
    """Builds a tree, and no entity: a document type can define ones that fill the memory or read other files."""

    def doctype(self, *_: object) -> None:
        raise DefinitionError("the definition has a DOCTYPE, which is not allowed")


@frozen
class VolumeDisk:
    """A disk that names a volume of a storage pool of libvirt."""

    pool: str
    volume: str
    is_writable: bool
    target: str


@frozen
class Definition:
    """One domain's XML.

    Attributes:
        text: as it was read.
        root: of the parsed tree.
    """

    text: str = field(repr=False)
    root: ElementTree.Element = field(repr=False)

    @classmethod
    def parse(cls, document: str | bytes, source: str) -> Definition:
        """Read a document that came from ``source``.

        Raises:
            DefinitionError: it is no XML, has a DOCTYPE, or describes no domain.
        """
        parser = ElementTree.XMLParser(target=_Builder())  # noqa: S314 - see _Builder
        try:
            parser.feed(document)
            root = parser.close()
        except DefinitionError as error:
            raise DefinitionError(f"{source}: {error.message}") from None
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise DefinitionError(f"{source}: not readable as XML: {error}") from None
        if root.tag != "domain":
            raise DefinitionError(f"{source}: describes no domain but {root.tag!r}")
        text = document if isinstance(document, str) else ElementTree.tostring(root, encoding="unicode")
        return cls(text, root)

    def _word(self, path: str) -> str:
        return (self.root.findtext(path) or "").strip()

    @property
    def name(self) -> str:
        """Name of the domain, empty if it has none."""
        return self._word("name")

    @property
    def uuid(self) -> str:
        """Its UUID, empty if libvirt is to choose one."""
        return self._word("uuid")

    @property
    def is_live(self) -> bool:
        """Whether it describes a domain as it runs, with what was plugged in meanwhile."""
        return "id" in self.root.attrib

    def is_same(self, other: Definition) -> bool:
        """Whether both say the same: order of attributes, blanks between elements and comments do not matter."""
        return _canonical(self.root) == _canonical(other.root)

    def with_uuid(self, uuid: str) -> str:
        """The document with a UUID: libvirt refuses a definition of a known domain that has none."""
        root = ElementTree.fromstring(ElementTree.tostring(self.root))  # noqa: S314 - a copy of what passed _Builder
        element = ElementTree.Element("uuid")
        element.text = uuid
        root.insert(1, element)
        return ElementTree.tostring(root, encoding="unicode")

    def with_flag(self, disk: Path | None) -> Definition:
        """The same with an empty disk that tells the guest where it boots, or without it; itself if it is so already.

        Args:
            disk: the file behind it; None for a definition without it.
        """
        found = [each for each in self.root.iterfind("devices/disk") if _target(each) == FLAG_TARGET]
        sources = [source.get("file", "") for each in found for source in each.iterfind("source")]
        if sources == ([] if disk is None else [str(disk)]):
            return self
        root = ElementTree.fromstring(ElementTree.tostring(self.root))  # noqa: S314 - a copy of what passed _Builder
        devices = root.find("devices")
        if devices is None:
            devices = ElementTree.SubElement(root, "devices")
        for each in [each for each in devices.iterfind("disk") if _target(each) == FLAG_TARGET]:
            devices.remove(each)
        if disk is not None:
            flag = ElementTree.SubElement(devices, "disk", {"type": "file", "device": "disk"})
            ElementTree.SubElement(flag, "driver", {"name": "qemu", "type": "raw"})
            ElementTree.SubElement(flag, "source", {"file": str(disk)})
            ElementTree.SubElement(flag, "target", {"dev": FLAG_TARGET, "bus": "virtio"})
            ElementTree.SubElement(flag, "readonly")
        return Definition(ElementTree.tostring(root, encoding="unicode"), root)

    def disks(self) -> Iterator[Device | VolumeDisk]:
        """Disks that have a source; an empty drive has none. Devices handed through (PCI, SCSI) are not told here."""
        for disk in self.root.iterfind("devices/disk"):
            source = disk.find("source")
            if source is None:
                continue
            is_writable = disk.find("readonly") is None and disk.get("device", "disk") != "cdrom"
            target = disk.find("target")
            name = "" if target is None else target.get("dev", "")
            kind = disk.get("type", "file")
            if kind == "volume" and source.get("pool") and source.get("volume"):
                yield VolumeDisk(source.get("pool", ""), source.get("volume", ""), is_writable, name)
                continue
            attribute, known = {
                "file": ("file", "file"),
                "dir": ("dir", "file"),
                "block": ("dev", "block"),
                "network": ("name", "network"),
            }.get(kind, ("", ""))
            path = source.get(attribute, "") if attribute else ""
            if path:
                yield Device(path, known, is_writable=is_writable, target=name)

    def files(self) -> Iterator[Path]:
        """Files that belong to the domain and are no disks: the variables of its firmware."""
        nvram = self.root.find("os/nvram")
        if nvram is None:
            return
        source = nvram.find("source")
        path = (nvram.text or "").strip() or ("" if source is None else source.get("file", ""))
        if path:
            yield Path(path)

    @property
    def vcpus(self) -> int | None:
        """Virtual processors in use, None if not told."""
        element = self.root.find("vcpu")
        text = "" if element is None else element.get("current") or (element.text or "").strip()
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def memory(self) -> int | None:
        """Bytes of memory in use, None if not told."""
        element = self.root.find("currentMemory")
        if element is None:
            element = self.root.find("memory")
        text = "" if element is None else (element.text or "").strip()
        if element is None or not (text.isascii() and text.isdigit()):
            return None
        unit = element.get("unit", "KiB")
        # libvirt: KB is 1000 bytes, K and KiB are 1024; likewise M, G, T.
        if unit.upper().endswith("B") and len(unit) == 2:
            factor = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}.get(unit[0].upper())
        else:
            factor = _UNITS.get(unit.lower()) or _UNITS.get(unit.lower().removesuffix("ib"))
        return int(text) * factor if factor else None


def _target(disk: ElementTree.Element) -> str:
    target = disk.find("target")
    return "" if target is None else target.get("dev", "")


def split_definitions(text: str) -> list[str]:
    """Each document of what several ``dumpxml`` printed one after the other."""
    return _DOCUMENT.findall(text)


def _canonical(root: ElementTree.Element) -> str:
    return ElementTree.canonicalize(ElementTree.tostring(root, encoding="unicode"), strip_text=True)
