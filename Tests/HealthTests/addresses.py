"""Says where questions come from: over STUN and DNS (UDP) and HTTP, at 127.0.0.1 or an address that is
given. Prints the ports of the three once it listens.

addresses.py ADDRESS [HOST]: answers with ADDRESS, or with "peer" with where the question came from. A
question whose name begins with "silent" isn't answered, one that begins with "refused" is refused.
Each STUN answer is preceded by one with another transaction.
"""

import ipaddress
import socket
import struct
import sys
import threading

said = sys.argv[1]
host = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
family = socket.AF_INET6 if ":" in host else socket.AF_INET
MAGIC = bytes.fromhex("2112a442")


def seen(peer):
    return ipaddress.ip_address(peer if said == "peer" else said)


def stun(sock):
    while True:
        request, peer = sock.recvfrom(2048)
        address = seen(peer[0])
        kind = 1 if address.version == 4 else 2
        transaction = request[8:20]
        for wrong in (True, False):
            shown = ipaddress.ip_address("192.0.2.66" if kind == 1 else "2001:db8::66") if wrong else address
            sent = bytes(12) if wrong else transaction
            mixed = bytes(a ^ b for a, b in zip(shown.packed, MAGIC + sent))
            value = struct.pack("!BBH", 0, kind, peer[1] ^ 0x2112) + mixed
            attribute = struct.pack("!HH", 0x20, len(value)) + value
            sock.sendto(struct.pack("!HH", 0x101, len(attribute)) + MAGIC + sent + attribute, peer)


def dns(sock):
    while True:
        request, peer = sock.recvfrom(2048)
        end = request.index(0, 12) + 5
        question, kind = request[12:end], struct.unpack("!H", request[end - 4 : end - 2])[0]
        address = seen(peer[0])
        if question[1:].startswith(b"silent"):
            continue
        if question[1:].startswith(b"refused"):
            sock.sendto(request[:2] + b"\x81\x05" + b"\0\1\0\0\0\0\0\0" + question, peer)
            continue
        text = str(address).encode()
        data = bytes([len(text)]) + text if kind == 16 else address.packed
        record = b"\xc0\x0c" + question[-4:] + b"\0\0\0\0" + struct.pack("!H", len(data)) + data
        sock.sendto(request[:2] + b"\x81\x00" + b"\0\1\0\1\0\0\0\0" + question + record, peer)


def page(listener):
    while True:
        connection, peer = listener.accept()
        request = connection.recv(4096).decode()
        path = request.split(" ")[1]
        address = seen(peer[0])
        body = {
            "/": f" {address}\n",
            "/json": f'{{"seen": [{{"ip": "{address}"}}]}}',
            "/moved": "",
            "/words": "<html>you are nobody</html>",
        }.get(path)
        if path == "/silent":
            continue
        status = "301 Moved" if path == "/moved" else "200 OK" if body is not None else "404 No"
        body = body or ""
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        connection.close()


ports = []
for act, kind in ((stun, socket.SOCK_DGRAM), (dns, socket.SOCK_DGRAM), (page, socket.SOCK_STREAM)):
    sock = socket.socket(family, kind)
    sock.bind((host, 0))
    if kind == socket.SOCK_STREAM:
        sock.listen(64)
    ports.append(sock.getsockname()[1])
    threading.Thread(target=act, args=(sock,), daemon=True).start()
print(*ports, flush=True)
threading.Event().wait()
