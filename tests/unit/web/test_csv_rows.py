"""Cells of CSV: exact texts, and none that a spreadsheet would carry out."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.csv_rows import FORMULA_STARTS, ROWS_AT_ONCE, cell, chunks


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (12, "12"),
        ("84050.000000", "84050.000000"),
        ("-0.10", "-0.10"),
        ("1E-9", "1E-9"),
        ("-1e+5", "-1e+5"),
        ([{"a": "1"}], '[{"a":"1"}]'),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("-1\n", "'-1\n"),
        ("-٣", "'-٣"),
        ("BTC-USD", "BTC-USD"),
    ],
)
def test_a_cell(value: object, text: str) -> None:
    assert cell(value) == text


@given(st.lists(st.text(), min_size=0, max_size=8))
def test_any_text_comes_back_and_none_is_a_formula(texts: list[str]) -> None:
    rows = [{"a": text, "b": "x"} for text in texts]
    told = b"".join(chunks(["a", "b"], rows)).decode("utf-8", "surrogatepass")
    read = list(csv.reader(io.StringIO(told, newline="")))
    assert read[0] == ["a", "b"]
    for text, (found, other) in zip(texts, read[1:], strict=True):
        assert other == "x"
        assert found in (text, f"'{text}")
        if found.lstrip(" ").startswith(FORMULA_STARTS):
            float(found)


def test_rows_come_some_at_once() -> None:
    rows = [{"a": number} for number in range(2 * ROWS_AT_ONCE + 1)]
    parts = list(chunks(["a"], rows))
    assert [part.count(b"\r\n") for part in parts] == [1, ROWS_AT_ONCE, ROWS_AT_ONCE, 1]
