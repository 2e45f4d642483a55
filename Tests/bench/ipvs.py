#!/usr/bin/python3
"""Our IPVS against ipvsadm and keepalived: 1,000 services of 16 destinations, and one weight.

As a program: a server whose answers say whether it lives, for the probe and the check that decide
about the weight. Reads a status of HTTP from each line, and prints when the first answer with it begins.
"""

import ctypes, os, pathlib, re, select, socket, statistics, struct, subprocess, sys, time

import measure
from measure import NAME, VPNGW, Run, alternate, ip, line, vpngw, write

SERVICES, SERVERS, PORT = 1_000, 16, 8080
VIPS = [f"192.0.{2 + (n >> 8)}.{n & 255}" for n in range(SERVICES)]
ADDRESSES = [f"10.0.0.{n}" for n in range(1, SERVERS + 1)]
INSIDE = ["ip", "netns", "exec", NAME]


def ipvsadm(*words):
    return [*INSIDE, "ipvsadm", *words]


def table():
    return subprocess.run(ipvsadm("-Sn"), check=True, capture_output=True, text=True).stdout


def state(name, scheduler, first="", more=""):
    """`first` is added to the very first destination, which then stays inhibited; `more` to the file."""
    inhibit = ' "inhibit": true,' if first else ""

    def destinations(service):
        return ", ".join(
            f'{{ "address": "{server}"{first if service + n == 0 else ""} }}'
            for n, server in enumerate(ADDRESSES))

    return write(name, '{ "version": 1, "ipvs": { "services": [', (
        f'{"," if n else ""}\n  {{ "address": "{vip}", "port": 80, "protocol": "tcp",'
        f' "scheduler": "{scheduler}",{inhibit} "destinations": [{destinations(n)}] }}'
        for n, vip in enumerate(VIPS)), f"] }}{more} }}\n")


def tables(rounds):
    for scheduler in "wrr", "mh":
        file = state(f"{scheduler}.json", scheduler)
        rules = write(f"{scheduler}.rules", "", (
            f"-A -t {vip}:80 -s {scheduler}\n"
            + "".join(f"-a -t {vip}:80 -r {server}:80 -m -w 1\n" for server in ADDRESSES)
            for vip in VIPS), "")
        restore = ["sh", "-c", f"exec {' '.join(ipvsadm('-R'))} <{rules}"]

        def filled(measured):
            subprocess.run(ipvsadm("-C"), check=True)
            run = measured()
            if sorted(table().splitlines()) != sorted(pathlib.Path(rules).read_text().splitlines()):
                sys.exit("bench: ipvsadm -Sn doesn't say what was asked for")
            return run

        line(f"1,000 {scheduler} services x 16 applied : ipvsadm -R",
             *alternate(rounds, lambda: filled(lambda: vpngw("apply", file)),
                        lambda: filled(lambda: Run(restore))), 0.25)
        line("the same planned, no change : ipvsadm -Sn",
             *alternate(2 * rounds + 1, lambda: vpngw("plan", file),
                        lambda: Run(ipvsadm("-Sn"))), 1)
    subprocess.run(ipvsadm("-C"), check=True)


# From a signal to the kernel.

GET_DESTS = 64 + 1024 + 64 + 4  # IP_VS_SO_GET_DESTS of linux/ip_vs.h
QUESTION = struct.Struct("=H2x4s2s2xII4x")  # ip_vs_get_dests: protocol, address, port, mark, number
ANSWER = struct.Struct("=4s2s2xIi80x")  # ip_vs_dest_entry: address, port, flags, weight
PAUSE = 0.0002


class Weight:
    """The kernel's state of the destination that depends on the signal."""

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        inside = os.open(f"/run/netns/{NAME}", os.O_RDONLY)
        libc.setns(inside, 0)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        libc.setns(before, 0)
        self.getsockopt = libc.getsockopt
        self.question = QUESTION.pack(
            socket.IPPROTO_TCP, socket.inet_aton(VIPS[0]), struct.pack("!H", 80), 0, SERVERS)
        self.buffer = ctypes.create_string_buffer(QUESTION.size + SERVERS * ANSWER.size)

    def __call__(self):
        """As root, and much faster than running ipvsadm."""
        self.buffer[:QUESTION.size] = self.question
        size = ctypes.c_uint(len(self.buffer))
        if self.getsockopt(self.socket.fileno(), socket.IPPROTO_IP, GET_DESTS, self.buffer, ctypes.byref(size)):
            sys.exit(f"bench: IP_VS_SO_GET_DESTS: {os.strerror(ctypes.get_errno())}")
        weights = {address: weight for address, _, _, weight in ANSWER.iter_unpack(
            self.buffer.raw[QUESTION.size:])}
        return weights[socket.inet_aton(ADDRESSES[0])]

    def arrival(self, since, before, seconds=60):
        """Seconds until it changes, at most PAUSE and one query too long."""
        while time.monotonic() < since + seconds:
            if self() != before:
                return time.monotonic() - since
            time.sleep(PAUSE)
        sys.exit("bench: no change of the destination reached the kernel")


class Times:
    def __init__(self, seconds, process):
        self.seconds = statistics.median(seconds)
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        self.memory = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def reaction(rounds, words, log, process):
    """How long a daemon takes from a server's answer to the kernel; its table is complete before that."""
    with open(log, "w") as output, subprocess.Popen(
            [*INSIDE, sys.executable, __file__], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1) as server, subprocess.Popen(
            [*INSIDE, *words], stdout=output, stderr=output) as daemon:
        try:
            deadline = time.monotonic() + 300
            while table().count("\n") != SERVICES * (SERVERS + 1):
                if daemon.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"bench: {words[0]}: its table isn't whole: {open(log).read()[-400:]}")
                time.sleep(2)
            time.sleep(15)
            seconds, weight = [], Weight()
            for _ in range(rounds):
                for status in 503, 200:
                    before = weight()
                    server.stdin.write(f"{status}\n")
                    seconds.append(weight.arrival(float(server.stdout.readline()), before))
                    time.sleep(7)  # until it is idle
            return Times(seconds, process(daemon))
        finally:
            daemon.terminate()
            daemon.wait()
            server.terminate()


def reactions(rounds):
    more = (f', "probes": {{ "s": {{ "type": "http", "address": "127.0.0.1", "port": {PORT},'
            ' "interval": "1s", "timeout": "1s", "rise": 1, "fall": 1 } }')
    file = state("signal.json", "wrr", ', "when": "probe.s"', more)
    check = (f"inhibit_on_failure\n HTTP_GET {{\n url {{\n path /\n status_code 200\n }}\n connect_ip 127.0.0.1\n"
             f" connect_port {PORT}\n connect_timeout 1\n retry 0\n delay_before_retry 1\n warmup 0\n }}\n")
    configuration = write("keepalived.conf", "global_defs {\n checker_log_all_failures\n}\n", (
        f"virtual_server {vip} 80 {{\n delay_loop 1\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n" + "".join(
            f" real_server {server} 80 {{\n weight 1\n{check if n + m == 0 else ''} }}\n"
            for m, server in enumerate(ADDRESSES)) + "}\n"
        for n, vip in enumerate(VIPS)), "")

    def child(daemon):
        """keepalived's checker, which is a process of its own."""
        return subprocess.run(["pgrep", "-P", str(daemon.pid)], check=True, capture_output=True,
                              text=True).stdout.split()[0]

    directory = measure.directory()
    ours = reaction(rounds, [VPNGW, "run", "--run-directory", f"{directory}/run", "--log-level", "info", file],
                    f"{directory}/vpngw.log", lambda daemon: daemon.pid)
    subprocess.run(ipvsadm("-C"), check=True)
    peer = reaction(rounds, ["keepalived", "-n", "-C", "-l", "-f", configuration, "-p", f"{directory}/pid",
                             "-c", f"{directory}/checkers"], f"{directory}/keepalived.log", child)
    line("a weight of these by a signal : keepalived", ours, peer, 0.005, ratio=False)
    subprocess.run(ipvsadm("-C"), check=True)


def measure_all(rounds):
    if subprocess.run(ipvsadm("-Ln"), capture_output=True).returncode:
        sys.exit("bench: this kernel has no IPVS: testbeds/uml -- Tests/bench/run ipvs")
    ip("link", "set", "lo", "up")  # without an IPv4 address the kernel accepts no destination
    tables(rounds)
    reactions(rounds)


def serve():
    """Answers one after another."""
    listener = socket.create_server(("127.0.0.1", PORT))
    status, isNew = b"200 OK", False
    while True:
        for ready in select.select([listener, sys.stdin], [], [])[0]:
            if ready is sys.stdin:
                words = sys.stdin.readline()
                if not words:
                    return
                status, isNew = words.strip().encode() + b" Said", True
                continue
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                answer = b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                began = time.monotonic()
                connection.send(answer)
            if isNew:
                isNew = False
                print(began, flush=True)


if __name__ == "__main__":
    serve()
