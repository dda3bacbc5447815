"""REST, SSE and WebSocket over the replica of the cache."""
