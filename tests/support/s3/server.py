"""A server of the protocol of S3, in memory: `server.py PORT` runs until it is killed and prints a line when it answers.

It takes one request at a time: a conditional put looks first and writes then, and nothing may come in between.
"""

import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log(self, *arguments):
        pass


app = DomainDispatcherApplication(create_backend_app)
lock = threading.Lock()


def one_at_a_time(environ, start_response):
    with lock:
        return list(app(environ, start_response))


server = make_server("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True, request_handler=Quiet)
print("ready", flush=True)
server.serve_forever()
