#!/usr/bin/env python3
"""Answers SQL with DuckDB, one JSON line for each JSON line: what the tests hold EventFlux's results against.

    duckdb_oracle.py SETUP.sql…

Runs the setup files first, in the current directory. Then, for every line `{"sql": "…"}` on stdin, prints

    {"columns": ["carrier", "n"], "types": ["text", "number"], "rows": [["UA", "4637"], [null, "3"]]}
    {"error": "Parser Error: …"}

and ends with its input. A setup that fails ends it at once with 1.

Values have one form for each kind (`types`), whatever the column's exact type:

    text        as it is
    boolean     true, false
    number      integers and decimals, exact: no exponent, no zeros behind the last digit that counts, no "-0"
    double      the shortest text that reads back to the same number; NaN, Infinity, -Infinity
    timestamp   2013-01-01T10:15:00Z, UTC; fractions only where there are some, without trailing zeros
    date, time  2013-01-01, 10:15:00
    binary      base64
    list of K   a JSON array of the above

NULL is null. Other types are an error: cast them in the query.
"""

import base64
import datetime
import json
import sys

import duckdb

KINDS = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "FLOAT": "double",
    "DOUBLE": "double",
    "DATE": "date",
    "TIME": "time",
    "BLOB": "binary",
    '"NULL"': "text",
}
KINDS |= dict.fromkeys(["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"], "timestamp")
KINDS |= dict.fromkeys(
    [sign + size for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")], "number"
)


def main():
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as setup:
                connection.execute(setup.read())
        except (duckdb.Error, OSError) as error:
            sys.exit(f"{path}: {error}")
    for line in sys.stdin:
        print(json.dumps(answer(connection, line), ensure_ascii=False), flush=True)


def answer(connection, line):
    try:
        cursor = connection.execute(json.loads(line)["sql"])
        kinds = [kind(str(column[1])) for column in cursor.description]
        rows = [[canonical(*cell) for cell in zip(kinds, row)] for row in cursor.fetchall()]
        return {"columns": [column[0] for column in cursor.description], "types": kinds, "rows": rows}
    except (duckdb.Error, ValueError, KeyError) as error:
        return {"error": str(error)}


def kind(type_name):
    """The kind of a DuckDB type."""
    if type_name.endswith("[]"):
        return "list of " + kind(type_name[:-2])
    if type_name.startswith("DECIMAL("):
        return "number"
    if type_name not in KINDS:
        raise ValueError(f"a column of type {type_name} has no canonical form: cast it")
    return KINDS[type_name]


def canonical(kind, value):
    if value is None:
        return None
    if kind.startswith("list of "):
        return [canonical(kind.removeprefix("list of "), element) for element in value]
    return FORMS[kind](value)


def number(value):
    text = format(value, "f") if not isinstance(value, int) else str(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def double(value):
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def timestamp(value):
    return f"{value:%Y-%m-%dT%H:%M:%S}{fraction(value)}Z"


def time(value):
    if not isinstance(value, datetime.time):
        raise ValueError(f"{value!r} is not a time of day")
    return f"{value:%H:%M:%S}{fraction(value)}"


def fraction(value):
    return f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""


FORMS = {
    "text": str,
    "boolean": lambda value: "true" if value else "false",
    "number": number,
    "double": double,
    "timestamp": timestamp,
    "date": datetime.date.isoformat,
    "time": time,
    "binary": lambda value: base64.b64encode(value).decode("ascii"),
}


if __name__ == "__main__":
    main()
