"""A home with two providers.

    internet: ifconfig.me 45.0.0.1, and 1.1.1.1
      |-- isp, 203.0.113.1 ---- fiber0, .2 --.
      |                                      home, lan0 192.168.1.1 ---- laptop 192.168.1.7
      `-- 198.51.100.1 -------- lte0, .2 ----'
"""

import subprocess, time

from page import Machine, Page
from testbed import SLOWNESS, wait_for

SERVER = "45.0.0.1"
FIBER, LTE = "203.0.113.2", "198.51.100.2"


def reaches(host, address):
    return not subprocess.run([*host.prefix, "curl", "-sfm", f"{0.5 * SLOWNESS:g}", f"http://{address}:8080"],
                              capture_output=True).returncode


def recipe(bed, path):
    forwards = {"net_ipv4_ip__forward": 1, "net_ipv4_conf_all_send__redirects": 0}
    internet, isp, home, laptop = (bed.host("internet", **forwards), bed.host("isp", **forwards), bed.host("home"),
                                   bed.host("laptop"))
    bed.wire(isp, "eth0", internet, "isp")
    bed.wire(home, "lte0", internet, "lte")
    bed.wire(home, "fiber0", isp, "eth1")
    bed.wire(home, "lan0", laptop, "eth0")
    internet.ip(f"address add {SERVER}/32 dev lo", "address add 1.1.1.1/32 dev lo", "address add 45.0.1.1/30 dev isp",
                "route add 203.0.113.0/24 via 45.0.1.2", "address add 198.51.100.1/24 dev lte")
    isp.ip("address add 45.0.1.2/30 dev eth0", "route add default via 45.0.1.1", "address add 203.0.113.1/24 dev eth1")
    laptop.ip("address add 192.168.1.7/24 dev eth0", "route add default via 192.168.1.1")
    internet.program("echo")
    machines = [Machine(bed, host, host.name) for host in (home, laptop, isp)]
    machines[1].names({"ifconfig.me": SERVER})
    page = Page(bed, path, machines)
    client = laptop.worker("client", SERVER, "::1", 80)

    page.go(until="curl")
    bed.check("a home router: the laptop leaves by fiber", True)
    home.program("echo", 8080)
    wait_for("a program on the router", lambda: reaches(laptop, "192.168.1.1"))
    bed.check("nobody in the internet reaches the router's own programs, by either uplink",
              not reaches(internet, FIBER) and not reaches(internet, LTE))
    page.go(until="curl")
    bed.check("fiber's provider has trouble: by LTE", True)
    opened = client.ask("open", "lte", 20, "tcp", 4)
    page.go(until="curl")
    bed.check("it is over: by fiber again", opened == {LTE: {"open": 20}}, opened)
    page.go()
    # Each connection sends a line a second.
    time.sleep(2)
    now = client.ask("report", "lte")
    bed.check("connections that were opened by LTE stay there", now == opened, now)
