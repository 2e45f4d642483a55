#!/usr/bin/python3
"""Our IPVS against ipvsadm and keepalived: 1,000 services of 16 destinations, and one weight.

As a program: a server whose answers say whether it lives, for the probe and the check that decide
about the weight. Reads a status of HTTP from each line, and prints when the first answer with it begins.
"""

import contextlib, pathlib, re, select, socket, statistics, subprocess, sys, time

import measure
from measure import NAME, VPNGW, Run, alternate, ip, line, vpngw, write

SERVICES, SERVERS, PORT = 1_000, 16, 8080
VIPS = [f"192.0.{2 + (n >> 8)}.{n & 255}" for n in range(SERVICES)]
ADDRESSES = [f"10.0.0.{n}" for n in range(1, SERVERS + 1)]
TRACING = pathlib.Path("/sys/kernel/tracing")
INSIDE = ["ip", "netns", "exec", NAME]


def ipvsadm(*words):
    return [*INSIDE, "ipvsadm", *words]


def table():
    return subprocess.run(ipvsadm("-Sn"), check=True, capture_output=True, text=True).stdout


def state(name, scheduler, first="", more=""):
    """`first` is said of the first destination of all, which then stays inhibited; `more` of the file."""
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

@contextlib.contextmanager
def arrivals():
    """The kernel's own times of requests that change a destination: a kprobe, CLOCK_MONOTONIC."""
    subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACING])
    events = TRACING / "kprobe_events"
    (TRACING / "trace_clock").write_text("mono")
    events.write_text("p:vpngw ip_vs_genl_set_cmd")
    (TRACING / "events/kprobes/vpngw/enable").write_text("1")
    try:
        yield
    finally:
        (TRACING / "events/kprobes/vpngw/enable").write_text("0")
        events.write_text("")  # which takes all away


def arrival(since, seconds=60):
    """Seconds until the first request after `since`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        #   vpngw-123  [001] .....  12.345678: vpngw: (ip_vs_genl_set_cmd+0x0/0x5c0 [ip_vs])
        for text in re.findall(r"\s(\d+\.\d+): vpngw: ", (TRACING / "trace").read_text()):
            if float(text) >= since:
                return float(text) - since
        time.sleep(0.02)
    sys.exit("bench: no change of a destination reached the kernel")


class Times:
    def __init__(self, seconds, process):
        self.seconds = statistics.median(seconds)
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        self.memory = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def reaction(rounds, words, log, process):
    """How long a daemon takes from an answer of the server to the kernel; its table is whole before."""
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
            seconds = []
            for _ in range(rounds):
                for status in 503, 200:
                    server.stdin.write(f"{status}\n")
                    seconds.append(arrival(float(server.stdout.readline())))
                    time.sleep(7)  # nothing of it is going on any more
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
        """keepalived's checker, a process of its own."""
        return subprocess.run(["pgrep", "-P", str(daemon.pid)], check=True, capture_output=True,
                              text=True).stdout.split()[0]

    directory = measure.directory()
    with arrivals():
        ours = reaction(rounds, [VPNGW, "run", "--run-directory", f"{directory}/run", "--log-level", "info", file],
                        f"{directory}/vpngw.log", lambda daemon: daemon.pid)
        subprocess.run(ipvsadm("-C"), check=True)
        peer = reaction(rounds, ["keepalived", "-n", "-C", "-l", "-f", configuration, "-p", f"{directory}/pid",
                                 "-c", f"{directory}/checkers"], f"{directory}/keepalived.log", child)
    line("a weight of these by a signal : keepalived", ours, peer, 0.005, ratio=False)
    subprocess.run(ipvsadm("-C"), check=True)


def measure_all(rounds):
    if subprocess.run(ipvsadm("-Ln"), capture_output=True).returncode:
        sys.exit("bench: this kernel has no IPVS: testbeds/vm -- Tests/bench/run ipvs")
    ip("link", "set", "lo", "up")  # without an IPv4 address the kernel takes no destination
    tables(rounds)
    reactions(rounds)


def serve():
    """Answers one after the other."""
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
