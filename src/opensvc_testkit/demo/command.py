"""`osvc demo`: plays the cookbook's service, on simulated nodes of some platform or on a real libvirt."""

from typing import Annotated

import typer

from opensvc_testkit.demo.service import PLATFORMS, USUAL

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


@app.command(epilog="Example: osvc demo --platform lxc")
def demo(
    platform: Annotated[
        str, typer.Option("--platform", metavar="NAME", help=f"Kind of the simulated guests: {', '.join(PLATFORMS)}.")
    ] = USUAL,
    kvm: Annotated[bool, typer.Option("--kvm", help="On a real libvirt, with a guest in QEMU (root, Linux).")] = False,
    shell: Annotated[
        bool, typer.Option("--shell", help="No walk: a shell on the simulated node, to try things in.")
    ] = False,
) -> int:
    """Play the cookbook's service, command by command: plan, start, status, a failure that is taken back, stop.

    By default on simulated nodes, which needs no root and no hypervisor. Changes nothing outside its folder: `.demo`
    in a clone of the repository, a temporary folder elsewhere. The exit status is 1 if a command did not do what it
    should.
    """
    from opensvc_testkit.demo.playing import open_shell, play_kvm, play_simulated

    if shell:
        return open_shell(platform)
    return play_kvm() if kvm else play_simulated(platform)
