"""`osvc demo`: plays the cookbook's service, on a simulated hypervisor or on a real libvirt."""

from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


@app.command(epilog="Example: osvc demo")
def demo(
    kvm: Annotated[bool, typer.Option("--kvm", help="On a real libvirt, with a guest in QEMU (root, Linux).")] = False,
    shell: Annotated[
        bool, typer.Option("--shell", help="No walk: a shell on the simulated hypervisor, to try things in.")
    ] = False,
) -> int:
    """Play the cookbook's service, command by command: plan, start, status, a failure that is taken back, stop.

    By default on a simulated hypervisor, which needs no root and no libvirt. Changes nothing outside its folder:
    `.demo` in a clone of the repository, a temporary folder elsewhere. The exit status is 1 if a command did not do
    what it should.
    """
    from opensvc_testkit.demo.playing import open_shell, play_kvm, play_simulated

    if shell:
        return open_shell()
    return play_kvm() if kvm else play_simulated()
