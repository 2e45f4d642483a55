"""Ten servers that do what they can to keep a prober busy. Prints their ports, by what they do.

hostile.py CERTIFICATE KEY. Each sends as fast as it is read, without end, or as slowly as it may.
"""

import os
import socket
import ssl
import sys
import threading
import time

os.nice(10)  # what is measured is the prober's work, not theirs
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])


def flood(connection, start, more):
    connection.sendall(start)
    while True:
        connection.sendall(more)


def drip(connection, text, pause):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in text:
        connection.sendall(bytes([byte]))
        time.sleep(pause)


def answer(connection, body):
    connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def secure(connection, what):
    what(context.wrap_socket(connection, server_side=True))


def records(connection):
    """Endless records of one byte each."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flood(connection, OK + b"\r\n", b"x")


DOES = {
    "header": lambda peer: flood(peer, OK, b"X: " + b"x" * 60000 + b"\r\n"),
    "headers": lambda peer: flood(peer, OK, b"X: x\r\n" * 5000),
    "interim": lambda peer: flood(peer, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
    "body": lambda peer: flood(peer, OK + b"\r\n", b"a" * 65536),
    "chunks": lambda peer: flood(peer, CHUNKED, b"1\r\na\r\n" * 5000),
    "extensions": lambda peer: flood(peer, CHUNKED, b"1;" + b"e" * 50000 + b"\r\na\r\n"),
    "drip": lambda peer: drip(peer, OK + b"X: " + b"x" * 100000, 0.0005),
    "deep": lambda peer: answer(peer, b'{"public_ip":' * 600),
    "records": lambda peer: secure(peer, records),
    "tls": lambda peer: secure(peer, lambda peer: flood(peer, OK + b"\r\n", b"x" * 65536)),
    "shakes": lambda peer: flood(peer, b"", b"\x16\x03\x03\x40\x00" + b"\x00" * 16384),
    "alerts": lambda peer: flood(peer, b"", b"\x15\x03\x03\x00\x02\x01\x5a" * 2000),
}


def serve(connection, does):
    try:
        if does not in ("records", "tls", "shakes", "alerts"):
            connection.recv(4096)
        DOES[does](connection)
    except OSError:
        pass
    finally:
        connection.close()


def listen(listener, does):
    while True:
        peer = listener.accept()[0]
        threading.Thread(target=serve, args=(peer, does), daemon=True).start()


def datagrams(sock):
    """Answers each datagram with as many as go out within a tenth of a second, all of them wrong."""
    while True:
        question, peer = sock.recvfrom(4096)
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            try:
                sock.sendto(b"x" * 1400, peer)
            except OSError:
                break


ports = {}
for name in DOES:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    ports[name] = listener.getsockname()[1]
    threading.Thread(target=listen, args=(listener, name), daemon=True).start()
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
ports["datagrams"] = sock.getsockname()[1]
threading.Thread(target=datagrams, args=(sock,), daemon=True).start()
print(" ".join(f"{name}={port}" for name, port in ports.items()), flush=True)
threading.Event().wait()
