"""Close codes in both directions; the ones that no frame may carry."""

import pytest

from web.remote.codes import Close, for_client, for_remote, is_sendable

PASSED = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]


@pytest.mark.parametrize("code", PASSED)
def test_a_code_passes_with_its_reason(code: int) -> None:
    assert for_client(code, "why") == Close(code, "why")
    assert for_remote(code, "why") == Close(code, "why")


def test_no_code_is_an_ordinary_end() -> None:
    assert for_client(1005, "") == for_remote(1005, "") == Close(1000, "")


@pytest.mark.parametrize("code", [1006, 1015, 1004, 1016, 2999, 5000, 0])
def test_what_cannot_be_sent_becomes_what_it_means(code: int) -> None:
    assert for_client(code, "x") == Close(1013, "the remote service is gone; connect again")
    assert for_remote(code, "x") == Close(1001, "")


def test_whatever_is_given_on_can_be_sent() -> None:
    for code in range(6000):
        assert is_sendable(for_client(code, "").code)
        assert is_sendable(for_remote(code, "").code)
