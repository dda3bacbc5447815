"""From the plan to the children: each one's entry, configuration and descriptors."""

from pathlib import Path

import msgspec
import pytest

from actors.supervision import tree as tree_module
from actors.supervision.spec import ChildKind, ChildSpec
from actors.supervision.tree import Owned, SimulatorSocket, children, reloader
from config.environment import read_environment
from config.plan import AccountPlan, Plan, read_configuration

CANARY = "canary-" + "1a2b3c4d"
OWNED = Owned(listener=10, cache=11)


def plan_of(tmp_path: Path, **variables: str) -> Plan:
    empty = tmp_path / "empty.env"
    empty.touch()
    configuration = read_configuration(read_environment(variables, empty))
    assert configuration.faults == ()
    return configuration.plan


def by_actor(specs: tuple[ChildSpec, ...]) -> dict[str, ChildSpec]:
    return {spec.actor: spec for spec in specs}


def test_the_demo_is_the_promised_tree(tmp_path) -> None:
    plan = plan_of(tmp_path)
    simulators = {"extended": SimulatorSocket(12, 4711), "lighter": SimulatorSocket(13, 4712)}
    specs = children(plan, Owned(listener=10, cache=11, simulators=simulators))
    assert [(spec.actor, spec.kind) for spec in specs] == [
        ("cache", ChildKind.CACHE),
        ("web:1", ChildKind.WEB),
        ("recorder", ChildKind.SINK),
        ("simulator:extended", ChildKind.SIMULATOR),
        ("simulator:lighter", ChildKind.SIMULATOR),
        ("venue:extended", ChildKind.VENUE),
        ("venue:lighter", ChildKind.VENUE),
        ("account:extended:1", ChildKind.ACCOUNT),
        ("account:extended:2", ChildKind.ACCOUNT),
        ("account:lighter:1", ChildKind.ACCOUNT),
        ("account:lighter:2", ChildKind.ACCOUNT),
        ("orderbook:extended:linear:BTC-USD", ChildKind.STREAM),
        ("orderbook:extended:linear:ETH-USD", ChildKind.STREAM),
        ("orderbook:extended:linear:SOL-USD", ChildKind.STREAM),
        ("orderbook:lighter:linear:ETH", ChildKind.STREAM),
        ("orderbook:lighter:linear:BTC", ChildKind.STREAM),
    ]
    tree = by_actor(specs)
    for actor in ("venue:extended", "account:extended:1", "orderbook:extended:linear:BTC-USD"):
        config = tree[actor].config
        assert config["base_url"] == "http://127.0.0.1:4711/api/v1"
        assert config["ws_url"] == "ws://127.0.0.1:4711/stream.extended.exchange/v1"
    for actor in ("venue:lighter", "account:lighter:1", "orderbook:lighter:linear:ETH"):
        config = tree[actor].config
        assert config["base_url"] == "http://127.0.0.1:4712"
        assert config["ws_url"] == "ws://127.0.0.1:4712/stream"
        assert config["requests_per_min"] == config["handshakes_per_min"] == 6_000
    assert tree["simulator:lighter"].config["markets"] == ["ETH", "BTC"]
    simulator = tree["simulator:extended"]
    assert simulator.descriptors == {"listener": 12}
    assert simulator.config["accounts"] == 2
    assert simulator.config["markets"] == ["BTC-USD", "ETH-USD", "SOL-USD"]
    assert simulator.config["seed"] == plan.demo_seed


def test_the_limits_of_silence_are_the_venues_unless_the_operator_says_otherwise(tmp_path) -> None:
    named = {"Extended_1_A_API_KEY": CANARY, "EXTENDED_MARKETS": "BTC-USD"}
    actors = ("account:extended:1", "orderbook:extended:linear:BTC-USD")
    tree = by_actor(children(plan_of(tmp_path, **named), OWNED))
    for actor in actors:
        assert not {"silence_max_s", "mute_max_s"} & set(tree[actor].config)
    limits = {"STREAM_SILENCE_LIMIT": "3", "STREAM_MUTE_LIMIT": "4.5"}
    tree = by_actor(children(plan_of(tmp_path, **named, **limits), OWNED))
    for actor in actors:
        assert tree[actor].config["silence_max_s"] == 3.0
        assert tree[actor].config["mute_max_s"] == 4.5


def test_a_real_venue_has_no_simulator_and_keeps_its_addresses(tmp_path) -> None:
    plan = plan_of(
        tmp_path,
        Extended_1_A_API_KEY=CANARY,
        EXTENDED_BASE_URL="http://h.example/api/v1",
        EXTENDED_WS_URL="ws://h.example/s",
        EXTENDED_MARKETS="ETH-PERP",
        WEB_WORKERS="2",
    )
    tree = by_actor(children(plan, OWNED))
    assert set(tree) == {
        "cache",
        "recorder",
        "web:1",
        "web:2",
        "venue:extended",
        "account:extended:1",
        "orderbook:extended:linear:ETH-USD",
    }
    assert tree["venue:extended"].config["base_url"] == "http://h.example/api/v1"
    stream = tree["orderbook:extended:linear:ETH-USD"].config
    assert (stream["kind"], stream["product"], stream["symbol"]) == (
        "orderbook",
        "linear",
        "ETH-USD",
    )


def test_each_child_gets_what_its_contract_names(tmp_path) -> None:
    plan = plan_of(
        tmp_path,
        Extended_3_DESK_API_KEY=CANARY,
        Extended_3_PROXY=f"10.0.0.9:3128:u:{CANARY}",
        RUNTIME_DIR="/r",
        DATA_DIR="/d",
        CACHE_TTL="7",
        RING_MB="2",
    )
    (account,) = plan.accounts
    plan = msgspec.structs.replace(
        plan, accounts=(msgspec.structs.replace(account, secrets=21),), token=22
    )
    tree = by_actor(children(plan, OWNED, started_mono_ns=77))
    for spec in tree.values():
        assert spec.config["cache_socket"] == "/r/cache.sock"
        assert spec.config["control_socket"] == "/r/control.sock"
        assert spec.config["log_level"] == "info"
        assert CANARY not in repr(spec)
    cache = tree["cache"]
    assert cache.entry == "actors.cache.actor:run"
    assert cache.descriptors == {"cache": 11}
    assert cache.config["data_dir"] == "/d"
    assert cache.config["journal_mb"] == 64
    assert cache.config["ring_count"] == 50_000
    assert cache.config["ring_bytes"] == 2 * 1024 * 1024
    assert cache.config["cache_ttl_ms"] == 7000
    web = tree["web:1"]
    assert web.entry == "web.server:run"
    assert web.descriptors == {"listener": 10, "secrets": 22}
    assert web.config["mode"] == "COLLECTOR"
    assert web.config["simulated"] is False
    assert web.config["started_mono_ns"] == 77
    assert web.config["settings"]["accounts"] == [
        {"venue": "extended", "name": "3", "label": "DESK", "aliases": []}
    ]
    assert web.config["settings"]["streams"][0] == "orderbook:extended:linear:BTC-USD"
    watched = tree["account:extended:3"]
    assert watched.entry == "actors.account:run"
    assert watched.descriptors == {"secrets": 21}
    assert watched.label == "DESK"
    assert watched.config["poll_interval_s"] == 0.5
    assert watched.config["cache_ttl_s"] == 7
    assert watched.config["exit_address"] == "10.0.0.9:3128"
    assert tree["venue:extended"].config["refresh_s"] == 3600


def test_a_mistaken_account_is_shown_and_does_not_start(tmp_path) -> None:
    plan = plan_of(tmp_path, Extended_1_A_CLIENT_ID="5", Extended_2_B_API_KEY=CANARY)
    tree = by_actor(children(plan, OWNED))
    assert "Extended_1_A_API_KEY" in tree["account:extended:1"].quarantined
    assert tree["account:extended:1"].descriptors == {}
    assert tree["account:extended:2"].quarantined == ""


def test_web_without_a_token_gets_no_secret(tmp_path) -> None:
    assert by_actor(children(plan_of(tmp_path, DEMO="0"), OWNED))["web:1"].descriptors == {
        "listener": 10
    }


@pytest.mark.parametrize("demo", ["0", "1"])
def test_configurations_are_plain_data(tmp_path, demo: str) -> None:
    sockets = {name: SimulatorSocket(12, 1) for name in ("extended", "lighter")}
    owned = Owned(listener=10, cache=11, simulators=sockets if demo == "1" else {})
    for spec in children(plan_of(tmp_path, DEMO=demo), owned):
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(dict(spec.config)))
        assert again == spec.config


def test_a_reset_changes_what_env_changed_and_nothing_else(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(
        tmp_path,
        Extended_1_A_API_KEY=CANARY,
        Extended_2_B_API_KEY=CANARY,
        Extended_3_C_API_KEY=CANARY,
        Extended_3_PROXY=f"10.0.0.9:3128:u:{CANARY}",
        EXTENDED_MARKETS="BTC-USD",
        STREAM_SILENCE_LIMIT="3",
        EXTENDED_RATE_LIMIT="12000",
    )
    tree = by_actor(children(plan, OWNED))
    asking = [actor for actor, spec in tree.items() if "requests_per_min" in spec.config]
    assert {actor.partition(":")[0] for actor in asking} == {"account", "orderbook", "venue"}

    def reload_account(
        actor: str, account: AccountPlan, env_file: str, data_dir: str
    ) -> AccountPlan:
        return msgspec.structs.replace(account, exit_address="10.0.0.9:3128")

    monkeypatch.setattr(tree_module, "reload_account", reload_account)
    again = reloader(plan, OWNED)("account:extended:2")
    assert again is not None
    # All else is as at the start, the operator's limits too.
    changed = {"exit_address": "10.0.0.9:3128"}
    assert again.config == {**tree["account:extended:2"].config, **changed}
