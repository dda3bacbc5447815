"""Would a line know its room? Each kind of line, and the only places where it may stand."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import ROOT, code_of, sources

CLOCKS = (
    r"\btime\.(time|monotonic|perf_counter|process_time|clock_gettime)(_ns)?\b"
    r"|\bdatetime\.(now|utcnow|today)\b|\bdate\.today\b|\bloop\.time\(\)"
)
PROCESSES = (
    r"\bos\.(kill|killpg|fork|forkpty|posix_spawn)\(|\bpidfd_send_signal\("
    r"|\b\w*Process\(target|context\.Process\("
)
ROOMS = {
    "reads the environment": (
        r"\bos\.environ\b|\bos\.getenv\b|\bgetenv\(",
        (r"config/environment\.py",),
    ),
    "reads a clock": (
        CLOCKS,
        (r"actors/runtime/clock\.py",),
    ),
    "knows where a venue lives": (
        r"(https?|wss?)://[\w.-]*extended\.exchange",
        (r"actors/venues/extended/venue\.py",),
    ),
    "signs a request": (r"\bhmac\.new\(", (r"actors/venues/\w+/signing\.py",)),
    "sends over HTTP": (
        r"^\s*(import aiohttp\b(?!_)|from aiohttp\b(?!_))",
        (
            r"actors/runtime/(rest|proxy)\.py",
            r"web/remote/calls\.py",
            r"actors/simulator/.*\.py",
        ),
    ),
    "holds a WebSocket towards a venue": (
        r"^\s*(import|from) websockets\b",
        (r"actors/runtime/websocket\.py", r"web/remote/sockets\.py"),
    ),
    "knows the web server": (
        r"^\s*(import|from) hypercorn\b",
        (r"web/(seam|server)\.py",),
    ),
    "knows the web framework": (
        r"^\s*(import|from) quart\b",
        (r"web/.*\.py",),
    ),
    "is a route": (r"@\w+\.(get|post|put|delete|websocket|route)\(", (r"web/.*\.py",)),
    "is a control actor": (
        r"^\s*(import|from) pykka\b",
        (r"actors/supervision/.*\.py",),
    ),
    "makes or ends a process": (
        PROCESSES,
        (r"actors/supervision/(spawner|zygote|heartbeat|children)\.py",),
    ),
    "runs another program": (
        r"\bsubprocess\.(run|Popen|call|check_\w+)\(|\bos\.exec\w+\(|\bos\.system\(",
        (r"config/reload\.py", r"actors/supervision/loader\.py"),
    ),
    "seals a secret": (r"\bMFD_ALLOW_SEALING\b", (r"config/credentials\.py",)),
    "speaks to Sentry": (
        r"^\s*(import|from) sentry_sdk\b",
        (r"actors/supervision/alerts\.py", r"actors/runtime/reporting\.py"),
    ),
    "sleeps without a loop": (r"\btime\.sleep\(", ()),
    "prints": (r"(?<![\w.])print\(", (r"main\.py", r"supervisor\.py")),
}


@pytest.mark.parametrize("kind", ROOMS)
def test_a_line_that(kind: str) -> None:
    pattern, rooms = re.compile(ROOMS[kind][0]), ROOMS[kind][1]
    strangers = [
        f"{source.name}:{number}: {line.strip()}"
        for source in sources()
        if not any(re.fullmatch(room, source.name) for room in rooms)
        for number, line in code_of(source)
        if pattern.search(line)
    ]
    assert strangers == [], f"a line that {kind} stands only in {rooms}"


@pytest.mark.parametrize("kind", ROOMS)
def test_the_rule_would_see_it(kind: str) -> None:
    examples = {
        "reads the environment": "x = os.environ['A']",
        "reads a clock": "now = time.monotonic_ns()",
        "knows where a venue lives": 'url = "https://api.starknet.extended.exchange/api/v1"',
        "signs a request": "hmac.new(key)",
        "sends over HTTP": "import aiohttp",
        "holds a WebSocket towards a venue": "from websockets.asyncio import client",
        "knows the web server": "import hypercorn",
        "knows the web framework": "from quart import Quart",
        "is a route": '@blueprint.get("/x")',
        "is a control actor": "import pykka",
        "makes or ends a process": "os.kill(pid, 9)",
        "runs another program": "subprocess.run([])",
        "seals a secret": "os.MFD_ALLOW_SEALING",
        "speaks to Sentry": "import sentry_sdk",
        "sleeps without a loop": "time.sleep(1)",
        "prints": "print('x')",
    }
    assert re.search(ROOMS[kind][0], examples[kind])


def test_only_venues_know_their_own_folder() -> None:
    """One venue never imports another, and names no other."""
    folders = [path.name for path in (ROOT / "actors" / "venues").iterdir() if path.is_dir()]
    venues = [name for name in folders if not name.startswith("_")]
    crossings = [
        f"{source.name} imports {other}"
        for source in sources()
        for own in venues
        if source.name.startswith(f"actors/venues/{own}/")
        for other in venues
        if other != own and re.search(rf"actors\.venues\.{other}\b", source.text)
    ]
    assert crossings == []
