"""Plain settings: defaults, good spellings, and a table of bad ones."""

import pytest

from config.environment import read_environment
from config.reading import kind, read_settings
from config.settings import Settings

CANARY = "canary-" + "77aa31bc55"


def read(tmp_path, **variables: str):
    empty = tmp_path / "empty.env"
    empty.touch()
    return read_settings(read_environment(variables, empty))


def test_defaults_are_those_of_the_documentation(tmp_path) -> None:
    settings, faults = read(tmp_path)
    assert faults == ()
    assert settings.poll_interval == 0.5
    assert settings.cache_ttl == 5
    assert settings.extended_markets == ("BTC-USD", "ETH-USD", "SOL-USD")
    assert (settings.host, settings.port, settings.web_workers) == ("127.0.0.1", 5000, 1)
    assert settings.restart_first_delay == 0
    assert settings.heartbeat_deadline == 5
    assert settings.demo is None
    assert settings.on_loopback


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("EXTENDED_MARKETS", "ETH-PERP", ("ETH-USD",)),
        ("EXTENDED_MARKETS", "eth-perp, btc-usd ,ETH-USD", ("ETH-USD", "BTC-USD")),
        ("EXTENDED_MARKETS", "ETH/USDC:USDC", ("ETH-USD",)),
        ("EXTENDED_MARKETS", "NVDA_24_5-USD", ("NVDA_24_5-USD",)),
        ("EXTENDED_MARKETS", "kBONK-USD", ("kBONK-USD",)),
        ("EXTENDED_MARKETS", "*", ("*",)),
        ("EXTENDED_BASE_URL", "https://h.example/api/v1/", "https://h.example/api/v1"),
        ("extended_ws_url", "ws://127.0.0.1:9/x", "ws://127.0.0.1:9/x"),
        ("DEMO", "1", True),
        ("DEMO", "false", False),
        ("PORT", " 8080 ", 8080),
        ("HOST", "::1", "::1"),
        ("LOG_LEVEL", "WARNING", "warning"),
        ("ALLOWED_HOSTS", "a.example,,b.example", ("a.example", "b.example")),
        ("TRUSTED_PROXIES", "10.0.0.7, fd00::/8", ("10.0.0.7", "fd00::/8")),
        (
            "CORS_ORIGINS",
            "https://Desk.example:443,http://localhost:5173,http://[::1]:80,https://desk.example",
            ("https://desk.example", "http://localhost:5173", "http://[::1]"),
        ),
        ("RATE_LIMIT", "0", 0),
        ("RESTART_INFRASTRUCTURE", "0,0.5", ("0", "0.5")),
        ("RESET_AFTER_STREAM", "0", 0),
        ("RESET_AFTER_INFRASTRUCTURE", "0", 0),
        ("STOP_GRACE", "12.5", 12.5),
        ("SHUTDOWN_STAGE", "3", 3),
        # A delay may come twice.
        ("RESTART_INFRASTRUCTURE", "0, 1,1 ,1,5", ("0", "1", "1", "1", "5")),
    ],
)
def test_good_spellings(tmp_path, name: str, text: str, value: object) -> None:
    settings, faults = read(tmp_path, **{name: text})
    assert faults == ()
    assert getattr(settings, name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "found", "expected"),
    [
        ("PORT", "abc", "'abc'", "a whole number from 0 to 65535"),
        ("PORT", "70000", "'70000'", "a whole number from 0 to 65535"),
        ("PORT", "5000.5", "'5000.5'", "a whole number"),
        ("POLL_INTERVAL", "nan", "'nan'", "a number from 0.1 to 3600"),
        ("POLL_INTERVAL", "0", "'0'", "a number from 0.1 to 3600"),
        ("POLL_INTERVAL", "1e9", "'1e9'", "a number from 0.1 to 3600"),
        ("CACHE_TTL", "-1", "'-1'", "a number"),
        ("DEMO", "perhaps", "'perhaps'", "1 or 0"),
        ("WEB_WORKERS", "0", "'0'", "a whole number from 1 to 32"),
        ("HOST", "http://x", "'http://x'", "without a port"),
        ("HOST", "a b", "'a b'", "an address or name"),
        ("EXTENDED_MARKETS", "BTCUSD", "'BTCUSD'", "BTC-USD or BTC-PERP"),
        ("EXTENDED_MARKETS", "*,BTC-USD", "'*,BTC-USD'", "not both"),
        ("EXTENDED_BASE_URL", "api.example", "'api.example'", "http:// or https://"),
        ("EXTENDED_WS_URL", "https://api.example", "'https://api.example'", "ws:// or wss://"),
        ("EXTENDED_BASE_URL", f"https://u:{CANARY}@h.example", "password", "without user name"),
        ("EXTENDED_BASE_URL", "http://[::1", "'http://[::1'", "http:// or https://"),
        ("EXTENDED_BASE_URL", "http://h:99999", "'http://h:99999'", "http:// or https://"),
        ("API_TOKEN", CANARY[:5], "5 characters", "8 to 512 visible"),
        ("API_TOKEN", f"{CANARY} with blank", "28 characters", "without blanks"),
        ("SENTRY_DSN", f"https://{CANARY}.example/1", "characters", "a DSN as Sentry shows it"),
        ("SENTRY_DSN", f"ftp://{CANARY}@h.example/1", "characters", "a DSN"),
        ("SENTRY_DSN", f"https://{CANARY}@h.example/", "characters", "a DSN"),
        ("SENTRY_DSN", f"https://{CANARY}@h.example:99999/1", "characters", "a DSN"),
        ("SENTRY_ENVIRONMENT", "a/b", "'a/b'", "letters, digits"),
        ("TRUSTED_PROXIES", "10.0.0.7/8", "'10.0.0.7/8'", "addresses or networks"),
        ("TRUSTED_PROXIES", "proxy.example", "'proxy.example'", "addresses or networks"),
        ("CORS_ORIGINS", f"https://u:{CANARY}@desk.example", "password", "(one is none)"),
        ("RATE_LIMIT", "-1", "'-1'", "a whole number from 0"),
        *(
            ("CORS_ORIGINS", wrong, repr(wrong), "origins like https://desk.example")
            for wrong in (
                "*",
                "null",
                "desk.example",
                "https://desk.example/",
                "https://desk.example:",
                "https://desk.example:0",
                "https://desk.example:99999",
                "https://*.example",
                "ftp://desk.example",
            )
        ),
        ("LOG_LEVEL", "loud", "'loud'", "auto, debug, info, warning, error"),
        ("LOG_FORMAT", "xml", "'xml'", "auto, console, json"),
        ("RESTART_INFRASTRUCTURE", "0,soon", "'0,soon'", "'soon' is no number"),
        ("RESTART_INFRASTRUCTURE", ",", "','", "at least one number"),
        ("HEARTBEAT_DEADLINE", "0.1", "'0.1'", "a number from 1.5 to 600"),
        ("JOURNAL_MB", "\udcff", "", "a whole number"),
        ("PORT", "9" * 5000, "'9999", "a whole number"),
    ],
)
def test_bad_spellings(tmp_path, name: str, text: str, found: str, expected: str) -> None:
    settings, faults = read(tmp_path, **{name: text})
    (fault,) = faults
    assert fault.name == name
    assert found in fault.found
    assert expected in fault.expected
    assert f"{name}=" in fault.expected
    assert CANARY[:5] not in str(fault)
    assert len(str(fault)) < 400
    assert settings.port == 5000


def test_several_mistakes_are_told_at_once(tmp_path) -> None:
    settings, faults = read(tmp_path, PORT="x", HOST="a b", WEB_WORKERS="none", CACHE_TTL="7")
    assert [fault.name for fault in faults] == ["HOST", "PORT", "WEB_WORKERS"]
    assert settings.cache_ttl == 7


def test_render_opens_the_door_and_names_its_host(tmp_path) -> None:
    settings, faults = read(
        tmp_path, RENDER="true", RENDER_EXTERNAL_HOSTNAME="x.example", ALLOWED_HOSTS="y.example"
    )
    assert faults == ()
    assert settings.host == "0.0.0.0"
    assert settings.hosts == ("y.example", "x.example")
    closed, _ = read(tmp_path, RENDER="true", HOST="127.0.0.1")
    assert closed.on_loopback


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("desk.example", False),
    ],
)
def test_what_is_loopback(tmp_path, host: str, loopback: bool) -> None:
    settings, _ = read(tmp_path, HOST=host)
    assert settings.on_loopback is loopback


def test_every_setting_has_a_text_an_example_and_a_form() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.examples, name
        assert kind(name), name


def test_the_dsn_stays_out_of_what_is_shown(tmp_path) -> None:
    settings, faults = read(tmp_path, SENTRY_DSN=f"https://{CANARY}@h.example/sub/17")
    assert faults == ()
    assert CANARY in settings.sentry_dsn.get_secret_value()
    assert CANARY not in repr(settings) + settings.model_dump_json()


def test_the_token_stays_out_of_what_is_shown(tmp_path) -> None:
    settings, _ = read(tmp_path, API_TOKEN=CANARY)
    assert CANARY not in repr(settings)
    assert CANARY not in settings.model_dump_json()
