"""The driver `disk.loop`: files that are used as disks, attached to loop devices by `losetup` of util-linux."""

import json
from collections.abc import Iterator, Sequence
from os.path import realpath
from typing import ClassVar

from opensvc_core import api


class LoopDevice:
    """A file that is a disk: up while a loop device is attached to it."""

    api_version = 1
    commands: ClassVar = ("losetup",)
    keywords: ClassVar = (
        api.Keyword("file", "The file that is the disk.", api.Kind.PATH, required=True, example="/srv/data.img"),
    )

    @api.hookimpl
    def start(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        """Attach the file, and look; a dry run ends at what would read the effect of a change that it did not make."""
        file = realpath(resource.text("file"))
        if devices := attached(context).get(file):
            return api.Outcome.unchanged(f"is {devices[0]}")
        made = context.run("losetup", "--find", file)
        if devices := attached(context, after=made).get(file):
            return api.Outcome.changed(f"is now {devices[0]}")
        raise api.ActionError(f"{file} is not attached after all", hint="losetup --list shows what is")

    @api.hookimpl
    def stop(self, resource: api.Resource, context: api.Context) -> api.Outcome:
        """Detach all devices of the file; of a busy one `losetup` says it is done when it is not: so wait."""
        file = realpath(resource.text("file"))
        if not (devices := attached(context).get(file)):
            return api.Outcome.unchanged()
        context.run("losetup", "--detach", *devices)
        context.wait_until(lambda: file not in attached(context), f"{file} to be detached", timeout=10)
        return api.Outcome.changed(f"was {' '.join(devices)}")

    @api.hookimpl
    def status(
        self, resources: Sequence[api.Resource], context: api.Context
    ) -> Iterator[tuple[api.ResourceId, api.StatusReport]]:
        """One command for all of them; what it raises makes them `undef`, never `down`."""
        devices = attached(context)
        for resource in resources:
            is_up = realpath(resource.text("file")) in devices
            yield resource.id, api.StatusReport(api.Status.UP if is_up else api.Status.DOWN)


def attached(context: api.Context, after: api.CommandResult | None = None) -> dict[str, list[str]]:
    """The loop devices of this node, by the file that each is attached to."""
    listed = context.query("losetup", "--json", "--list", "--output", "NAME,BACK-FILE", after=after).stdout
    try:
        found = [(each["back-file"], each["name"]) for each in json.loads(listed)["loopdevices"]]
    except (ValueError, LookupError, TypeError) as error:
        raise api.ActionError(f"losetup gave no list: {listed[:60]!r}", hint="call it by hand") from error
    return {file: [name for back_file, name in found if back_file == file] for file, _ in found}
