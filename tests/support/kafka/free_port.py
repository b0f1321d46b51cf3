"""Prints a TCP port of the loopback interface that nobody listens on and that is none of the arguments.

It is below those that the system gives to whoever asks for any: no connection and no other listener takes it before it is used.
"""

import random
import socket
import sys

taken = {int(port) for port in sys.argv[1:]}
for port in random.sample(range(10_000, 32_000), 1_000):
    with socket.socket() as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            continue
    if port not in taken:
        print(port)
        break
else:
    sys.exit("no port is free")
