"""The TLS settings towards venues, made once: in the zygote, so that children inherit them."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def client_context() -> ssl.SSLContext:
    """Certificates and host names are verified against the system's authorities."""
    return ssl.create_default_context()
