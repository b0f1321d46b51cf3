"""Measures what checkpoints cost and how fast state comes back; prints each figure beside its target.

usage: checkpoint.py EVENTFLUX BENCH PLACE [KEYS]

EVENTFLUX is the binary, BENCH the built bench `checkpoint` of the engine, PLACE a directory on the disk that is measured. Machines
are noisy: what is compared is run in turn, and medians are compared; CPU seconds are those of the whole process.
"""

import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

binary, bench, place = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
KEYS = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
HOT = KEYS // 100
RUNS = 5
state = place / "state"


def line(name: str, value: str, target: str = "", reached: bool | None = None) -> None:
    verdict = "" if reached is None else "reached" if reached else "MISSED"
    print(f"{name:<62}{value:>22}  {target:<14}{verdict}", flush=True)


def measure(*words: object) -> dict:
    return json.loads(subprocess.check_output([bench, *map(str, words)], cwd=place))


def fresh() -> pathlib.Path:
    shutil.rmtree(state, ignore_errors=True)
    return state


def median(runs: list[dict], word: str) -> float:
    return statistics.median(run[word] for run in runs)


def throughput() -> None:
    """The window of 1 M keys, of which 1 % get rows; its base is stored before the clock starts."""
    rows = 100 * KEYS
    without, with_checkpoints = [], []
    for _ in range(RUNS):
        without.append(measure("run", KEYS, HOT, rows))
        with_checkpoints.append(measure("run", KEYS, HOT, rows, fresh(), 1000))
    ratio = lambda word: 100 * (median(with_checkpoints, word) / median(without, word) - 1)
    checkpoints = median(with_checkpoints, "checkpoints")
    state_mb = median(with_checkpoints, "state_bytes") / 1e6
    print(f"{rows:,} rows of {HOT:,} of {KEYS:,} keys ({state_mb:.0f} MB of state), medians of {RUNS}")
    line("without checkpoints", f"{median(without, 'seconds'):.2f} s, {median(without, 'cpu'):.2f} CPU s")
    line(f"one every second ({checkpoints:.0f} of them)",
         f"{median(with_checkpoints, 'seconds'):.2f} s, {median(with_checkpoints, 'cpu'):.2f} CPU s")
    line("  time", f"{ratio('seconds'):+.1f} %", "<= 5 %", ratio("seconds") <= 5)
    line("  CPU", f"{ratio('cpu'):+.1f} %", "<= 5 %", ratio("cpu") <= 5)
    per_key = median(with_checkpoints, "base_bytes") / KEYS
    per_dirty = median(with_checkpoints, "bytes") / checkpoints / HOT
    line("  stored per key of the base, per changed key of a checkpoint", f"{per_key:.0f} B, {per_dirty:.0f} B",
         "<= 2 times", per_dirty <= 2 * per_key)


def stops() -> None:
    """How long the loop stands still, over as many barriers as come, with 1 % and with all of the keys changed."""
    for hot, share, rows in ((HOT, "1 %", 400 * KEYS), (KEYS, "100 %", 50 * KEYS)):
        run = measure("run", KEYS, hot, rows, fresh(), 10)
        count, over = run["checkpoints"], run["stop_over_5ms"]
        line(f"loop stands still, {share} changed: mean of {count} barriers, over 5 ms", f"{run['stop_mean_ms']:.2f} ms, {over}",
             "p99 <= 5 ms", over <= count / 100)
    line("  the first barrier, when everything is new", f"{run['base_stop_ms']:.0f} ms", "<= 5 ms", run["base_stop_ms"] <= 5)


def restore() -> None:
    keys = 10 * KEYS
    left = measure("run", keys, 1, 1, fresh(), 3_600_000)
    runs = [measure("restore", keys, state) for _ in range(3)]
    state_bytes = median(runs, "state_bytes")
    ratio = statistics.median((run["peak_bytes"] - run["empty_bytes"]) / (run["resident_bytes"] - run["empty_bytes"]) for run in runs)
    line(f"restore of {state_bytes / 1e9:.2f} GB in memory, {left['base_bytes'] / 1e6:.0f} MB stored", f"{median(runs, 'seconds'):.2f} s",
         "< 5 s per GB", median(runs, "seconds") < 5 * max(1.0, state_bytes / 1e9))
    line("  peak of memory over what stays", f"{ratio:.2f}", "<= 1.3", ratio <= 1.3)


def recovery() -> None:
    """kill -9 of the binary; then from its start to the first row that needs the state."""
    rows = place / "rows.ndjson"
    (place / "app.sql").write_text(f"""
CREATE STREAM s (k BIGINT, v BIGINT) WITH ('connector' = 'file', 'path' = '{rows}', 'format' = 'json', 'mode' = 'follow');
CREATE STREAM o (k BIGINT, c BIGINT, t BIGINT, a DOUBLE, m BIGINT) WITH ('connector' = 'stdout', 'format' = 'debezium_json');
INSERT INTO o SELECT k, c, t, a, m FROM (
  SELECT k, count(*) AS c, sum(v) AS t, avg(v) AS a, max(v) AS m FROM s GROUP BY k) WHERE c > 1;
""")
    with open(rows, "w") as file:
        file.writelines(f'{{"k":{key},"v":1}}\n' for key in range(KEYS))
    fresh()
    command = [binary, "run", "app.sql", "-p", "1", "-q", "--no-progress", "--state-dir", "state", "--checkpoint-interval", "1s"]
    took = []
    for key in range(RUNS):
        process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if key == 0:
            while stored_rows() < KEYS:
                if process.poll() is not None:
                    sys.exit(process.stderr.read().decode())
                time.sleep(0.05)
        else:
            process.stdout.readline()
            took.append(time.monotonic() - began)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with open(rows, "a") as file:
            file.write(f'{{"k":{key},"v":1}}\n')
        began = time.monotonic()
    line(f"kill -9, to the first new row, {KEYS:,} keys", f"{statistics.median(took):.2f} s", "< 1 s", statistics.median(took) < 1)


def stored_rows() -> int:
    """Rows of state in the newest manifest."""
    manifests = sorted((state / "manifests").glob("*.manifest")) if state.exists() else []
    if not manifests:
        return 0
    try:
        # Its first line is a title, its last one a checksum.
        manifest = json.loads("".join(manifests[-1].read_text().splitlines()[1:-1]))
    except FileNotFoundError:
        return 0
    return sum(segment["row_count"] for segment in manifest["segments"])


os.makedirs(place, exist_ok=True)
throughput()
stops()
restore()
recovery()
