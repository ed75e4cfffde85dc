"""How fast connections may be opened."""

import asyncio

from apps.sync.watching.gate import Bucket, Gate, Rate
from apps.sync.watching.vigil import Patience


def test_a_fresh_bucket_holds_one_token_and_a_rested_one_its_burst() -> None:
    bucket = Bucket(Rate(10, 5), now=100.0)
    assert [round(bucket.place(100.0) - 100.0, 3) for _ in range(3)] == [0.0, 0.1, 0.2]
    waits = [round(bucket.place(200.0) - 200.0, 3) for _ in range(7)]
    assert waits[:5] == [0.0] * 5
    assert waits[5:] == [0.1, 0.2]


def test_over_any_stretch_no_more_pass_than_burst_and_rate_allow() -> None:
    bucket = Bucket(Rate(10, 5), now=0.0)
    passes = sorted(bucket.place(moment / 50) for moment in range(500))
    for index, start in enumerate(passes):
        within = sum(1 for moment in passes[index:] if moment < start + 1)
        assert within <= 5 + 10 + 1


async def test_accounts_of_one_host_come_one_after_another_and_hold_up_nobody_else() -> None:
    gate = Gate(per_host=Rate(20, 1), in_all=Rate(1000, 100))
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def through(host: str) -> float:
        await gate.through(host)
        return loop.time() - begun

    busy = [asyncio.create_task(through("busy.example")) for _ in range(10)]
    await asyncio.sleep(0)
    assert await through("quiet.example") < 0.1
    assert max(await asyncio.gather(*busy)) >= 9 / 20 * 0.95


async def test_all_hosts_together_keep_to_the_process_rate() -> None:
    gate = Gate(per_host=Rate(1000, 100), in_all=Rate(50, 1))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.gather(*(gate.through(f"h{number}.example") for number in range(20)))
    assert loop.time() - begun >= 19 / 50 * 0.95


def test_pauses_grow_from_5_seconds_to_15_minutes_with_full_jitter() -> None:
    patience = Patience()
    bounds = [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0, 900.0]
    for failures, bound in enumerate(bounds):
        pauses = [patience.pause(failures) for _ in range(400)]
        assert 0.0 <= min(pauses) < bound * 0.1
        assert bound * 0.9 < max(pauses) <= bound
    assert patience.pause(10_000) <= 900.0
