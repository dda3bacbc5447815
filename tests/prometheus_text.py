"""A strict reader of Prometheus' text format 0.0.4, written by its specification."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Inf)|NaN")
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    """One metric: its samples by name and labels, in the order of the text."""

    name: str
    help: str
    type: str = ""
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        return self.samples[self.name, tuple(sorted(labels.items()))]

    def of(self, **labels: str) -> dict[tuple[str, Labels], float]:
        wanted = set(labels.items())
        return {key: value for key, value in self.samples.items() if wanted <= set(key[1])}


def parse(text: str) -> dict[str, Family]:
    """Every family of `text`; AssertionError for what the format does not allow."""
    assert text.endswith("\n"), "the last line must end"
    families: dict[str, Family] = {}
    current: Family | None = None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, name, help_ = line.split(" ", 3)
            assert NAME.fullmatch(name), line
            assert name not in families, f"{name} comes twice"
            current = families[name] = Family(name, help_)
        elif line.startswith("# TYPE "):
            _, _, name, type_ = line.split(" ")
            assert current is not None
            assert (current.name, current.type, current.samples) == (name, "", {}), line
            assert type_ in ("counter", "gauge", "histogram"), line
            current.type = type_
        else:
            assert current is not None
            _take_sample(current, line)
    for family in families.values():
        assert family.type, f"{family.name} has no type"
        if family.type == "histogram":
            _check_histogram(family)
    return families


def _take_sample(family: Family, line: str) -> None:
    found = SAMPLE.fullmatch(line)
    assert found, f"not a sample: {line!r}"
    name, labels_text, number = found.groups()
    allowed = {family.name}
    if family.type == "histogram":
        allowed = {f"{family.name}{end}" for end in ("_bucket", "_sum", "_count")}
    assert name in allowed, f"{name} stands among the samples of {family.name}"
    assert NUMBER.fullmatch(number), line
    value = float(number)
    if family.type == "counter":
        assert family.name.endswith("_total"), family.name
        assert value >= 0, line
    key = (name, _labels(labels_text or "", line))
    assert key not in family.samples, f"twice: {line}"
    family.samples[key] = value


def _labels(text: str, line: str) -> Labels:
    pairs = []
    at = 0
    while at < len(text):
        found = LABEL.match(text, at)
        assert found, line
        name, value, _ = found.groups()
        pairs.append((name, re.sub(r'\\[\\"n]', lambda it: ESCAPES[it.group()], value)))
        at = found.end()
    assert len({name for name, _ in pairs}) == len(pairs), line
    return tuple(sorted(pairs))


def _check_histogram(family: Family) -> None:
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (name, labels), value in family.samples.items():
        if name.endswith("_bucket"):
            bound = dict(labels)["le"]
            rest = tuple(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((float(bound), value))
    for labels, buckets in series.items():
        bounds, counts = zip(*buckets, strict=True)
        assert list(bounds) == sorted(set(bounds)), (family.name, labels)
        assert bounds[-1] == math.inf, (family.name, labels)
        assert list(counts) == sorted(counts), (family.name, labels)
        assert counts[-1] == family.samples[f"{family.name}_count", labels]
        assert family.samples[f"{family.name}_sum", labels] >= 0
