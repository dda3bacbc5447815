"""The curve ECgFp5 under Lighter's signatures: y² = x³ + 2x² + 263·z·x over GF(p⁵), z⁵ = 3.

A group element is encoded as one field element w (PROTOCOL 2.2). Arithmetic is done on its
partner of odd order, the element plus (0, 0): there the ordinary rules of the curve hold, the
neutral element is the point at infinity, and w is -y/x.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from actors.simulator.dialects.lighter_poseidon import FIELD

Element = tuple[int, int, int, int, int]
"""A polynomial in z of degree 4; each coefficient is below `FIELD`."""

GROUP_ORDER: Final = int(
    "7ffffffd800000077ffffff1000000167fffffe6cfb80639e8885c39d724a09ce80fd996948bffe1", 16
)
_ZERO: Final[Element] = (0, 0, 0, 0, 0)
_TWO: Final[Element] = (2, 0, 0, 0, 0)
_B: Final[Element] = (0, 263, 0, 0, 0)
_NON_RESIDUE: Final = 3
_FROBENIUS: Final = tuple(pow(_NON_RESIDUE, (FIELD - 1) // 5 * power, FIELD) for power in range(5))
_TWO_ADICITY: Final = 32
_ROOT_OF_UNITY: Final = pow(7, (FIELD - 1) >> _TWO_ADICITY, FIELD)
"""7 generates the field's multiplicative group, so this is a non-square of order 2^32."""


class Point(NamedTuple):
    """A point of the curve that is not the one at infinity."""

    x: Element
    y: Element


def decode(w: Element) -> Point | None:
    """The point that `w` names, None for the neutral element; ValueError for no point's name."""
    if w == _ZERO:
        return None
    half_sum = _subtracted(_multiplied(w, w), _TWO)
    root = _square_root(
        _subtracted(_multiplied(half_sum, half_sum), _multiplied((4, 0, 0, 0, 0), _B))
    )
    if root is None:
        raise ValueError("expected a point of the curve, found an element that names none")
    half = (FIELD + 1) // 2
    x = _scaled(_added(half_sum, root), half)
    if not _is_square(x):
        x = _scaled(_subtracted(half_sum, root), half)
    return Point(x, _negated(_multiplied(w, x)))


def encode(point: Point | None) -> Element:
    if point is None:
        return _ZERO
    return _negated(_multiplied(point.y, _inverted(point.x)))


def combined(pairs: list[tuple[int, Point | None]]) -> Point | None:
    """The sum of `factor × point` over all pairs, in one pass over the factors' digits."""
    total: Point | None = None
    for bit in range(max(factor.bit_length() for factor, _ in pairs) - 1, -1, -1):
        total = add(total, total)
        for factor, point in pairs:
            if factor >> bit & 1:
                total = add(total, point)
    return total


def add(one: Point | None, other: Point | None) -> Point | None:
    if one is None:
        return other
    if other is None:
        return one
    if one.x != other.x:
        rise, run = _subtracted(other.y, one.y), _subtracted(other.x, one.x)
    elif one.y == other.y and one.y != _ZERO:
        squared = _multiplied(one.x, one.x)
        rise = _added(_added(_scaled(squared, 3), _scaled(one.x, 4)), _B)
        run = _scaled(one.y, 2)
    else:
        return None
    slope = _multiplied(rise, _inverted(run))
    x = _subtracted(_subtracted(_subtracted(_multiplied(slope, slope), _TWO), one.x), other.x)
    return Point(x, _subtracted(_multiplied(slope, _subtracted(one.x, x)), one.y))


def _added(a: Element, b: Element) -> Element:
    return (
        (a[0] + b[0]) % FIELD,
        (a[1] + b[1]) % FIELD,
        (a[2] + b[2]) % FIELD,
        (a[3] + b[3]) % FIELD,
        (a[4] + b[4]) % FIELD,
    )


def _subtracted(a: Element, b: Element) -> Element:
    return (
        (a[0] - b[0]) % FIELD,
        (a[1] - b[1]) % FIELD,
        (a[2] - b[2]) % FIELD,
        (a[3] - b[3]) % FIELD,
        (a[4] - b[4]) % FIELD,
    )


def _negated(a: Element) -> Element:
    return _subtracted(_ZERO, a)


def _scaled(a: Element, factor: int) -> Element:
    return (
        a[0] * factor % FIELD,
        a[1] * factor % FIELD,
        a[2] * factor % FIELD,
        a[3] * factor % FIELD,
        a[4] * factor % FIELD,
    )


def _multiplied(a: Element, b: Element) -> Element:
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    return (
        (a0 * b0 + 3 * (a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1)) % FIELD,
        (a0 * b1 + a1 * b0 + 3 * (a2 * b4 + a3 * b3 + a4 * b2)) % FIELD,
        (a0 * b2 + a1 * b1 + a2 * b0 + 3 * (a3 * b4 + a4 * b3)) % FIELD,
        (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + 3 * a4 * b4) % FIELD,
        (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0) % FIELD,
    )


def _raised(a: Element, times: int) -> Element:
    """`a` to the power of p, `times` times: each coefficient only turns."""
    return (
        a[0],
        a[1] * _FROBENIUS[times % 5] % FIELD,
        a[2] * _FROBENIUS[2 * times % 5] % FIELD,
        a[3] * _FROBENIUS[3 * times % 5] % FIELD,
        a[4] * _FROBENIUS[4 * times % 5] % FIELD,
    )


def _conjugates(a: Element) -> Element:
    """The product of the four other conjugates; times `a` it is the norm, a number below p."""
    two = _multiplied(_raised(a, 1), _raised(a, 2))
    return _multiplied(two, _raised(two, 2))


def _norm(a: Element) -> int:
    return _multiplied(a, _conjugates(a))[0]


def _inverted(a: Element) -> Element:
    others = _conjugates(a)
    return _scaled(others, pow(_multiplied(a, others)[0], -1, FIELD))


def _is_square(a: Element) -> bool:
    return pow(_norm(a), (FIELD - 1) // 2, FIELD) in {0, 1}


def _square_root(a: Element) -> Element | None:
    """A root of `a`, from the root of its norm; None where there is none."""
    if a == _ZERO:
        return _ZERO
    root = _root_below_p(_norm(a))
    if root is None:
        return None
    part: Element = (1, 0, 0, 0, 0)
    for digit in f"{(FIELD + 1) // 2:b}":
        part = _multiplied(part, part)
        if digit == "1":
            part = _multiplied(part, a)
    once = _raised(part, 1)
    return _scaled(_inverted(_multiplied(once, _raised(once, 2))), root)


def _root_below_p(number: int) -> int | None:
    """Tonelli and Shanks; None for a non-square."""
    odd = (FIELD - 1) >> _TWO_ADICITY
    root, left = pow(number, (odd + 1) // 2, FIELD), pow(number, odd, FIELD)
    turn, order = _ROOT_OF_UNITY, _TWO_ADICITY
    while left != 1:
        squared, steps = left, 0
        while squared != 1:
            squared, steps = squared * squared % FIELD, steps + 1
            if steps == order:
                return None
        factor = pow(turn, 1 << (order - steps - 1), FIELD)
        turn, order = factor * factor % FIELD, steps
        root, left = root * factor % FIELD, left * turn % FIELD
    return root
