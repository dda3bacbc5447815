"""Messages a second: told from what lanes counted between samples, never from a first sight."""

from __future__ import annotations

from web_world import World

from actors.messages.control import ConnectionState


def lane(actor: str, messages: int) -> ConnectionState:
    return ConnectionState(
        actor=actor, venue="extended", lane="websocket", state="connected", messages=messages
    )


def test_a_web_process_that_comes_late_does_not_count_what_came_before_it() -> None:
    world = World()
    rates = world.service.rates
    rates.sample(world.replica)
    assert rates.messages_per_s("extended") == 0.0
    for messages in (100_000, 100_030, 100_060):
        world.replica.feed("connection_state", "a", "connections", lane("a", messages))
        rates.sample(world.replica)
    assert rates.messages_per_s("extended") == 20.0  # 60 in the 3 s between 4 samples
    assert rates.messages_per_s("other") == 0.0


def test_a_restarted_actor_takes_nothing_from_the_others() -> None:
    world = World()
    rates = world.service.rates
    for messages_a, messages_b in ((500, 10), (0, 20), (10, 30)):
        world.replica.feed("connection_state", "a", "connections", lane("a", messages_a))
        world.replica.feed("connection_state", "b", "connections", lane("b", messages_b))
        rates.sample(world.replica)
    assert rates.messages_per_s("extended") == 15.0
