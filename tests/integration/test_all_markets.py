"""`EXTENDED_MARKETS=*`: the venue is asked once, by whichever way leads out, else the default."""

from pathlib import Path

import pytest

from actors.errors import Fault
from actors.supervision.loader import DEFAULT_MARKETS, list_markets, with_markets
from config.environment import read_environment
from config.plan import Configuration, read_configuration
from tests.full_service import Simulator, free_port

pytestmark = pytest.mark.processes
KEY = "canary-" + "51a7e0"


def configuration(folder: Path, base_url: str, **more: str) -> Configuration:
    empty = folder / "empty.env"
    empty.touch()
    variables = {"EXTENDED_MARKETS": "*", "EXTENDED_BASE_URL": base_url, "DEMO": "0"} | more
    found = read_configuration(read_environment(variables, empty))
    assert found.faults == ()
    return found


async def test_the_venue_lists_its_markets(tmp_path) -> None:
    simulator = Simulator(tmp_path, {"1": KEY})
    try:
        await simulator.serving()
        plan = with_markets(configuration(tmp_path, simulator.base_url))
        assert {"BTC-USD", "ETH-USD", "SOL-USD"} <= set(plan.markets)
        assert plan.warnings == ()
    finally:
        simulator.end()


def test_where_nobody_answers_the_default_is_followed_and_said(tmp_path) -> None:
    gone = f"127.0.0.1:{free_port()}"
    found = configuration(
        tmp_path,
        f"http://{gone}/api/v1",
        Extended_1_A_API_KEY=KEY,
        Extended_1_PROXY=f"{gone}:user:{KEY}",
    )
    with pytest.raises(Fault, match="proxy") as caught:
        list_markets(found.plan, found.accounts)
    assert KEY not in str(caught.value)
    plan = with_markets(found)
    assert plan.markets == DEFAULT_MARKETS
    (warning,) = plan.warnings
    assert "EXTENDED_MARKETS=*" in warning
    assert KEY not in warning


def test_the_demo_asks_nobody(tmp_path) -> None:
    found = configuration(tmp_path, "http://127.0.0.1:1/api/v1", DEMO="1")
    assert with_markets(found).markets == DEFAULT_MARKETS
