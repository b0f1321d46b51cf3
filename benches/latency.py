"""How long a row takes through `eventflux run`, from a pipe to a pipe, at a steady rate; `cat` in its place for comparison.

usage: latency.py EVENTFLUX [EVENTS_PER_SECOND [SECONDS]]

A process writes lines with the time at which it writes them, another one reads what comes out and takes the difference: what the
two and the pipes cost themselves is what `cat` shows.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

APP = """CREATE STREAM ticks (t BIGINT, v BIGINT) WITH ('connector' = 'stdin', 'format' = 'json');
CREATE STREAM out (t BIGINT, v BIGINT) WITH ('connector' = 'stdout', 'format' = 'json');
INSERT INTO out SELECT t, v + 1 AS v FROM ticks WHERE v >= 0;
"""
WRITE = """import os, sys, time
rate, seconds = int(sys.argv[1]), float(sys.argv[2])
step = 1_000_000_000 // rate
begin = due = time.monotonic_ns()
while due < begin + seconds * 1e9:
    now = time.monotonic_ns()
    if due > now:
        time.sleep((due - now) / 1e9)
    os.write(1, b'{"t":%d,"v":1}\\n' % time.monotonic_ns())
    due += step
"""


def percentiles(command: list[str], rate: int, seconds: float) -> tuple[float, float, int]:
    """p50 and p99 in microseconds, and how many rows they are of. The first second is not counted."""
    writer = subprocess.Popen([sys.executable, "-c", WRITE, str(rate), str(seconds)], stdout=subprocess.PIPE)
    through = subprocess.Popen(command, stdin=writer.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    writer.stdout.close()
    arrived, rest = [], b""
    while chunk := os.read(through.stdout.fileno(), 1 << 16):
        now = time.monotonic_ns()
        *lines, rest = (rest + chunk).split(b"\n")
        arrived += [(now, line) for line in lines]
    if writer.wait() != 0 or through.wait() != 0:
        sys.exit(f"{command[0]} failed")
    sent = [(now, json.loads(line)["t"]) for now, line in arrived]
    begin = sent[0][1] + 1_000_000_000
    waits = sorted((now - t) / 1e3 for now, t in sent if t >= begin)
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100], len(waits)


def measure(binary: str, rate: int = 10_000, seconds: float = 5) -> dict[str, tuple[float, float, int]]:
    with tempfile.TemporaryDirectory(prefix="eventflux-latency-") as place:
        app = os.path.join(place, "app.sql")
        with open(app, "w") as file:
            file.write(APP)
        ours = [binary, "run", app, "-p", "1", "-q", "--no-progress"]
        return {"run": percentiles(ours, rate, seconds), "cat": percentiles(["cat"], rate, seconds)}


if __name__ == "__main__":
    for name, (p50, p99, rows) in measure(os.path.abspath(sys.argv[1]), *map(int, sys.argv[2:])).items():
        print(f"{name:<4} p50 {p50:8.0f} µs   p99 {p99:8.0f} µs   of {rows} rows")
