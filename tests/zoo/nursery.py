"""Children with a real zygote but without a kernel: what they would tell it is kept to be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

from actors.messages.control import Alert, FaultReport, LogRecord
from actors.runtime.clock import SystemClock
from actors.supervision.children import Children
from actors.supervision.events import Exited, ExitInfo, Message, Spawned, ZygoteReady
from actors.supervision.spec import ChildKind, ChildSpec
from config.logs import Speaker

WAIT_S = 10.0
T = TypeVar("T")


class Nursery:
    """`async with Nursery() as nursery`: a warm zygote; its children die with the block."""

    def __init__(self, preload: tuple[str, ...] = ("tests.zoo.children",)) -> None:
        self.messages: list[Message] = []
        self.lines: list[tuple[str, LogRecord]] = []
        self.faults: list[FaultReport] = []
        self.alerts: list[Alert] = []
        self.tags: dict[str, str] | None = None
        self._news = asyncio.Event()
        self._preload = preload
        self._epoch = 0
        self.delays_s: tuple[float, ...] = (0.0, 0.1)

    async def __aenter__(self) -> Self:
        self.children = Children(
            SystemClock(),
            self._post,
            self,
            delays_s=self.delays_s,
            dump_wait_s=0.2,
            preload=self._preload,
        )
        self.children.open()
        await self.wait(ZygoteReady)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.children.close()

    # Voice

    def log(self, speaker: Speaker, record: LogRecord) -> None:
        self.lines.append((speaker.actor, record))
        self._news.set()

    def fault(self, report: FaultReport, _speaker: Speaker | None = None) -> None:
        self.faults.append(report)
        self._news.set()

    def alert(self, actor: str, epoch: int, alert: Alert) -> None:
        self.alerts.append(alert)
        self._news.set()

    def reporting(self, spec: ChildSpec, epoch: int) -> dict[str, str] | None:
        return self.tags

    # asking

    def _post(self, message: Message) -> None:
        self.messages.append(message)
        self._news.set()

    def spawn(
        self,
        function: str,
        config: Mapping[str, Any] | None = None,
        descriptors: Mapping[str, int] | None = None,
    ) -> tuple[str, int]:
        """Start a zoo child; its actor id and epoch."""
        self._epoch += 1
        entry = function if ":" in function else f"tests.zoo.children:{function}"
        spec = ChildSpec(
            actor=f"stream:{function}"[:60],
            kind=ChildKind.STREAM,
            entry=entry,
            config=config or {},
            descriptors=descriptors or {},
        )
        self.children.spawn(spec, self._epoch)
        return spec.actor, self._epoch

    async def until(self, what: str, look: Callable[[], T | None], timeout_s: float = WAIT_S) -> T:
        """The first thing that `look` finds, looked for at each piece of news."""
        try:
            async with asyncio.timeout(timeout_s):
                while (found := look()) is None:
                    self._news.clear()
                    await self._news.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"{what}: not within {timeout_s} s: {self.messages}") from None

    async def wait(self, kind: type[T], of: tuple[str, int] | None = None, after: int = 0) -> T:
        """The first message of this kind (of this child) behind the first `after` messages."""

        def look() -> T | None:
            for message in self.messages[after:]:
                if isinstance(message, kind) and of in (None, _whose(message)):
                    return message
            return None

        return await self.until(kind.__name__, look)

    async def pid(self, child: tuple[str, int]) -> int:
        return (await self.wait(Spawned, child)).pid

    async def end(self, child: tuple[str, int]) -> ExitInfo:
        return (await self.wait(Exited, child)).exit


def _whose(message: object) -> tuple[str, int]:
    return getattr(message, "actor", ""), getattr(message, "epoch", 0)
