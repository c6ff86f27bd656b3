"""Services made for tests, without a file and without a platform."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from opensvc_core.config.sections import default_phase
from opensvc_core.model import Phase, Resource, ResourceId, Service, Subset

DRIVERS = ("disk.test", "fs.test", "ip.test", "container.test", "ip.guest", "app.test")


def make_resource(rid: str, driver: str = "", service: str = "svc", **options: Any) -> Resource:
    """A resource whose driver follows from its group: ``disk#1`` is a ``disk.test``."""
    driver = driver or f"{rid.partition('#')[0]}.test"
    phase = options.pop("phase", None) or default_phase(driver) or Phase.APPLICATION
    return Resource(ResourceId(service, rid), driver, phase=phase, **options)


def make_service(resources: Iterable[Resource], name: str = "svc", subsets: Iterable[Subset] = ()) -> Service:
    """A service on one node."""
    return Service(
        name, Path(f"/nowhere/{name}.env"), tuple(resources), nodes=("n1",), subsets={s.name: s for s in subsets}
    )


@st.composite
def services(draw: st.DrawFn, name: str = "svc", max_size: int = 9) -> Service:
    """Any service that configuration can make: phases, guests, subsets, requirements that make no circle."""
    drivers = draw(st.lists(st.sampled_from(DRIVERS), max_size=max_size))
    containers = [f"container#{i}" for i, driver in enumerate(drivers) if driver == "container.test"]
    resources: list[Resource] = []
    for index, drawn in enumerate(drivers):
        driver = "ip.test" if drawn == "ip.guest" and not containers else drawn
        rid = f"{driver.partition('.')[0]}#{index}"
        in_guest = driver in {"ip.guest", "app.test"} and containers
        options: dict[str, Any] = {
            "container": draw(st.sampled_from(containers)) if in_guest else "",
            "is_optional": draw(st.booleans()),
            "is_disabled": draw(st.integers(0, 5)) == 0,
            "is_standby": draw(st.integers(0, 7)) == 0,
            "subset": draw(st.sampled_from(["", "", "a", "b"])),
            "tags": frozenset(draw(st.lists(st.sampled_from(["x", "y"]), max_size=2))),
        }
        # Requirements on an earlier phase never make a circle with the default order.
        phase = default_phase(driver) or Phase.APPLICATION
        below = [r.rid for r in resources if r.phase < phase]
        if len(below) > 0 and draw(st.booleans()):
            options["start_requires"] = (draw(st.sampled_from(below)),)
        resources.append(make_resource(rid, driver, name, **options))
    subsets = [Subset(subset, parallel=draw(st.sampled_from([False, True]))) for subset in ("a", "b")]
    return make_service(resources, name, subsets)
