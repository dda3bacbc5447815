"""Fixtures of the chaos tests: services that end with their test, whatever happens in it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.chaos.service import ZooService

StartZoo = Callable[..., ZooService]


@pytest.fixture
def start_zoo() -> Iterator[StartZoo]:
    """`start_zoo(children, limits)`: a running service of zoo children, all of them READY."""
    with ExitStack() as stack:

        def start(
            children: Mapping[str, tuple[str, Mapping[str, Any]]],
            limits: Mapping[str, Any] | None = None,
            ready: bool = True,
        ) -> ZooService:
            service: ZooService = stack.enter_context(ZooService(children, limits))
            service.launch()
            if ready:
                service.wait_ready(20.0)
            return service

        yield start


@pytest.fixture
def seeded() -> random.Random:
    """A generator whose seed is printed, so that a failure can be played again."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    return random.Random(seed)
