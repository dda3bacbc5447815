"""Accounts and settings of Lighter in the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import families
from config.accounts import Account, read_accounts
from config.environment import read_environment
from config.plan import Configuration, read_configuration
from config.reading import read_settings

KEY = "0x" + "5e" * 40
TOKEN = "ro:7001:single:4102444800:" + "c0ffee" * 8


@pytest.fixture(autouse=True)
def _signer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the venue's signer is installed, whether it is here or not."""
    monkeypatch.setattr(families, "has_signer", lambda: True)


def accounts_of(tmp_path: Path, **variables: str) -> tuple[Account, ...]:
    empty = tmp_path / "empty.env"
    empty.touch()
    return read_accounts(read_environment(variables, empty))


def configured(tmp_path: Path, **variables: str) -> Configuration:
    empty = tmp_path / "empty.env"
    empty.touch()
    return read_configuration(read_environment(variables, empty))


def test_a_key_with_its_slot_and_proxy(tmp_path) -> None:
    (account,) = accounts_of(
        tmp_path,
        Lighter_3_DESK_Account_Index="00042",
        Lighter_3_DESK_API_KEY_Index="5",
        Lighter_3_DESK_PRIVATE=KEY,
        Lighter_3_DESK_PUBLIC="ab" * 40,
        Lighter_3_PROXY_3_URL="http://user:word@10.0.0.9:3128/",
    )
    assert account.faults == ()
    assert (account.venue, account.name, account.label) == ("lighter", "3", "DESK")
    assert account.aliases == ("42",)
    assert account.exit_address == "10.0.0.9:3128"
    assert account.secrets == {
        "account_index": "00042",
        "api_key_index": "5",
        "private": KEY,
        "public": "ab" * 40,
        "proxy": "http://user:word@10.0.0.9:3128",
    }


def test_a_read_only_token_needs_no_slot(tmp_path) -> None:
    (account,) = accounts_of(tmp_path, Lighter_1_A_ACCOUNT_INDEX="7001", Lighter_1_A_PRIVATE=TOKEN)
    assert account.faults == ()


def test_a_key_without_the_signer_is_a_mistake_that_ends_with_its_installation(
    tmp_path, monkeypatch
) -> None:
    variables = {
        "Lighter_1_A_ACCOUNT_INDEX": "7",
        "Lighter_1_A_API_KEY_INDEX": "4",
        "Lighter_1_A_PRIVATE": KEY,
        "Lighter_2_B_ACCOUNT_INDEX": "7001",
        "Lighter_2_B_PRIVATE": TOKEN,
    }
    monkeypatch.setattr(families, "has_signer", lambda: False)
    without, token = accounts_of(tmp_path, **variables)
    assert without.quarantined.startswith("Lighter_1_A_PRIVATE: ")
    assert "make lighter" in without.quarantined
    assert "ro:" in without.quarantined
    assert token.faults == ()
    monkeypatch.setattr(families, "has_signer", lambda: True)
    assert accounts_of(tmp_path, **variables)[0].faults == ()


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"PRIVATE": KEY, "API_KEY_Index": "5"}, ["Lighter_1_A_ACCOUNT_INDEX", "nothing"]),
        ({"Account_Index": "7"}, ["Lighter_1_A_PRIVATE", "nothing", "ro:"]),
        ({"Account_Index": "7", "PRIVATE": KEY}, ["Lighter_1_A_API_KEY_INDEX", "slot"]),
        (
            {"Account_Index": "7", "PRIVATE": TOKEN},
            ["Lighter_1_A_PRIVATE", "account 7001", "account 7"],
        ),
        (
            {"Account_Index": "-7", "PRIVATE": TOKEN},
            ["Lighter_1_A_Account_Index", "'-7'", "a whole number"],
        ),
        (
            {"Account_Index": "7", "PRIVATE": KEY, "API_KEY_Index": "255"},
            ["Lighter_1_A_API_KEY_Index", "'255'", "0 to 254"],
        ),
        (
            {"Account_Index": "7", "PRIVATE": "c0ffee", "API_KEY_Index": "5"},
            ["Lighter_1_A_PRIVATE", "6 characters", "80 hexadecimal digits"],
        ),
        (
            {"Account_Index": "7001", "PRIVATE": TOKEN, "PUBLIK": "x"},
            ["Lighter_1_A_PUBLIK", "Lighter_1_A_PUBLIC"],
        ),
    ],
)
def test_each_mistake_names_its_variable_and_shows_no_key(tmp_path, variables, told) -> None:
    named = {f"Lighter_1_A_{name}": text for name, text in variables.items()}
    (account,) = accounts_of(tmp_path, **named)
    for part in told:
        assert part in account.quarantined
    assert account.secrets == {}
    assert account.aliases == ()
    assert KEY not in account.quarantined
    assert "c0ffee" not in account.quarantined


def test_one_index_twice_is_a_slip_of_copying(tmp_path) -> None:
    first, second = accounts_of(
        tmp_path,
        Lighter_1_A_ACCOUNT_INDEX="7001",
        Lighter_1_A_PRIVATE=TOKEN,
        Lighter_2_B_ACCOUNT_INDEX="07001",
        Lighter_2_B_PRIVATE=TOKEN,
    )
    assert first.faults == ()
    assert second.quarantined == "lighter:2: found the account index of lighter:1, expected its own"


def test_a_stray_variable_of_the_venue_is_an_error(tmp_path) -> None:
    found = configured(tmp_path, Lighter_Main_PRIVATE=TOKEN)
    assert [fault.name for fault in found.faults] == ["Lighter_Main_PRIVATE"]
    assert "Lighter_{N}_{CODE}_ACCOUNT_INDEX" in str(found.faults[0])


@pytest.mark.parametrize(
    ("text", "markets"),
    [
        ("ETH", ("ETH",)),
        ("eth-perp,BTC-USD,SOL/USDC:USDC,eth", ("ETH", "BTC", "SOL")),
        ("ETH/USDC", ("ETH/USDC",)),
        ("1000PEPE", ("1000PEPE",)),
        ("*", ("*",)),
    ],
)
def test_markets_as_users_spell_them(tmp_path, text, markets) -> None:
    empty = tmp_path / "empty.env"
    empty.touch()
    settings, faults = read_settings(read_environment({"LIGHTER_MARKETS": text}, empty))
    assert faults == ()
    assert settings.lighter_markets == markets


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("LIGHTER_MARKETS", "*,ETH", "not both"),
        ("LIGHTER_MARKETS", "ETH:USD", "ETH, ETH-PERP or ETH/USDC"),
        ("LIGHTER_RATE_LIMIT", "3", "from 10"),
        ("LIGHTER_BASE_URL", "ftp://x", "http://"),
        ("DEMO_VENUES", "nowhere", "extended, lighter"),
    ],
)
def test_a_mistaken_setting_is_named(tmp_path, name, text, expected) -> None:
    empty = tmp_path / "empty.env"
    empty.touch()
    _, faults = read_settings(read_environment({name: text}, empty))
    (fault,) = faults
    assert fault.name == name
    assert expected in str(fault)


@pytest.mark.parametrize(
    ("variables", "venues"),
    [
        ({"Lighter_1_A_ACCOUNT_INDEX": "7001", "Lighter_1_A_PRIVATE": TOKEN}, ["lighter"]),
        ({"Extended_1_A_API_KEY": KEY}, ["extended"]),
        (
            {
                "Extended_1_A_API_KEY": KEY,
                "Lighter_1_A_ACCOUNT_INDEX": "7001",
                "Lighter_1_A_PRIVATE": TOKEN,
            },
            ["extended", "lighter"],
        ),
        ({"Extended_1_A_API_KEY": KEY, "LIGHTER_MARKETS": "ETH"}, ["extended", "lighter"]),
        ({"DEMO": "0"}, ["extended"]),
        ({"DEMO": "0", "LIGHTER_MARKETS": "ETH"}, ["lighter"]),
        ({}, ["extended", "lighter"]),
        ({"DEMO_VENUES": "lighter"}, ["lighter"]),
        # A mistaken account is still one: its venue runs, and it is shown as quarantined there.
        ({"Lighter_1_A_ACCOUNT_INDEX": "7001"}, ["lighter"]),
    ],
)
def test_a_venue_runs_where_something_of_it_is_configured(tmp_path, variables, venues) -> None:
    assert [venue.name for venue in configured(tmp_path, **variables).plan.venues] == venues
