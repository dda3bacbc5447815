"""Prometheus' text format 0.0.4: what a metric is, and how its samples are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from web.service import Service

PREFIX: Final = "broadcaster_"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Buckets(NamedTuple):
    """A histogram's sample: how many were at most each bound (in the metric's unit), and all."""

    bounds: Sequence[float]
    counts: Sequence[int]
    sum: float


Value = float | Buckets | None
"""None: nothing is known of it, and no sample is written."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How one figure of a subject is called, and read from one of its things."""

    name: str
    type: Literal["gauge", "counter", "histogram"]
    help: str
    read: Callable[[Any], Value]


def gauge(name: str, help_: str, read: Callable[[Any], Value]) -> Metric:
    """What goes up and down."""
    return Metric(PREFIX + name, "gauge", help_, read)


def counter(name: str, help_: str, read: Callable[[Any], Value]) -> Metric:
    """What only rises until its process starts anew."""
    return Metric(PREFIX + name, "counter", help_, read)


def histogram(name: str, help_: str, read: Callable[[Any], Value]) -> Metric:
    """What is counted by bounds; `read` gives Buckets."""
    return Metric(PREFIX + name, "histogram", help_, read)


def one(_: object) -> int:
    """For metrics that tell by their labels."""
    return 1


class Thing(NamedTuple):
    """One thing that there is now: its labels' values, and what metrics read."""

    labels: tuple[str, ...]
    held: Any


@dataclass(frozen=True, slots=True)
class Subject:
    """Things of one kind, told apart by `labels` (one at least), and all that is told of each."""

    labels: tuple[str, ...]
    things: Callable[[Service], Iterable[Thing]]
    metrics: tuple[Metric, ...]


def text_of(subjects: Iterable[Subject], service: Service) -> bytes:
    """All samples of now, each metric's together, under its help and type."""
    return "".join(
        line for subject in subjects for line in _subject_lines(subject, service)
    ).encode()


def _subject_lines(subject: Subject, service: Service) -> Iterator[str]:
    # The labels of a thing are written once, however much is told of it.
    things = [
        (labels_text(zip(subject.labels, it.labels, strict=True)), it.held)
        for it in subject.things(service)
    ]
    for metric in subject.metrics:
        name, read = metric.name, metric.read
        yield f"# HELP {name} {_escaped_help(metric.help)}\n# TYPE {name} {metric.type}\n"
        for labels, held in things:
            value = read(held)
            if isinstance(value, Buckets):
                yield from _histogram_lines(name, labels, value)
            elif value is not None:
                yield f"{name}{{{labels}}} {number(value)}\n"


def _histogram_lines(name: str, labels: str, value: Buckets) -> Iterator[str]:
    for bound, count in zip(value.bounds, value.counts[:-1], strict=True):
        yield f'{name}_bucket{{{labels},le="{bound:g}"}} {count}\n'
    total = value.counts[-1]
    yield f'{name}_bucket{{{labels},le="+Inf"}} {total}\n'
    yield f"{name}_sum{{{labels}}} {number(value.sum)}\n"
    yield f"{name}_count{{{labels}}} {total}\n"


def labels_text(pairs: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)


def number(value: float) -> str:
    """A sample's value: whole numbers without a point, others to the last digit."""
    if isinstance(value, int):
        return str(int(value))
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
