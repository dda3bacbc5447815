"""`…_MARKETS=*`: a venue is asked once, by whichever way leads out; else the default holds."""

from pathlib import Path

import pytest

from actors.errors import Fault
from actors.supervision.loader import default_markets, list_markets, with_markets
from config.environment import read_environment
from config.plan import Configuration, Plan, read_configuration
from tests.full_service import Simulator, free_port
from tests.watched_venue import BOTH, WatchedVenue

pytestmark = pytest.mark.processes
KEY = "canary-" + "51a7e0"


def configuration(folder: Path, venue: WatchedVenue, base_url: str, **more: str) -> Configuration:
    empty = folder / "empty.env"
    empty.touch()
    upper = venue.name.upper()
    variables = {f"{upper}_MARKETS": "*", f"{upper}_BASE_URL": base_url, "DEMO": "0"} | more
    found = read_configuration(read_environment(variables, empty))
    assert found.faults == ()
    return found


def markets_of(plan: Plan, venue: WatchedVenue) -> tuple[str, ...]:
    (found,) = (each.markets for each in plan.venues if each.name == venue.name)
    return found


@pytest.mark.parametrize("venue", BOTH, ids=lambda venue: venue.name)
async def test_the_venue_lists_its_markets(tmp_path, venue: WatchedVenue) -> None:
    simulator = Simulator(tmp_path, {"1": KEY}, venue=venue)
    try:
        await simulator.serving()
        plan = with_markets(configuration(tmp_path, venue, simulator.base_url))
        assert {venue.market, venue.other_market} <= set(markets_of(plan, venue))
        assert len(markets_of(plan, venue)) >= 3
        assert plan.warnings == ()
    finally:
        simulator.end()


@pytest.mark.parametrize("venue", BOTH, ids=lambda venue: venue.name)
def test_where_nobody_answers_the_default_is_followed_and_said(
    tmp_path, venue: WatchedVenue
) -> None:
    gone = f"127.0.0.1:{free_port()}"
    family = venue.name.capitalize()
    account = venue.variables({"1": KEY}, f"http://{gone}{venue.rest_path}", "ws://127.0.0.1:1/")
    account |= {f"{family}_1_PROXY": f"{gone}:user:{KEY}"}
    found = configuration(tmp_path, venue, f"http://{gone}{venue.rest_path}", **account)
    (asked,) = (each for each in found.plan.venues if each.name == venue.name)
    with pytest.raises(Fault, match="proxy") as caught:
        list_markets(asked, found.accounts)
    assert KEY not in str(caught.value)
    plan = with_markets(found)
    assert markets_of(plan, venue) == default_markets(venue.name)
    (warning,) = plan.warnings
    assert f"{venue.name.upper()}_MARKETS=*" in warning
    assert KEY not in warning


@pytest.mark.parametrize("venue", BOTH, ids=lambda venue: venue.name)
def test_the_demo_asks_nobody(tmp_path, venue: WatchedVenue) -> None:
    found = configuration(tmp_path, venue, "http://127.0.0.1:1/api/v1", DEMO="1")
    assert markets_of(with_markets(found), venue) == default_markets(venue.name)
