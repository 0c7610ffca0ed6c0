"""Time functions in interleaved rounds, and compute medians and ratios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import quantiles
from time import perf_counter
from typing import Final

# Many short turns rather than few long ones: on a shared machine a disturbance then hits every contender.
ROUNDS: Final = 31
SECONDS: Final = 0.04

Clock = Callable[[], float]


def interleave(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    clock: Clock = perf_counter,
) -> dict[str, list[float]]:
    """Seconds per call for every contender, one figure a round; in each round every contender has its turn."""
    repeats = {name: _repeats(run, seconds, clock) for name, run in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        order = list(contenders.items())
        # Another one begins each time, so that no contender always follows the same one.
        for name, run in order[number % len(order) :] + order[: number % len(order)]:
            times[name].append(_time(run, repeats[name], clock))
    return times


def ratios(times: Mapping[str, list[float]], of: str, to: str) -> list[float]:
    """How many times as long `of` took as `to`, round by round."""
    return [first / second for first, second in zip(times[of], times[to], strict=True)]


def table(times: Mapping[str, list[float]]) -> str:
    """Microseconds a call: the median, the quarters around it, the least and the most."""
    lines = [f"{'µs a call':26}" + "".join(f"{head:>9}" for head in ("median", "25 %", "75 %", "least", "most"))]
    for name, found in times.items():
        low, middle, high = quantiles(found, n=4)
        figures = (middle, low, high, min(found), max(found))
        lines.append(f"{name:26}" + "".join(f"{figure * 1e6:9.1f}" for figure in figures))
    return "\n".join(lines)


def ratio_line(times: Mapping[str, list[float]], of: str, to: str) -> str:
    found = ratios(times, of, to)
    low, middle, high = quantiles(found, n=4)
    return f"{of} / {to}: median {middle:.2f} ({low:.2f} to {high:.2f})"


def _repeats(run: Callable[[], object], seconds: float, clock: Clock) -> int:
    _time(run, 20, clock)
    return max(1, int(seconds / max(_time(run, 50, clock), 1e-9)))


def _time(run: Callable[[], object], repeats: int, clock: Clock) -> float:
    start = clock()
    for _ in range(repeats):
        run()
    return (clock() - start) / repeats
