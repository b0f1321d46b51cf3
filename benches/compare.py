"""Measures the binary on files of trades and prints a table beside DuckDB and published figures.

usage: compare.py EVENTFLUX IN_PROCESS ROWS

Works in a temporary directory. CPU time is that of the whole process; DuckDB runs with one thread, as the binary with
parallelism 1. The figures of other engines were measured once on another day.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import duckdb

RUNS = 5
FLINK = {"trades JSON filter": 1.08, "CSV filter": 0.58, "tumbling 1 000 keys": 0.94, "in-process filter": 0.50,
         "in-process tumbling": 0.71}
UPSTREAM = {"trades JSON filter": 1.3, "JSON to JSON file": 1.3, "in-process filter": 0.38, "in-process tumbling": 1.6}
TARGET = {"trades JSON filter": 0.25, "JSON to JSON file": 0.40, "CSV filter": 0.15, "tumbling 1 000 keys": 0.30,
          "in-process filter": 0.03, "in-process tumbling": 0.04, "cold start": 30, "resident memory": 60}

STREAM = """CREATE STREAM trades (at TIMESTAMP, sym STRING, px DOUBLE, qty INT{watermark})
WITH ('connector' = 'file', 'path' = 'trades.{suffix}', 'format' = '{format}');
"""
JSON = STREAM.format(watermark="", suffix="ndjson", format="json")
CSV = STREAM.format(watermark="", suffix="csv", format="csv")
TIMED = STREAM.format(watermark=", WATERMARK FOR at AS at - INTERVAL '1' SECOND", suffix="ndjson", format="json")
DISCARD = "CREATE STREAM sink (sym STRING, v DOUBLE) WITH ('connector' = 'blackhole');\n"
FILTER = "INSERT INTO sink SELECT sym, px * qty AS v FROM trades WHERE px > 500;\n"
COLUMNS = "{'at': 'BIGINT', 'sym': 'VARCHAR', 'px': 'DOUBLE', 'qty': 'INTEGER'}"
READ_JSON = f"read_json('trades.ndjson', format = 'newline_delimited', columns = {COLUMNS})"
READ_CSV = f"read_csv('trades.csv', header = true, columns = {COLUMNS[:-1]}, 'side': 'VARCHAR'}})"

# name: (our app, the same for DuckDB)
WORK = {
    "trades JSON filter": (
        JSON + DISCARD + FILTER,
        f"SELECT count(v) FROM (SELECT sym, px * qty AS v FROM {READ_JSON} WHERE px > 500)",
    ),
    "JSON to JSON file": (
        JSON
        + "CREATE STREAM sink (sym STRING, v DOUBLE) WITH ('connector' = 'file', 'path' = 'out.ndjson', 'format' = 'json');\n"
        + FILTER,
        f"COPY (SELECT sym, px * qty AS v FROM {READ_JSON} WHERE px > 500) TO 'out.duckdb.ndjson' (FORMAT json)",
    ),
    "CSV filter": (
        CSV + DISCARD + FILTER,
        f"SELECT count(v) FROM (SELECT sym, px * qty AS v FROM {READ_CSV} WHERE px > 500)",
    ),
    "tumbling 1 000 keys": (
        TIMED
        + "CREATE STREAM sink (sym STRING, n BIGINT, mean DOUBLE, top DOUBLE) WITH ('connector' = 'blackhole');\n"
        + "INSERT INTO sink SELECT sym, count(*), avg(px), max(px) FROM TUMBLE(trades, at, INTERVAL '10' SECOND)\n"
        + "GROUP BY sym, window_start, window_end;\n",
        f"SELECT count(*) FROM (SELECT sym, \"at\" // 10000, count(*), avg(px), max(px) FROM {READ_JSON} GROUP BY ALL)",
    ),
}


def write_trades(rows):
    """The same trades as JSON lines (79 bytes on average) and CSV; 1 000 symbols, a millisecond apart."""
    chance = random.Random(7)
    with open("trades.ndjson", "w") as json_file, open("trades.csv", "w") as csv_file:
        csv_file.write("at,sym,px,qty,side\n")
        for row in range(rows):
            at, sym = 1_700_000_000_000 + row, f"SYM{chance.randrange(1000):04d}"
            px, qty, side = chance.randrange(100, 100_000) / 100, chance.randrange(1, 1000), chance.choice("BS")
            json_file.write(f'{{"at":{at},"sym":"{sym}","px":{px},"qty":{qty},"side":"{side}"}}\n')
            csv_file.write(f"{at},{sym},{px},{qty},{side}\n")


# A child's peak of memory begins with that of the process which starts it: this one has DuckDB in it, so a small one does.
MEASURE = """import json, os, sys
out = os.open(os.devnull, os.O_WRONLY)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
_, status, usage = os.wait4(pid, 0)
print(json.dumps([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def run(command):
    """CPU seconds and peak resident MiB of a command that must succeed."""
    measured = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True)
    if measured.returncode != 0:
        sys.exit(f"{' '.join(command)}:\n{measured.stderr}")
    status, cpu_seconds, peak = json.loads(measured.stdout)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed:\n{measured.stderr}")
    return cpu_seconds, peak


def ours(binary, app):
    with open("app.sql", "w") as file:
        file.write(app)
    return run([binary, "run", "app.sql", "-p", "1", "--no-progress"])


def duckdb_cpu(connection, query):
    before = resource.getrusage(resource.RUSAGE_SELF)
    connection.sql(query) if query.startswith("COPY") else connection.sql(query).fetchall()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def first_row_seconds(binary):
    """From the start of the process to its first row on stdout, the input being a pipe that stays open."""
    with open("start.sql", "w") as file:
        file.write("CREATE STREAM t (a INT) WITH ('connector' = 'stdin', 'format' = 'json');\nSELECT a + 1 AS b FROM t;\n")
    started = time.monotonic()
    process = subprocess.Popen([binary, "run", "start.sql", "-p", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b'{"a":1}\n')
    process.stdin.flush()
    process.stdout.readline()
    elapsed = time.monotonic() - started
    process.stdin.close()
    process.stdout.read()
    process.wait()
    return elapsed


def line(name, ours_now, duckdb_now, unit="core-µs/event"):
    def cell(value):
        return f"{value:>9.3f}" if value is not None else f"{'–':>9}"

    verdict = ""
    if name in TARGET:
        verdict = "reached" if ours_now <= TARGET[name] else "MISSED"
    print(f"{name:<24}{cell(ours_now)}{cell(TARGET.get(name))}{cell(duckdb_now)}{cell(FLINK.get(name))}"
          f"{cell(UPSTREAM.get(name))}  {unit:<14}{verdict}", flush=True)


def main():
    binary, in_process, rows = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="eventflux-compare-") as place:
        os.chdir(place)
        write_trades(rows)
        size = os.path.getsize("trades.ndjson") / rows
        print(f"{rows} trades of {size:.0f} bytes; medians of {RUNS}; published figures for Flink SQL 2.3 and upstream")
        print(f"{'':<24}{'ours':>9}{'target':>9}{'DuckDB':>9}{'Flink':>9}{'upstream':>9}")
        connection = duckdb.connect()
        connection.sql("SET threads = 1")
        peaks = []
        for name, (app, query) in WORK.items():
            measured = [(ours(binary, app), duckdb_cpu(connection, query)) for _ in range(RUNS)]
            peaks.append(max(ours_now[1] for ours_now, _ in measured))
            line(name, statistics.median(m[0][0] for m in measured) * 1e6 / rows,
                 statistics.median(m[1] for m in measured) * 1e6 / rows)
        for name, value in json.loads(subprocess.check_output([in_process])).items():
            line(name, value, None)
        line("cold start", statistics.median(first_row_seconds(binary) for _ in range(RUNS)) * 1e3, None, "ms")
        line("resident memory", max(peaks), None, "MiB, peak of all works above")


main()
