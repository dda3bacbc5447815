"""The shapes of what operators see and order: errors, budgets, pauses, raw frames."""

from __future__ import annotations

from web.schemas import ConnectionsHealth, Shape, Told, VenueQuery


class Error(Shape):
    """Faults of one cause, told as one; `message` and `at_us` are the newest one's."""

    id: str
    at_us: int
    source: str
    kind: str
    level: str
    message: str
    count: int
    first_us: int
    last_us: int


class ErrorSummary(Shape):
    """How many faults, before `limit`; the newest 500 are held."""

    total: int
    by_source: dict[str, int]
    by_kind: dict[str, int]


class Errors(Shape):
    """Newest first. `cleared_us`: when they were cleared last."""

    errors: list[Error]
    summary: ErrorSummary
    cleared_us: int | None


class ErrorsCleared(Shape):
    """What was told before is gone, in all web processes as soon as they hear of it."""

    cleared_us: int


class BudgetLimit(Shape):
    count: int
    period_s: float


class BudgetLease(Shape):
    wanted_per_s: float
    rate_per_s: float
    burst: float


class Budget(Shape):
    """What all who leave by one address may ask of a venue; who has which part of it."""

    venue: str
    exit_address: str
    limit: BudgetLimit
    rate_per_s: float
    leased_per_s: float
    burst: float
    pool: float
    not_before_us: int | None
    leases: dict[str, BudgetLease]


class RestHealth(ConnectionsHealth):
    """`budgets` is null where the supervisor does not answer."""

    budgets: list[Budget] | None


class PausableActor(Shape):
    """`paused` is the order; `lanes` what each lane really does by now."""

    actor: str
    kind: str
    venue: str
    label: str
    state: str
    paused: bool
    paused_since_us: int | None
    lanes: dict[str, str]


class ControlStatus(Shape):
    """`note` says where a pause could not be kept on disk and so ends with the service."""

    paused: int
    total: int
    actors: list[PausableActor]
    note: str


class Paused(Told):
    """The actors that now are (not) paused; one that does not run is told when it starts."""

    paused: bool


class RawFrame(Shape):
    """A frame as it came, cut to 2,048 characters, secrets masked; `why` says what was wrong.

    `request` and `status` are those of an answer over REST.
    """

    lane: str
    at_us: int
    text: str
    why: str
    request: str
    status: int | None


class Frames(Shape):
    """Newest first; `cut` where more were asked for than one answer may hold."""

    actor: str
    frames: list[RawFrame]
    cut: bool


class ErrorsQuery(VenueQuery):
    limit: int | None = None
    source: str | None = None
    level: str | None = None


class LimitQuery(Shape):
    limit: int | None = None
