"""(k) A canary in each account's secrets is found in its own actor's memory and nowhere else."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import psutil
import pytest
from connect_proxy import ConnectProxy
from full_service import Service, Simulator, account_settings

REGION_BYTES_MAX = 256 * 2**20
CHUNK_BYTES = 2**22
OVERLAP_BYTES = 128


def regions(pid: int) -> list[tuple[int, int]]:
    """Readable mappings of a process that is stopped for the scan."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        matched = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
        if matched and not line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
            first, last = int(matched[1], 16), int(matched[2], 16)
            if last - first <= REGION_BYTES_MAX:
                found.append((first, last))
    return found


def memory_holds(pid: int, needles: dict[str, bytes]) -> set[str]:
    held = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for first, last in regions(pid):
            place = first
            while place < last:
                try:
                    memory.seek(place)
                    data = memory.read(min(CHUNK_BYTES, last - place))
                except (OSError, ValueError):
                    break
                if not data:
                    break
                held |= {name for name, needle in needles.items() if needle in data}
                if place + len(data) >= last:
                    break
                place += max(len(data) - OVERLAP_BYTES, 1)
    return held


def listings_hold(pid: int, needles: dict[str, bytes]) -> set[str]:
    """Environment and command line."""
    text = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    return {name for name, needle in needles.items() if needle in text}


def found_where(
    processes: dict[str, int], needles: dict[str, bytes]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Canary → names of the processes whose memory, whose listings hold it."""
    in_memory: dict[str, set[str]] = {name: set() for name in needles}
    in_listings: dict[str, set[str]] = {name: set() for name in needles}
    for process, pid in processes.items():
        for name in memory_holds(pid, needles):
            in_memory[name].add(process)
        for name in listings_hold(pid, needles):
            in_listings[name].add(process)
    return in_memory, in_listings


async def everyone(service: Service) -> dict[str, int]:
    """All processes of the service by actor id; those that are no child by what they are."""
    named = {child["pid"]: actor for actor, child in (await service.children()).items()}
    return {
        named.get(process.pid, f"{process.name()}#{process.pid}"): process.pid
        for process in service.family()
        if process.status() != psutil.STATUS_ZOMBIE
    }


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="reading other processes' memory needs root")
async def test_k_each_canary_lives_in_its_own_actor_only(tmp_path: Path) -> None:
    keys = {name: f"canary-key-{name}-{secrets.token_hex(12)}" for name in ("1", "2")}
    words = {
        f"{field}_{name}": f"0x{secrets.token_hex(24)}"
        for name in keys
        for field in ("STARKNET_PRIVATE",)
    }
    password = f"canary-proxy-{secrets.token_hex(12)}"
    token = f"canary-token-{secrets.token_hex(12)}"
    needles = {f"key_{name}": key.encode() for name, key in keys.items()}
    needles |= {name: word.encode() for name, word in words.items()}
    needles |= {"proxy_1": password.encode(), "token": token.encode()}
    async with ConnectProxy("user", password) as proxy:
        venue = Simulator(tmp_path, keys)
        try:
            await venue.serving()
            settings = account_settings(venue, keys, EXTENDED_MARKETS="BTC-USD")
            for name in keys:
                settings[f"Extended_{name}_T{name}_STARKNET_PRIVATE"] = words[
                    f"STARKNET_PRIVATE_{name}"
                ]
            settings["API_TOKEN"] = token
            settings["Extended_1_PROXY_1_URL"] = f"http://user:{password}@127.0.0.1:{proxy.port}/"
            await scan(tmp_path, settings, needles)
            assert proxy.tunnels >= 2, "both lanes of account 1 leave through its proxy"
        finally:
            venue.end()


async def scan(folder: Path, settings: dict[str, str], needles: dict[str, bytes]) -> None:
    service = Service(folder, settings)
    try:
        await service.ready()
        allowed = {
            "key_1": {"account:extended:1"},
            "key_2": {"account:extended:2"},
            "STARKNET_PRIVATE_1": {"account:extended:1"},
            "STARKNET_PRIVATE_2": {"account:extended:2"},
            "proxy_1": {"account:extended:1"},
            "token": {"web:1"},
        }
        await assert_only(service, needles, allowed, "after the start")
        killed = await service.kill("account:extended:1")
        await service.pid_of("account:extended:1", not_pid=killed)
        await assert_only(service, needles, allowed, "after a restart")
        log = service.output.read_bytes()
        told = [name for name, needle in needles.items() if needle in log]
        assert not told, f"in the log: {told}"
        for path in (folder / "data").rglob("*"):
            if path.is_file():
                kept = [n for n, needle in needles.items() if needle in path.read_bytes()]
                assert not kept, f"in {path.name}: {kept}"
    finally:
        service.end()


async def assert_only(
    service: Service, needles: dict[str, bytes], allowed: dict[str, set[str]], when: str
) -> None:
    processes = await everyone(service)
    in_memory, in_listings = found_where(processes, needles)
    print(f"{when}: {len(processes)} processes scanned; {in_memory}")
    assert not any(in_listings.values()), f"{when}: environ or cmdline: {in_listings}"
    for name, where in in_memory.items():
        assert where <= allowed[name], f"{when}: {name} in {where - allowed[name]}"
        if name.startswith("key"):
            assert where == allowed[name], f"{when}: {name} must be in its own actor"
