"""What the simulated libvirt makes of a domain XML: defaults are filled in, and it is written libvirt's own way.

So a definition that is read back never equals, byte by byte, what was defined. Which defaults, in which order: captured
from libvirt 9.0.0 (Debian 12) with a small guest; CPU model, PCI addresses and most controllers are left out.
"""

from __future__ import annotations

import os
from xml.parsers import expat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Definition, Disk

UNITS = {"b": 1, "bytes": 1, "KB": 10**3, "k": 2**10, "KiB": 2**10, "MB": 10**6, "M": 2**20, "MiB": 2**20,
         "GB": 10**9, "G": 2**30, "GiB": 2**30, "T": 2**40, "TiB": 2**40}  # fmt: skip
ORDER = ("name", "uuid", "title", "description", "metadata", "memory", "currentMemory", "vcpu", "os", "features", "cpu",
         "clock", "on_poweroff", "on_reboot", "on_crash", "pm", "devices", "seclabel")  # fmt: skip
MACHINES = {"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"}
SOURCE_ATTRIBUTES = ("file", "dev", "dir", "name", "volume")


class BadXmlError(Exception):
    """libvirt refuses it; the text is its reason, without ``error: ``."""


class Element:
    """One element: attributes in order, children, text."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str] | None = None, text: str = "") -> None:
        self.tag = tag
        self.attributes = attributes or {}
        self.children: list[Element] = []
        self.text = text

    def find(self, tag: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.tag == tag), None)

    def ensure(self, tag: str, text: str = "", **attributes: str) -> Element:
        """The first child of that name, made if there is none; attributes are added where missing."""
        child = self.find(tag)
        if child is None:
            child = Element(tag, {}, text)
            self.children.append(child)
        for name, value in attributes.items():
            child.attributes.setdefault(name, value)
        return child


def parse(text: str) -> Element:
    """The root element. Raises BadXmlError with libxml2's words for what was captured, else expat's."""
    top = Element("")
    open_elements = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag, dict(attributes))
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_tag: str) -> None:
        element = open_elements.pop()
        element.text = "" if element.children else element.text.strip()

    def data(part: str) -> None:
        open_elements[-1].text += part

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise BadXmlError(_reason(error, text, open_elements)) from None
    return top.children[0]


def _reason(error: expat.ExpatError, text: str, open_elements: list[Element]) -> str:
    lines = text.split("\n")
    if not text.lstrip().startswith("<"):
        return f"(domain_definition):1: Start tag expected, '<' not found\n{lines[0]}\n^"
    if len(open_elements) > 1 and error.lineno >= len(lines):
        # libxml2 prints a null here, as captured.
        return (
            f"(domain_definition):{len(lines)}: Premature end of data in tag {open_elements[-1].tag} line 1\n(null)\n^"
        )
    shown = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
    # [R] the words are expat's, not libxml2's.
    return f"(domain_definition):{error.lineno}: {expat.ErrorString(error.code)}\n{shown}\n{' ' * error.offset}^"


def render(element: Element, depth: int = 0) -> str:
    """As libvirt prints it: two blanks a level, single quotes."""
    pad = "  " * depth
    head = element.tag + "".join(
        f" {name}='{_escape(value, quote=True)}'" for name, value in element.attributes.items()
    )
    if element.children:
        inner = "".join(render(child, depth + 1) for child in element.children)
        return f"{pad}<{head}>\n{inner}{pad}</{element.tag}>\n"
    if element.text:
        return f"{pad}<{head}>{_escape(element.text)}</{element.tag}>\n"
    return f"{pad}<{head}/>\n"


def _escape(text: str, *, quote: bool = False) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("'", "&apos;") if quote else text


def read_definition(text: str) -> tuple[str, str, Definition]:
    """Name, uuid (empty if not said) and the definition with its defaults. Raises BadXmlError."""
    root = parse(text)
    if root.tag != "domain":
        # [R]
        raise BadXmlError(f"XML error: unexpected root element <{root.tag}>, expecting <domain>")
    if "type" not in root.attributes:
        raise BadXmlError("internal error: missing domain type attribute")
    name = root.find("name")
    if name is None or not name.text:
        raise BadXmlError("XML error: missing name information")  # [R]
    root.attributes = {"type": root.attributes["type"]}
    uuid = root.ensure("uuid")
    said = uuid.text
    uuid.text = said or new_uuid()
    _fill(root)
    memory, vcpu, devices = root.ensure("memory"), root.ensure("vcpu"), root.ensure("devices")
    definition: Definition = {
        "xml": render(root),
        "disks": [_disk(child) for child in devices.children if child.tag == "disk"],
        "memory": int(memory.text),
        "vcpus": int(vcpu.text),
        "agent": any(_is_agent_channel(child) for child in devices.children),
    }
    return name.text, said, definition


def uuid_of(definition: Definition) -> str:
    """The uuid in a definition that was read."""
    return definition["xml"].split("<uuid>")[1].split("</uuid>")[0]


def new_uuid() -> str:
    """A random uuid, version 4."""
    data = bytearray(os.urandom(16))
    data[6], data[8] = data[6] & 0x0F | 0x40, data[8] & 0x3F | 0x80
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def live_xml(definition: Definition, number: int) -> str:
    """The XML of a running domain: its id, and where it lies (captured)."""
    root = parse(definition["xml"])
    root.attributes["id"] = str(number)
    resource = Element("resource")
    resource.ensure("partition", "/machine")
    after = next(index for index, child in enumerate(root.children) if child.tag == "vcpu")
    root.children.insert(after + 1, resource)
    return render(root)


def _fill(root: Element) -> None:
    memory = root.ensure("memory", "0")
    kib = _to_kib(memory)
    current = root.ensure("currentMemory", str(kib), unit="KiB")
    for element, amount in ((memory, kib), (current, _to_kib(current))):
        element.text, element.attributes["unit"] = str(amount), "KiB"
    root.ensure("vcpu", "1", placement="static")
    system = root.ensure("os")
    kind = system.ensure("type", "hvm", arch="x86_64", machine="pc")
    kind.attributes["machine"] = MACHINES.get(kind.attributes["machine"], kind.attributes["machine"])
    if not any(system.find(tag) for tag in ("boot", "kernel", "loader")):
        system.ensure("boot", dev="hd")
    root.ensure("clock", offset="utc")
    for event, action in (("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_crash", "destroy")):
        root.ensure(event, action)
    devices = root.ensure("devices")
    for disk in devices.children:
        if disk.tag == "disk":
            _fill_disk(disk)
    for tag, attributes in (
        ("controller", {"type": "pci", "index": "0", "model": "pci-root"}),
        ("audio", {"id": "1", "type": "none"}),
        ("memballoon", {"model": "virtio"}),
    ):
        if not any(child.tag == tag for child in devices.children):
            devices.children.append(Element(tag, dict(attributes)))
    root.children.sort(key=lambda child: ORDER.index(child.tag) if child.tag in ORDER else len(ORDER))


def _fill_disk(disk: Element) -> None:
    disk.attributes.setdefault("device", "disk")
    disk.ensure("driver", name="qemu", type="raw")
    if disk.attributes["device"] == "cdrom":
        disk.ensure("readonly")
    order = ("driver", "auth", "source", "target")
    disk.children.sort(key=lambda child: order.index(child.tag) if child.tag in order else len(order))


def _to_kib(element: Element) -> int:
    unit = element.attributes.get("unit", "KiB")
    if not (element.text.isascii() and element.text.isdigit()) or unit not in UNITS:
        raise BadXmlError(f"XML error: malformed {element.tag} value '{element.text}' unit '{unit}'")  # [R]
    return -(-int(element.text) * UNITS[unit] // 1024)


def _disk(disk: Element) -> Disk:
    source, target = disk.find("source"), disk.find("target")
    where = (
        next((source.attributes[key] for key in SOURCE_ATTRIBUTES if key in source.attributes), "") if source else ""
    )
    return {
        "type": disk.attributes.get("type", "file"),
        "device": disk.attributes["device"],
        "target": target.attributes.get("dev", "") if target else "",
        "source": where or "-",
    }


def _is_agent_channel(device: Element) -> bool:
    target = device.find("target")
    return device.tag == "channel" and target is not None and target.attributes.get("name") == "org.qemu.guest_agent.0"
