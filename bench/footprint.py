"""Start-up time and memory of the daemon, beside bare twisted.web.

python bench/footprint.py [--starts 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from processes import Server, gateway, script


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=5)
    starts = parser.parse_args().starts
    figures: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as state:
        for _ in range(starts):
            for server in (gateway(state), script("rest_twisted.py", "twisted.web")):
                figures.setdefault(server.name, []).append(look_at(server))
    print(f"{'':14}{'ready after, s':>16}{'resident, MB':>14}")
    medians = {
        name: [statistics.median(c) for c in zip(*f, strict=True)] for name, f in figures.items()
    }
    for name, (seconds, megabytes) in medians.items():
        print(f"{name:14}{seconds:16.2f}{megabytes:14.1f}")
    ours, bare = medians["tradegw"], medians["twisted.web"]
    print(f"{'ratio':14}{ours[0] / bare[0]:16.2f}{ours[1] / bare[1]:14.2f}")


def look_at(server: Server) -> tuple[float, float]:
    """Seconds until it served, and its memory after one answer."""
    try:
        path = server.paths[0].decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
            answer.read()
        return server.ready_seconds, server.resident_megabytes()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
