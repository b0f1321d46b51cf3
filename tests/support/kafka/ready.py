"""Waits until the Kafka broker at HOST:PORT answers a request.

    ready.py HOST:PORT [SECONDS]

Asks for the broker's API versions, the one request that needs no topic and no permission. A broker answers it once it has
joined its cluster and takes requests. Ends with 0 when it has answered, and with 1 and a reason after SECONDS (60).
"""

import socket
import struct
import sys
import time

API_VERSIONS = 18
CORRELATION_ID = 7
UNSUPPORTED_VERSION = 35  # an answer all the same: the broker speaks newer versions only
RETRY_SECONDS = 0.1


def main():
    host, _, port = sys.argv[1].rpartition(":")
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    deadline = time.monotonic() + seconds
    while True:
        try:
            ask(host, int(port), deadline)
            return
        except (OSError, ValueError) as error:
            if time.monotonic() + RETRY_SECONDS > deadline:
                sys.exit(f"no Kafka broker answers at {host}:{port} after {seconds:g} s: {error}")
            time.sleep(RETRY_SECONDS)


def ask(host, port, deadline):
    """One request and its answer; an error unless a Kafka broker answers."""
    with socket.create_connection((host, port), timeout=left(deadline)) as connection:
        client = b"ready"
        request = struct.pack(">hhih", API_VERSIONS, 0, CORRELATION_ID, len(client)) + client
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", read(connection, 4, deadline))
        if not 6 <= size <= 1 << 20:
            raise ValueError("what answers is not a Kafka broker")
        correlation_id, code = struct.unpack(">ih", read(connection, size, deadline)[:6])
        if correlation_id != CORRELATION_ID or code not in (0, UNSUPPORTED_VERSION):
            raise ValueError(f"the broker answered with error {code}")


def read(connection, count, deadline):
    content = b""
    while len(content) < count:
        connection.settimeout(left(deadline))
        part = connection.recv(count - len(content))
        if not part:
            raise ValueError("the connection was closed before the answer")
        content += part
    return content


def left(deadline):
    return max(deadline - time.monotonic(), 0.001)


if __name__ == "__main__":
    main()
