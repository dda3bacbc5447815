"""A service of zoo children: reads its description (JSON) from the file named on the line."""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> int:
    from pathlib import Path

    from actors.messages.control import ChildStatus, LogRecord
    from actors.supervision.options import SentryOptions, SupervisorOptions
    from actors.supervision.schedule import Limits
    from actors.supervision.service import run_supervisor
    from actors.supervision.spec import ChildKind, ChildSpec
    from config.logs import Speaker

    described = json.loads(Path(sys.argv[1]).read_bytes())
    runtime_dir = Path(described["runtime_dir"])
    log = Path(described["log"])

    def log_sink(speaker: Speaker, record: LogRecord) -> None:
        with log.open("a", encoding="utf-8") as lines:
            lines.write(f"{speaker.actor} {record}\n")

    told = Path(described["told"])

    class Told:
        """Writes each change of a child's state with the time at which it was said."""

        def __init__(self) -> None:
            self._last: dict[str, tuple[str, int]] = {}

        def child(self, status: ChildStatus) -> None:
            news = (status.state, status.epoch)
            if self._last.get(status.actor) == news:
                return
            self._last[status.actor] = news
            self._write(actor=status.actor, state=status.state, epoch=status.epoch)

        def all_ready(self) -> None:
            self._write(actor="", state="all_ready", epoch=0)

        def _write(self, **news: object) -> None:
            line = json.dumps({"mono_ns": time.monotonic_ns(), **news})
            with told.open("a", encoding="utf-8") as lines:
                lines.write(line + "\n")

    specs = [
        ChildSpec(
            actor=each["actor"],
            kind=ChildKind(each.get("kind", "stream")),
            entry=each["entry"],
            config=each.get("config", {}),
        )
        for each in described["children"]
    ]
    options = SupervisorOptions(
        runtime_dir=runtime_dir,
        data_dir=Path(described["data_dir"]),
        limits=Limits(**described.get("limits", {})),
        log_sink=log_sink,
        announce=Told(),
        preload=("tests.zoo.children",),
        seed=described["seed"],
        sentry=SentryOptions(**described["sentry"]) if described.get("sentry") else None,
    )
    return run_supervisor(specs, options)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
