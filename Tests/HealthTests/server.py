"""A server that answers as its paths say, well and badly. Prints its port once it listens.

server.py [CERTIFICATE KEY]; on standard input a JSON object of paths, each with [STATUS, BODY]. Those
are answered over one connection as long as the peer wants, or up to the number at "most", if there is
one; instead of answering once more it is closed.
"""

import itertools
import json
import socket
import ssl
import sys
import threading
import time

answers = json.load(sys.stdin)
most = answers.pop("most", [None])[0]
context = None
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])


def asked(connection):
    """The next request, without a body, or nothing."""
    request = b""
    while b"\r\n\r\n" not in request and not request.startswith(b"TCP"):
        more = connection.recv(4096)
        if not more:
            return ""
        request += more
    return request.decode()


def answer(connection, status, body, is_last):
    close = "Connection: close\r\n" if is_last else ""
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{close}\r\n"
    connection.sendall(head.encode() + body.encode())


def answer_otherwise(connection, text, path):
    if text.startswith("TCP"):
        connection.sendall(b"220 read")
        time.sleep(0.05)
        connection.sendall(b"y\r\n")
    elif path == "/request":
        answer(connection, 200, text, True)
    elif path == "/none":
        pass
    elif path == "/silent":
        connection.recv(1)
    elif path == "/drip":
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx":
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
    elif path == "/head-without-end":
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: " + b"x" * 8000 + b"\r\n")
    elif path == "/huge":
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)
    elif path == "/early":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
    elif path == "/garbage":
        connection.sendall(b"220 mail.example.org ESMTP\r\n")
    else:
        answer(connection, 404, "", True)


def serve(connection):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        for number in itertools.count():
            text = asked(connection)
            if not text or number == most:
                return
            path = text.split(" ")[1] if " " in text else ""
            if path not in answers:
                return answer_otherwise(connection, text, path)
            is_last = "Connection: close" in text
            if answers[path] == [0, "silent"]:
                connection.recv(1)
                return
            answer(connection, *answers[path], is_last)
            if is_last:
                return
    except OSError:
        pass
    finally:
        connection.close()


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
while True:
    peer = listener.accept()[0]
    threading.Thread(target=serve, args=(peer,), daemon=True).start()
