"""A router pod and the daemon on it."""

import json, re, subprocess
from testbed import PROGRAMS, VPNGW, Failure, wait_for

LINK = "vpn-gw-veth0"
STATUS = "http://127.0.0.1:9118"


class Router:
    def __init__(self, bed, host, file=None):
        self.bed, self.host, self.name = bed, host, host.name
        self.file = file or bed.directory / f"{host.name}.json"
        self.run_directory = bed.directory / f"{host.name}-run"
        self.command = [VPNGW, "run", self.file, "--run-directory", self.run_directory]
        self.log = bed.log(host, "vpngw")
        self.daemon = None

    def write(self, value):
        text = value if isinstance(value, str) else json.dumps(value, indent=2)
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.rename(self.file)

    def vpngw(self, verb, *words):
        return self.host.run(VPNGW, verb, "--run-directory", self.run_directory, *words)

    def plan(self, *words):
        """What `plan` prints; it exits with 2 if there is something to do."""
        done = subprocess.run(
            [*self.host.prefix, VPNGW, "plan", "--run-directory", self.run_directory, *words,
             self.file], capture_output=True, text=True)
        if done.returncode not in (0, 2):
            raise Failure(f"vpngw plan: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def start(self, *words, ready=True):
        self.daemon = self.host.start(*self.command, *words, log="vpngw")
        if ready:
            self.wait_ready()

    def wait_ready(self):
        def is_ready():
            if not self.daemon.runs:
                raise Failure(f"{self.name}: vpngw ended: {self.daemon.text()[-2000:]}")
            return self.fetch("/readyz") is not None
        wait_for(f"{self.name}: ready", is_ready, 20)

    def fetch(self, path):
        """The body, or None unless the status is 200."""
        done = subprocess.run([*self.host.prefix, "curl", "-sfm", "5", STATUS + path],
                              capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    def status(self):
        return json.loads(self.fetch("/status") or "{}")

    def metric(self, name):
        """The sum of a metric's values, over all labels."""
        lines = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", self.fetch("/metrics") or "", re.MULTILINE)
        return sum(map(float, lines))

    def signals(self):
        return {signal["name"]: signal["state"] for signal in self.status().get("signals", [])}

    def wait_signals(self, states, seconds=20):
        """Waits until the gateways' probes say so: {"gw0": "up"}."""
        wanted = {f"probe.{name}": state for name, state in states.items()}
        try:
            wait_for(f"{self.name}: {states}",
                     lambda: wanted.items() <= self.signals().items(), seconds)
        except Failure as failure:
            found = [signal for signal in self.status().get("signals", [])
                     if wanted.get(signal["name"], signal["state"]) != signal["state"]]
            raise Failure(f"{failure}: {found}") from None

    def lines(self, event=None):
        text = self.log.read_text() if self.log.exists() else ""
        return [line for line in text.splitlines() if not event or f"event={event} " in line + " "]

    def take(self, *vips):
        """The VIPs by hand: VRRP's part."""
        self.host.ip(*[f"address replace {vip}{'/64 nodad' if ':' in vip else '/22'} dev {LINK}"
                       for vip in vips])
        self.host.run(PROGRAMS / "announce", LINK, *vips)

    def drop(self, *vips):
        self.host.ip(*[f"address delete {vip}{'/64' if ':' in vip else '/22'} dev {LINK}"
                       for vip in vips])
