"""Prints a TCP port of the loopback interface that nobody listens on and that is none of the arguments."""

import socket
import sys

taken = {int(port) for port in sys.argv[1:]} | {0}
port = 0
while port in taken:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port = candidate.getsockname()[1]
print(port)
