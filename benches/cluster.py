"""Measures what a cluster of three processes costs and how fast it recovers; prints each figure beside its target.

usage: cluster.py EVENTFLUX TRANSPORT PLACE [--runs N] [--rows N] [--before BINARY] [PART…]

EVENTFLUX is the binary, TRANSPORT the built bench `transport`, PLACE a directory. Processes are killed with SIGKILL; the steps of a
failover are the lines that nodes log. Machines are noisy: costs are CPU seconds of whole processes, compared as ratios within one run.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import threading
import time
import urllib.error
import urllib.request

PARTS = ["failover", "barrier", "transport", "shuffle", "single"]
# Anything that takes longer is a failure, seconds.
PATIENCE = 120
# Targets of a failover, seconds: always, and what is aimed at.
FAILOVER_MAX, FAILOVER_AIM = 5.0, 1.5
STEPS = ["elected", "detected", "begun", "prepared", "running", "committed", "output"]

ENDLESS = """CREATE STREAM rows (at TIMESTAMP, k BIGINT, v BIGINT, WATERMARK FOR at AS at)
WITH ('connector' = 'datagen', 'rows_per_second' = '5000',
      'fields.k.min' = '0', 'fields.k.max' = '99', 'fields.v.max' = '1000');
CREATE STREAM sums (k BIGINT, n BIGINT, total BIGINT)
WITH ('connector' = 'file', 'path' = '{place}/', 'format' = 'csv');
INSERT INTO sums SELECT k, count(*), sum(v) FROM TUMBLE(rows, at, INTERVAL '100' MILLISECOND)
GROUP BY k, window_start, window_end;
"""
BOUNDED = """CREATE STREAM rows (at TIMESTAMP, k BIGINT, v BIGINT, WATERMARK FOR at AS at)
WITH ('connector' = 'datagen', 'rows' = '{rows}',
      'fields.k.min' = '0', 'fields.k.max' = '999', 'fields.v.max' = '1000');
CREATE STREAM nowhere (k BIGINT, n BIGINT, total BIGINT, top BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO nowhere SELECT k, count(*), sum(v), max(v) FROM TUMBLE(rows, at, INTERVAL '{window}' SECOND)
GROUP BY k, window_start, window_end;
"""
# The benchmark of the same name in compare.py, its rows dealt out to three files: each subtask reads one.
FROM_FILES = """CREATE STREAM trades (at TIMESTAMP, sym STRING, px DOUBLE, qty INT, WATERMARK FOR at AS at - INTERVAL '1' SECOND)
WITH ('connector' = 'file', 'path' = '{files}', 'format' = 'json');
CREATE STREAM sink (sym STRING, n BIGINT, mean DOUBLE, top DOUBLE) WITH ('connector' = 'blackhole');
INSERT INTO sink SELECT sym, count(*), avg(px), max(px) FROM TUMBLE(trades, at, INTERVAL '10' SECOND)
GROUP BY sym, window_start, window_end;
"""
FILE_ROWS = 12_000_000
# Between checkpoints where rows are counted.
INTERVAL = "10s"
CONFIG = """apiVersion: eventflux.io/v1
kind: EventFluxConfig

eventflux:
  run:
    listen: 127.0.0.1:{listen}
  distributed:
    node:
      node_id: node-{number}
      endpoints: ["127.0.0.1:{control}", "127.0.0.1:{data}"]
      data_dir: node-{number}
      capabilities: {{can_coordinate: {coordinates}}}
    cluster:
      cluster_name: bench
      seed_nodes: [{seeds}]
      min_nodes: 1
    state_backend:
      path: state
      checkpoint_interval: {interval}
"""


def line(name: str, value: str, target: str = "", reached: bool | None = None) -> None:
    verdict = "" if reached is None else "reached" if reached else "MISSED"
    print(f"{name:<58}{value:>26}  {target:<18}{verdict}", flush=True)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def until(what: str, check, every: float = 0.02):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(every)
    raise SystemExit(f"after {PATIENCE} s: {what}")


class Node:
    """A process, and what it has logged."""

    def __init__(self, binary: str, place: pathlib.Path, number: int, listen: int, level: str) -> None:
        self.binary, self.place, self.number, self.listen, self.level = binary, place, number, listen, level
        self.log, self.read = place / f"node-{number}.log", 0
        self.start()

    def start(self) -> None:
        words = [self.binary, "--log-format", "json", "--config", f"node-{self.number}.yaml", "node"]
        environment = os.environ | {"EVENTFLUX_LOG": self.level}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(words, cwd=self.place, env=environment, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def cpu(self) -> float:
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def lines(self):
        """What it has logged since it was asked last, whole lines."""
        with self.log.open("rb") as log:
            log.seek(self.read)
            text = log.read()
        text = text[: text.rfind(b"\n") + 1]
        self.read += len(text)
        for each in text.splitlines():
            try:
                entry = json.loads(each)
            except ValueError:
                continue
            at = datetime.datetime.fromisoformat(entry["timestamp"].replace("Z", "+00:00")).timestamp()
            yield at, entry["fields"]

    def ask(self, path: str, body: dict | None = None) -> dict | None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.listen}{path}", data,
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 409 and body is not None:
                # An answer was late: what was asked again is done.
                return {}
            if error.code < 500:
                raise SystemExit(f"{path}: {error.code} {error.read().decode()}") from error
            return None
        except OSError:
            return None


class Cluster:
    """Nodes on loopback."""

    def __init__(self, binary: str, place: pathlib.Path, count: int, interval: str, level: str) -> None:
        place.mkdir(parents=True)
        ports = free_ports(3 * count)
        control, data, listen = ports[:count], ports[count:2 * count], ports[2 * count:]
        # Two may not vote.
        voters = count - (count + 1) % 2
        seeds = ", ".join(f"127.0.0.1:{port}" for port in control[:voters])
        for number in range(count):
            text = CONFIG.format(number=number, control=control[number], data=data[number], listen=listen[number],
                                 seeds=seeds, interval=interval, coordinates=str(number < voters).lower())
            (place / f"node-{number}.yaml").write_text(text)
        self.nodes = [Node(binary, place, number, listen[number], level) for number in range(count)]
        until("the cluster is not complete", lambda: self.up() == count, 0.1)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_) -> None:
        for node in self.nodes:
            if node.process.poll() is None:
                node.kill()

    def alive(self) -> list[Node]:
        return [node for node in self.nodes if node.process.poll() is None]

    def ask(self, path: str, body: dict | None = None) -> dict | None:
        answers = (node.ask(path, body) for node in self.alive())
        return next((answer for answer in answers if answer is not None), None)

    def up(self) -> int:
        nodes = self.ask("/v1/nodes")
        return sum(node["standing"] == "up" for node in nodes["nodes"]) if nodes else 0

    def leader(self) -> Node | None:
        status = self.ask("/v1/cluster")
        name = status and status.get("leader") and status["leader"].get("name")
        found = [node for node in self.nodes if f"node-{node.number}" == name]
        return found[0] if found else None

    def submit(self, name: str, sql: str, parallelism: int) -> None:
        body = {"name": name, "sql": sql, "parallelism": parallelism}
        until("the pipeline is not taken", lambda: self.ask("/v1/pipelines", body) is not None, 0.1)

    def pipeline(self, name: str) -> dict:
        return self.ask(f"/v1/pipelines/{name}") or {}

    def is_settled(self, name: str) -> bool:
        """All nodes run it, and go on to do so."""
        def seen():
            now = self.pipeline(name)
            return (now.get("generation"), len(now.get("nodes", []))) if now.get("state") == "running" else None
        before = seen()
        time.sleep(1.0)
        return before is not None and before[1] == len(self.nodes) and seen() == before


class Watch(threading.Thread):
    """When files appeared in a folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.seen, self.appeared, self.is_over = folder, set(), [], False
        self.start()

    def run(self) -> None:
        while not self.is_over:
            names = {entry.name for entry in os.scandir(self.folder)} if self.folder.exists() else set()
            now = time.time()
            new = {name for name in names - self.seen if not name.startswith(".")}
            self.appeared += [now] * len(new)
            self.seen |= names
            time.sleep(0.004)


def fail_over(cluster: Cluster, watch: Watch, kind: str) -> dict[str, float]:
    """Kills a node and says how long after that each step was done."""
    until("the pipeline does not settle", lambda: cluster.is_settled("failover"))
    leader = until("nobody leads", cluster.leader, 0.1)
    victim = leader if kind == "leader" else next(node for node in cluster.nodes if node is not leader)
    before = cluster.pipeline("failover")
    for node in cluster.nodes:
        list(node.lines())
    killed = time.time()
    victim.kill()
    steps: dict[str, float] = {}

    def look() -> bool:
        for at, fields in sorted((entry for node in cluster.alive() for entry in node.lines()), key=lambda entry: entry[0]):
            message, generation = fields.get("message", ""), fields.get("generation", 0)
            is_new = generation > before["generation"]
            step = {
                "this node leads the cluster": "elected",
                "a node is lost": "detected",
                "a generation begins": is_new and "begun",
                "all nodes are prepared": is_new and "prepared",
                "all nodes run": is_new and "running",
                "the manifest is published": is_new and fields.get("epoch", 0) > before["checkpoint"] and "committed",
            }.get(message)
            if step and at >= killed:
                steps.setdefault(step, at - killed)
        if "running" in steps:
            later = [at - killed for at in watch.appeared if at - killed > steps["running"]]
            if later and "committed" in steps:
                steps["output"] = min(later)
        return "output" in steps

    until("no new output after a kill", look)
    victim.start()
    return steps


def failover(binary: str, place: pathlib.Path, runs: int) -> None:
    print(f"failover: SIGKILL to the first new committed output, checkpoints every 500 ms, {runs} runs each, seconds")
    level = "warn,openraft=error,eventflux_distributed=debug"
    with Cluster(binary, place / "failover", 3, "500ms", level) as cluster:
        out = place / "failover" / "out"
        watch = Watch(out)
        cluster.submit("failover", ENDLESS.format(place=out), 3)
        for kind in ["worker", "leader"]:
            measured = [fail_over(cluster, watch, kind) for _ in range(runs)]
            for step in STEPS:
                values = [each[step] for each in measured if step in each]
                if values and (step != "elected" or kind == "leader"):
                    text = f"p50 {quantile(values, 0.5):.2f}  p99 {quantile(values, 0.99):.2f}"
                    is_last = step == "output"
                    line(f"{kind} killed: {step}", text, f"< {FAILOVER_MAX}, aim {FAILOVER_AIM}" if is_last else "",
                         max(values) < FAILOVER_MAX if is_last else None)
        watch.is_over = True


def barrier(binary: str, place: pathlib.Path) -> None:
    print("barrier round trip on three processes: from the order to send it, milliseconds")
    level = "warn,openraft=error,eventflux_distributed::coordinator=debug"
    steps = ["all loops have acknowledged", "the manifest is stored", "the epoch is committed", "the manifest is published"]
    with Cluster(binary, place / "barrier", 3, "200ms", level) as cluster:
        cluster.submit("barrier", ENDLESS.format(place=place / "barrier" / "out"), 3)
        until("the pipeline does not settle", lambda: cluster.is_settled("barrier"))
        for node in cluster.nodes:
            list(node.lines())
        epochs: dict[int, dict[str, float]] = {}

        def enough() -> bool:
            for node in cluster.nodes:
                for at, fields in node.lines():
                    epochs.setdefault(fields.get("epoch", 0), {})[fields.get("message", "")] = at
            return sum(steps[-1] in each and "barriers are sent" in each for each in epochs.values()) >= 50

        until("too few checkpoints", enough, 0.2)
        for step in steps:
            values = [1000 * (each[step] - each["barriers are sent"]) for each in epochs.values()
                      if step in each and "barriers are sent" in each]
            line(step, f"p50 {quantile(values, 0.5):.1f}  p99 {quantile(values, 0.99):.1f}")


def run_cpu(binary: str, place: pathlib.Path, app: str, parallelism: int, *options: str) -> float:
    """CPU seconds of a run in one process."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "app.sql").write_text(app)
    before = os.times()
    words = [binary, "run", "-p", str(parallelism), "app.sql", *options]
    subprocess.run(words, cwd=place, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cluster_cpu(binary: str, place: pathlib.Path, count: int, app: str) -> float:
    """CPU seconds of all processes of a cluster for one pipeline."""
    with Cluster(binary, place, count, INTERVAL, "warn,openraft=error") as cluster:
        before = sum(node.cpu() for node in cluster.nodes)
        cluster.submit("tumbling", app, 3)
        until("the pipeline does not finish", lambda: cluster.pipeline("tumbling").get("state") == "finished", 0.1)
        return sum(node.cpu() for node in cluster.nodes) - before


def write_trades(place: pathlib.Path) -> str:
    """Trades of 1 000 symbols, a millisecond apart, 75 bytes each; the glob of the files."""
    place.mkdir(parents=True)
    chance = random.Random(7)
    with contextlib.ExitStack() as opened:
        files = [opened.enter_context((place / f"trades-{number}.ndjson").open("w")) for number in range(3)]
        for row in range(FILE_ROWS):
            at, sym, side = 1_700_000_000_000 + row, f"SYM{int(chance.random() * 1000):04d}", "BS"[row // 3 % 2]
            px, qty = int(chance.random() * 100_000) / 100, int(chance.random() * 1000)
            files[row % 3].write(f'{{"at":{at},"sym":"{sym}","px":{px},"qty":{qty},"side":"{side}"}}\n')
    return f"{place}/*.ndjson"


def shuffle(binary: str, place: pathlib.Path, rows: int) -> None:
    print("tumbling window of 1 000 keys behind a shuffle, three subtasks: core-µs per event, medians of 3")
    # Rows of datagen are a millisecond of event time apart, too.
    work = {
        "JSON files, windows of 10 000 rows": (FILE_ROWS, FROM_FILES.format(files=write_trades(place / "trades"))),
        "columns, windows of 10 000 rows": (rows, BOUNDED.format(rows=rows, window=10)),
        "columns, windows of 1 000 000 rows": (rows, BOUNDED.format(rows=rows, window=1000)),
    }
    for name, (count, app) in work.items():
        print(f"  {count:,} rows from {name}")
        alone, spread = [], {nodes: [] for nodes in (1, 2, 3)}
        for turn in range(3):
            # Nodes take checkpoints, so it does, too.
            state = ["--state-dir", f"state {name} {turn}", "--checkpoint-interval", INTERVAL]
            alone.append(run_cpu(binary, place / "alone", app, 3, *state))
            for nodes, measured in spread.items():
                measured.append(cluster_cpu(binary, place / f"shuffle {name} {turn} {nodes}", nodes, app))
        one = statistics.median(alone) / count * 1e6
        line("one process, no cluster", f"{one:.3f}")
        for nodes, measured in spread.items():
            cost = statistics.median(measured) / count * 1e6
            line(f"cluster of {nodes}", f"{cost:.3f}  {100 * one / cost:.0f} %", ">= 85 %", one / cost >= 0.85)


def single(binary: str, before: str | None, place: pathlib.Path, rows: int) -> None:
    print(f"one process without a cluster, {rows:,} rows: core-µs per event, medians of 5")
    app = BOUNDED.format(rows=rows, window=10)
    for parallelism in (1, 3):
        new, old = [], []
        for _ in range(5):
            new.append(run_cpu(binary, place / "single", app, parallelism))
            if before:
                old.append(run_cpu(before, place / "single", app, parallelism))
        cost = statistics.median(new) / rows * 1e6
        text = f"{cost:.3f}"
        if old:
            text = f"{statistics.median(old) / rows * 1e6:.3f} -> {text}"
        line(f"parallelism {parallelism}" + (", before -> now" if old else ""), text)


def transport(bench: str) -> None:
    table = subprocess.check_output([bench, "0.5"], text=True)
    print(table)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("transport")
    parser.add_argument("place", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--before")
    parser.add_argument("parts", nargs="*", choices=PARTS)
    given = parser.parse_intermixed_args()
    binary, place = os.path.abspath(given.binary), given.place.absolute()
    for part in given.parts or PARTS:
        if part == "failover":
            failover(binary, place, given.runs)
        elif part == "barrier":
            barrier(binary, place)
        elif part == "transport":
            transport(given.transport)
        elif part == "shuffle":
            shuffle(binary, place, given.rows)
        else:
            single(binary, given.before and os.path.abspath(given.before), place, given.rows)
        print(flush=True)


if __name__ == "__main__":
    main()
