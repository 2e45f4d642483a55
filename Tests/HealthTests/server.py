"""A server that answers as its paths say, well and badly. Prints its port once it listens.

server.py [CERTIFICATE KEY]; on standard input a JSON object of paths, each with [STATUS, BODY].
"""

import json
import socket
import ssl
import sys
import threading
import time

answers = json.load(sys.stdin)
context = None
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])


def answer(connection, status, body):
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode() + body.encode())


def serve(connection):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request and not request.startswith(b"TCP"):
            more = connection.recv(4096)
            if not more:
                return
            request += more
        text = request.decode()
        path = text.split(" ")[1] if " " in text else ""
        if text.startswith("TCP"):
            connection.sendall(b"220 read")
            time.sleep(0.05)
            connection.sendall(b"y\r\n")
        elif path in answers:
            answer(connection, *answers[path])
        elif path == "/request":
            answer(connection, 200, text)
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
            answer(connection, 404, "")
    except OSError:
        pass
    finally:
        connection.close()


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
while True:
    peer = listener.accept()[0]
    threading.Thread(target=serve, args=(peer,), daemon=True).start()
