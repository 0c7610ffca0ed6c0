"""Run the stand-in until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from example_project.standin.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    received: list[int] = []  # a handler of signals may not set an event: it could wait for itself
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: received.append(number))
    try:
        running = serve(**vars(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"The stand-in cannot start on {options.host}:{options.port}: {error}\n")
        return 1
    sys.stdout.write(f"ready {running.url}\n")
    sys.stdout.flush()
    while not received:
        time.sleep(0.1)
    running.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m example_project.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--shop", help="the shop's address, for a link on the page")
    parser.add_argument("--token", help="the one access token to accept; without it any will do")
    parser.add_argument("--app-secret", help="the app's secret: every request then needs its appsecret_proof")
    parser.add_argument("--bank-secret", default="corner-bank-demo", help="what the bank signs its webhooks with")
    parser.add_argument("--forget", action="store_true", help="count events, keep none")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
