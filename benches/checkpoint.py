"""Runs one query without checkpoints, with them, and again from what they left; prints times, CPU and bytes."""

import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

binary, place, events, keys = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
RUNS = 3


def app(rows: int) -> str:
    return f"""
CREATE STREAM s (k BIGINT, v BIGINT) WITH (
  'connector' = 'datagen', 'rows' = '{rows}', 'seed' = '7',
  'fields.k.kind' = 'zipf', 'fields.k.min' = '0', 'fields.k.max' = '{keys - 1}',
  'fields.v.kind' = 'random', 'fields.v.min' = '0', 'fields.v.max' = '100');
CREATE STREAM o (k BIGINT, c BIGINT, t BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT k, count(*), sum(v) FROM s GROUP BY k;
"""


def run(rows: int, *flags: str) -> tuple[float, float]:
    """Wall and CPU seconds."""
    file = place / "app.sql"
    file.write_text(app(rows))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run([binary, "run", str(file), "-p", "1", "-q", "--no-progress", *flags], check=True, cwd=place, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def median(runs: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(wall for wall, _ in runs), statistics.median(cpu for _, cpu in runs)


def stored(folder: pathlib.Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


without, with_checkpoints, sizes = [], [], []
state = place / "state"
for _ in range(RUNS):
    without.append(run(events))
    shutil.rmtree(state, ignore_errors=True)
    with_checkpoints.append(run(events, "--state-dir", "state", "--checkpoint-interval", "1s"))
    sizes.append(stored(state))
# The input has ended: a restart restores everything and has nothing to read.
restart = [run(events, "--state-dir", "state", "--checkpoint-interval", "1s") for _ in range(RUNS)]

plain, checked, again = median(without), median(with_checkpoints), median(restart)
print(f"{events:,} events, {keys:,} keys, parallelism 1, medians of {RUNS}")
print(f"without checkpoints     {plain[0]:7.2f} s   {plain[1] / events * 1e6:6.3f} core-µs per event")
print(f"one every second        {checked[0]:7.2f} s   {checked[1] / events * 1e6:6.3f} core-µs per event   {100 * (checked[0] / plain[0] - 1):+.1f} % time")
print(f"state directory         {statistics.median(sizes) / 1e6:7.1f} MB")
print(f"restart, all of it      {again[0]:7.2f} s")
