"""Numbered families: spellings, quarantine of one account alone, hints for misspelt fields."""

import pytest

from config.accounts import read_accounts, stray_variables
from config.environment import read_environment
from config.settings import Settings

KEY = "canary" + "0123456789abcdef"
PASSWORD = "canary-" + "pass-word"


def read(tmp_path, **variables: str):
    empty = tmp_path / "empty.env"
    empty.touch()
    return read_accounts(read_environment(variables, empty))


def test_a_whole_family(tmp_path) -> None:
    (account,) = read(
        tmp_path,
        Extended_7_DESK_API_KEY=f" {KEY} ",
        EXTENDED_7_desk_CLIENT_ID="42",
        extended_7_Desk_starknet_private="0xAB12",
        Extended_7_DESK_STARKNET_PUBLIC="cd34",
        Extended_7_DESK_VAULT_NUMBER="10002",
        Extended_7_PROXY_7_URL=f"http://user:{PASSWORD}@10.0.0.9:3128/",
    )
    assert account.faults == ()
    assert (account.venue, account.name, account.label) == ("extended", "7", "DESK")
    assert account.exit_address == "10.0.0.9:3128"
    assert account.secrets == {
        "api_key": KEY,
        "client_id": "42",
        "starknet_private": "0xAB12",
        "starknet_public": "cd34",
        "vault_number": "10002",
        "proxy": f"http://user:{PASSWORD}@10.0.0.9:3128",
    }
    assert KEY not in repr(account)
    assert PASSWORD not in repr(account)


def test_the_key_alone_is_enough(tmp_path) -> None:
    (account,) = read(tmp_path, Extended_1_A_API_KEY=KEY)
    assert account.faults == ()
    assert account.secrets == {"api_key": KEY}
    assert account.exit_address == ""


def test_codes_may_hold_underscores(tmp_path) -> None:
    (account,) = read(tmp_path, Extended_1_MAIN_DESK_2_API_KEY=KEY)
    assert account.label == "MAIN_DESK_2"


@pytest.mark.parametrize(
    "name",
    ["Extended_1_PROXY_1_URL", "Extended_1_PROXY", "Extended_1_A_Proxy", "extended_1_a_PROXY"],
)
@pytest.mark.parametrize(
    "text",
    [
        f"http://user:{PASSWORD}@10.0.0.9:3128/",
        f"10.0.0.9:3128:user:{PASSWORD}",
        f"socks5://user:{PASSWORD}@10.0.0.9:3128",
        "10.0.0.9:3128",
    ],
)
def test_spellings_of_the_proxy(tmp_path, name: str, text: str) -> None:
    (account,) = read(tmp_path, Extended_1_A_API_KEY=KEY, **{name: text})
    assert account.faults == ()
    assert account.exit_address == "10.0.0.9:3128"
    assert account.secrets["proxy"].endswith("10.0.0.9:3128")


def test_the_same_proxy_may_be_said_twice(tmp_path) -> None:
    (account,) = read(
        tmp_path,
        Extended_1_A_API_KEY=KEY,
        Extended_1_PROXY="10.0.0.9:3128",
        Extended_1_PROXY_1_URL="http://10.0.0.9:3128/",
    )
    assert account.faults == ()


def test_accounts_come_by_number(tmp_path) -> None:
    accounts = read(tmp_path, **{f"Extended_{n}_C{n}_API_KEY": f"{KEY}{n}" for n in (10, 2, 1)})
    assert [account.name for account in accounts] == ["1", "2", "10"]


BAD = [
    ({"Extended_1_A_CLIENT_ID": "5"}, "Extended_1_A_API_KEY", "nothing"),
    ({"Extended_1_PROXY": "10.0.0.9:3128"}, "Extended_1_MAIN_API_KEY", "nothing"),
    ({"Extended_1_A_API_KEY": f"{KEY} {KEY}"}, "Extended_1_A_API_KEY", "characters that are not"),
    ({"Extended_1_A_API_KEY": KEY + "é"}, "Extended_1_A_API_KEY", "characters that are not"),
    ({"Extended_1_A_API_KEY": "k" * 513}, "Extended_1_A_API_KEY", "513 characters"),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_B_CLIENT_ID": "5"},
        "Extended_1",
        "2 codes: A, B",
    ),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_B_Proxy": "10.0.0.9:3128"},
        "Extended_1",
        "2 codes: A, B",
    ),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_A_API_KYE": KEY},
        "Extended_1_A_API_KYE",
        "Extended_1_A_API_KEY",
    ),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_A_VAULT_NUMER": "1"},
        "Extended_1_A_VAULT_NUMER",
        "Extended_1_A_VAULT_NUMBER",
    ),
    ({"Extended_1_API_KEY": KEY}, "Extended_1_API_KEY", "Extended_1_MAIN_API_KEY"),
    ({"Extended_1_A_ZZZZ": KEY}, "Extended_1_A_ZZZZ", "unknown field ZZZZ"),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_A_VAULT_NUMBER": "ten"},
        "Extended_1_A_VAULT_NUMBER",
        "a whole number",
    ),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_A_STARKNET_PRIVATE": f"{KEY}-no-hex"},
        "Extended_1_A_STARKNET_PRIVATE",
        "hexadecimal",
    ),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_PROXY": f"ftp://u:{PASSWORD}@h:1"},
        "Extended_1_PROXY",
        "socks5",
    ),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_PROXY": f"10.0.0.9:99999:u:{PASSWORD}"},
        "Extended_1_PROXY",
        "1 to 65535",
    ),
    (
        {"Extended_1_A_API_KEY": KEY, "Extended_1_PROXY_2_URL": "10.0.0.9:3128"},
        "Extended_1_PROXY_2_URL",
        "Extended_1_PROXY_1_URL",
    ),
    (
        {
            "Extended_1_A_API_KEY": KEY,
            "Extended_1_PROXY": f"10.0.0.9:1:u:{PASSWORD}",
            "Extended_1_A_Proxy": "10.0.0.9:2",
        },
        "Extended_1_PROXY",
        "2 different proxies",
    ),
    ({"Extended_1_A_API_KEY": KEY, "extended_1_a_api_key": "other"}, "API_KEY", "two different"),
    ({"Extended_1_A_API_KEY": KEY, "Extended_01_A_API_KEY": KEY}, "API_KEY", "twice"),
]


@pytest.mark.parametrize(("variables", "name", "hint"), BAD)
def test_a_mistaken_account_is_quarantined_alone(tmp_path, variables, name: str, hint: str) -> None:
    accounts = read(tmp_path, **variables, Extended_2_GOOD_API_KEY="another-key-2")
    wrong, good = accounts
    assert good.faults == ()
    assert good.secrets == {"api_key": "another-key-2"}
    assert wrong.secrets == {}
    assert name in wrong.quarantined
    assert hint in wrong.quarantined
    assert KEY not in wrong.quarantined
    assert PASSWORD not in wrong.quarantined


def test_a_misspelt_key_is_told_once(tmp_path) -> None:
    (account,) = read(tmp_path, Extended_3_B_API_KYE=KEY)
    assert len(account.faults) == 1


def test_a_copied_key_quarantines_the_later_account(tmp_path) -> None:
    first, second = read(tmp_path, Extended_1_A_API_KEY=KEY, Extended_2_B_API_KEY=KEY)
    assert first.faults == ()
    assert "extended:1" in second.quarantined
    assert second.secrets == {}
    assert KEY not in second.quarantined


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("EXTENDED_MARKET", "EXTENDED_MARKETS"),
        ("extended_base_ur", "EXTENDED_BASE_URL"),
        ("Extended_MAIN_API_KEY", "Extended_{N}_{CODE}_API_KEY"),
        ("Extended_ONE_A_API_KEY", "Extended_{N}_{CODE}_API_KEY"),
    ],
)
def test_what_begins_like_a_family_but_has_no_number(tmp_path, name: str, hint: str) -> None:
    empty = tmp_path / "empty.env"
    empty.touch()
    known = [field.upper() for field in Settings.model_fields]
    environment = read_environment({name: KEY, "EXTENDED_MARKETS": "*", "OTHER": "1"}, empty)
    (fault,) = stray_variables(environment, known)
    assert fault.name == name
    assert hint in fault.expected
    assert KEY not in str(fault)
