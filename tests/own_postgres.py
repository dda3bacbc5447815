"""A PostgreSQL server of the test's own, which it may kill."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

OWNER = "postgres"
START_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
CONNECT_S = 5.0
DATABASE = "postgres"
PASSWORD = "own-postgres-canary"
"""Nobody asks for it; it must not show all the same."""


def programs() -> Path | None:
    """Where initdb and postgres are, of the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class OwnPostgres:
    """Made in a folder that its owner, no root, can reach; `start` waits until it answers."""

    def __init__(self, folder: Path) -> None:
        bin_folder = programs()
        if bin_folder is None or os.getuid() != 0:
            problem = "no PostgreSQL that a test can start: needs its server programs and root"
            if os.environ.get("REQUIRE_SERVICES") == "1":
                pytest.fail(problem)
            pytest.skip(problem)
        self._programs = bin_folder
        self._folder = Path(tempfile.mkdtemp(prefix="own-postgres-"))
        self._log = folder / "postgres.log"
        owner = pwd.getpwnam(OWNER)
        os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", OWNER, "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"postgresql://{OWNER}:{PASSWORD}@127.0.0.1:{self._port}/{DATABASE}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._programs / "postgres"),
                    *("-D", str(self._data), "-p", str(self._port)),
                    *("-c", "listen_addresses=127.0.0.1"),
                    *("-c", f"unix_socket_directories={self._folder}"),
                ],
                user=OWNER,
                group=OWNER,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            if self._process.poll() is not None:
                # A server that was killed may leave its socket's lock for a moment.
                return self.start()
            assert time.monotonic() < deadline, self._log.read_text()[-2_000:]
            time.sleep(POLL_SECONDS)
        return None

    def kill(self) -> None:
        """SIGKILL to the postmaster; its backends end by themselves."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    async def cut_connections(self) -> None:
        """Ends every connection but our own, as an operator's restart of a pool does."""
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            await self.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    async def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows; none where a table does not exist yet."""
        connection = await asyncpg.connect(self.address, timeout=CONNECT_S)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        except asyncpg.UndefinedTableError:
            return []
        finally:
            await connection.close()

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            user=OWNER,
            group=OWNER,
            cwd=self._folder,
            check=True,
            capture_output=True,
        )

    def _answers(self) -> bool:
        asked = subprocess.run(
            [
                str(self._programs / "pg_isready"),
                *("-q", "-h", "127.0.0.1", "-p", str(self._port), "-d", DATABASE, "-U", OWNER),
            ],
            check=False,
        )
        return asked.returncode == 0
