"""The supervisor's process: from the sealed plan to the tree, the sockets, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.supervision.options import SupervisorOptions
    from actors.supervision.spec import ChildSpec
    from actors.supervision.tree import Owned
    from config.plan import Plan
    from config.venues_plan import VenuePlan

EXIT_CRASH = 1

# The zygote's process imports this module again, so what costs time is imported where it is used.
# ruff: noqa: PLC0415


def main(arguments: list[str]) -> int:
    """Run the plan behind the descriptor that the loader named; the exit code."""
    from actors.errors import EXIT_CONFIG, EXIT_USAGE, ConfigFault, UsageFault
    from actors.runtime.isolation import forbid_inspection
    from config.plan import Plan

    forbid_inspection()
    try:
        descriptor = int(arguments[1])
        plan = Plan.read(descriptor)
    except (IndexError, ValueError, UsageFault):
        sys.stderr.write("supervisor: started by main.py alone; run: python main.py\n")
        return EXIT_USAGE
    os.close(descriptor)
    for number in plan.descriptors:
        os.set_inheritable(number, False)
    try:
        return serve(plan)
    except ConfigFault as fault:
        sys.stderr.write(f"broadcaster: {fault}\n")
        return EXIT_CONFIG


def serve(plan: Plan) -> int:
    """Own the sockets for the whole life of the service, and supervise."""
    import msgspec

    from actors.runtime.clock import SystemClock
    from actors.supervision.service import run_supervisor
    from actors.supervision.sockets import Claim, listen_tcp, listen_unix
    from actors.supervision.tree import CACHE_SOCKET, Owned, SimulatorSocket, children

    plan = msgspec.structs.replace(plan, venues=tuple(map(with_addresses, plan.venues)))
    claim = Claim(Path(plan.runtime_dir), Path(plan.data_dir))
    listener = listen_tcp(plan.host, plan.port)
    cache = listen_unix(claim.runtime_dir / CACHE_SOCKET)
    simulators = {venue.name: listen_tcp("127.0.0.1", 0) for venue in plan.venues if plan.simulated}
    owned = Owned(
        listener=listener.fileno(),
        cache=cache.fileno(),
        simulators={name: SimulatorSocket.of(it) for name, it in simulators.items()},
    )
    specs = children(plan, owned, SystemClock().monotonic_ns())
    options = supervisor_options(plan, owned, specs, listener.getsockname()[1])
    return run_supervisor(specs, options, claim)


def with_addresses(venue: VenuePlan) -> VenuePlan:
    """The venue's own addresses where the settings name none."""
    import msgspec

    from actors.venues import registry

    own = registry.venue(venue.name)
    found = {"base_url": venue.base_url or own.base_url, "ws_url": venue.ws_url or own.ws_url}
    return msgspec.structs.replace(venue, **found)


def supervisor_options(
    plan: Plan, owned: Owned, specs: tuple[ChildSpec, ...], port: int
) -> SupervisorOptions:
    from actors.supervision.announce import announcement
    from actors.supervision.options import SupervisorOptions, sentry_options
    from actors.supervision.schedule import Limits
    from actors.supervision.tree import cache_socket, on_demand, preload, reloader
    from config.logs import make_log_sink

    log_sink = make_log_sink(plan.log_level, plan.log_format)
    limits = {name: getattr(plan.limits, name) for name in plan.limits.__struct_fields__}
    return SupervisorOptions(
        runtime_dir=Path(plan.runtime_dir),
        data_dir=Path(plan.data_dir),
        limits=Limits(**limits),
        log_sink=log_sink,
        announce=announcement(specs, plan, port, log_sink),
        simulated=plan.simulated,
        reload=reloader(plan, owned),
        preload=preload(plan),
        cache_socket=cache_socket(plan),
        sentry=sentry_options(plan),
        notify=plan.notify,
        on_demand=on_demand(plan, owned),
        streams_max=plan.streams_max,
    )


if __name__ == "__main__":
    code = EXIT_CRASH
    try:
        code = main(sys.argv)
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - the guard of this process's main
        traceback.print_exc()
    finally:
        # Any other end would wait in multiprocessing's hook for the zygote and its children.
        os._exit(code)
