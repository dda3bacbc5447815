"""The sockets and directories that the supervisor owns for longer than any child lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from pathlib import Path
from typing import Final

from actors.errors import ConfigFault

BACKLOG: Final = 2048
"""Connections that wait here while web or cache is replaced are served by the next incarnation."""

_LOCK_NAME: Final = "broadcaster.lock"
_UNIX_PATH_MAX: Final = 107


def private_directory(path: Path, setting: str) -> Path:
    """Make `path` if need be, for this user only; ConfigFault names `setting`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise ConfigFault(setting, f"{path} ({error.strerror})", "a directory of ours") from error
    return path.resolve()


def lock_directory(path: Path, setting: str) -> int:
    """Claim `path` for this service; the descriptor holds the claim until it closes.

    Raises ConfigFault where another service holds it.
    """
    name = path / _LOCK_NAME
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigFault(setting, f"{path} ({error.strerror})", "a writable directory") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise ConfigFault(
            setting,
            f"{path}, in use by the service with process id {holder or 'unknown'}",
            "a directory that no other service uses",
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


class Claim:
    """Both directories of one service, claimed; take it before making sockets in them."""

    __slots__ = ("_locks", "data_dir", "runtime_dir")

    def __init__(self, runtime_dir: Path, data_dir: Path) -> None:
        self.runtime_dir = private_directory(runtime_dir, "RUNTIME_DIR")
        self.data_dir = private_directory(data_dir, "DATA_DIR")
        self._locks: list[int] = []
        try:
            self._locks.append(lock_directory(self.runtime_dir, "RUNTIME_DIR"))
            if self.data_dir != self.runtime_dir:
                self._locks.append(lock_directory(self.data_dir, "DATA_DIR"))
        except ConfigFault:
            self.release()
            raise

    def release(self) -> None:
        while self._locks:
            os.close(self._locks.pop())


def listen_tcp(host: str, port: int, backlog: int = BACKLOG) -> socket.socket:
    """A listening TCP socket (`port` 0: the kernel chooses); ConfigFault where it cannot be."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        raise ConfigFault("HOST", f"{host} ({error})", "an address of this machine") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        found = f"{host}:{port} ({error.strerror})"
        raise ConfigFault("HOST, PORT", found, "an address and port that are free") from error
    return listener


def listen_unix(path: Path, backlog: int = BACKLOG) -> socket.socket:
    """A listening unix socket at `path`, for this user only; what lay there is replaced.

    The directory must be claimed before, else a running service would lose its socket.
    """
    if len(os.fsencode(path)) > _UNIX_PATH_MAX:
        raise ConfigFault("RUNTIME_DIR", str(path), f"a path of at most {_UNIX_PATH_MAX} bytes")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        listener.bind(os.fspath(path))
        path.chmod(0o600)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise ConfigFault("RUNTIME_DIR", f"{path} ({error})", "room for a socket") from error
    return listener


def peer_uid(connection: socket.socket) -> int:
    """The user behind the other end of a unix socket (SO_PEERCRED)."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(raw[4:8], "little")
