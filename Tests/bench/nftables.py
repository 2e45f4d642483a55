"""Our nftables against nft: big sets, many rules, nothing to do, one element."""

import json, re, statistics, subprocess, sys

import measure
from measure import NAME, VPNGW, Median, Run, alternate, line, vpngw, write

MAP, INTERVALS, CHAINS, RULES = 50_000, 100_000, 500, 5_000
TABLE = {"family": "inet", "name": "bench"}
INSIDE = ["nsenter", f"--net=/run/netns/{NAME}", "--"]


def nft(*words):
    done = subprocess.run([*INSIDE, "nft", *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: nft {' '.join(words)}: {done.stderr.strip()[:400]}")
    return done.stdout


def host(n):
    return f"16.{n >> 16}.{n >> 8 & 255}.{n & 255}"


def state(name, objects):
    return write(name, '{ "version": 1, "nftables": ', [json.dumps(
        [{"table": TABLE}, *objects])], " }\n")


def named_set(kind, content):
    return {kind: {"family": "inet", "table": "bench", **content}}


def big_map(changed=None):
    """Marks by address, as a state file and as nft's; `changed` is an address more."""
    addresses = [host(n) for n in range(MAP)] + ([changed] if changed else [])
    ours = named_set("map", {
        "name": "m", "type": "ipv4_addr", "map": "mark",
        "elem": [[address, n & 255] for n, address in enumerate(addresses)]})
    peer = ("table inet bench { map m { type ipv4_addr : mark; elements = {",
            ", ".join(f"{address} : {n & 255}" for n, address in enumerate(addresses)), "}\n}\n}\n")
    name = "more" if changed else "map"
    return state(f"{name}.json", [ours]), write(f"{name}.nft", *peer)


def interval_set():
    prefixes = [f"{16 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0" for n in range(INTERVALS)]
    ours = named_set("set", {
        "name": "s", "type": "ipv4_addr", "flags": ["interval"],
        "elem": [{"prefix": {"addr": prefix, "len": 25}} for prefix in prefixes]})
    return (state("intervals.json", [ours]),
            write("intervals.nft", "table inet bench { set s { type ipv4_addr; flags interval; elements = {",
                  ", ".join(f"{prefix}/25" for prefix in prefixes), "}\n}\n}\n"))


def rules():
    objects, text = [], ["table inet bench {\n"]
    for chain in range(CHAINS):
        name = f"c{chain}"
        objects.append(named_set("chain", {"name": name}))
        text.append(f"chain {name} {{\n")
        for n in range(RULES // CHAINS):
            source, port = f"10.{chain >> 8}.{chain & 255}.{n}", 1000 + n
            objects.append(named_set("rule", {"chain": name, "expr": [
                {"match": {"op": "==", "right": source,
                           "left": {"payload": {"protocol": "ip", "field": "saddr"}}}},
                {"match": {"op": "==", "right": port,
                           "left": {"payload": {"protocol": "tcp", "field": "dport"}}}},
                {"counter": {"packets": 0, "bytes": 0}}, {"accept": None}]}))
            text.append(f"ip saddr {source} tcp dport {port} counter accept\n")
        text.append("}\n")
    return state("rules.json", objects), write("rules.nft", "", text, "}\n")


def loaded(run, kind, expected):
    """What a run left, counted by nft; then it goes."""
    listed = json.loads(nft("-j", "list", "table", "inet", "bench"))["nftables"]
    if kind == "rule":
        found = sum("rule" in entry for entry in listed)
    else:
        found = next(len(entry[kind]["elem"]) for entry in listed if kind in entry)
    if found != expected:
        sys.exit(f"bench: {found} of {kind}, not {expected}")
    nft("delete", "table", "inet", "bench")
    return run


def loading(what, files, kind, expected, aim, rounds):
    ours, peer = files

    def applied():
        run = vpngw("apply", ours)
        vpngw("plan", ours)  # must exit 0
        return loaded(run, kind, expected)

    line(what, *alternate(rounds, applied, lambda: loaded(
        Run([*INSIDE, "nft", "-f", peer]), kind, expected)), aim)


def nothing_to_do(what, file, rounds):
    vpngw("apply", file)
    line(what, *alternate(rounds, lambda: vpngw("plan", file),
                          lambda: Run([*INSIDE, "nft", "-j", "list", "ruleset"])), 0.3)
    nft("delete", "table", "inet", "bench")


def transaction(words):
    """Seconds that the kernel took for the request that held a whole transaction."""
    log = write("strace", "", [], "")
    done = subprocess.run(
        ["strace", "-f", "-qq", "-T", "-e", "trace=sendmsg,sendto", "-o", log, *words],
        stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"bench: exit {done.returncode}: strace {' '.join(words)}")
    with open(log) as file:
        # NFNL_MSG_BATCH_BEGIN is 16; strace says so where it can't tell the socket's protocol.
        times = [float(re.search(r"<([0-9.]+)>$", request)[1]) for request in file
                 if re.search(r"nlmsg_type=(0x10 |NLMSG_MIN_TYPE|NFNL_MSG_BATCH_BEGIN)", request)]
    if len(times) != 1:
        sys.exit(f"bench: {len(times)} transactions, not 1")
    return times[0]


def one_element(rounds):
    file, _ = big_map()
    more, _ = big_map("17.0.0.1")
    add = [*INSIDE, "nft", "add", "element", "inet", "bench", "m", "{ 17.0.0.1 : 7 }"]
    apply = [VPNGW, "apply", "--netns", NAME, "--run-directory", f"{measure.directory()}/run"]

    def without():
        nft("delete", "element", "inet", "bench", "m", "{ 17.0.0.1 }")

    vpngw("apply", file)

    def ours():
        run = vpngw("apply", more)
        without()
        return run

    def peer():
        run = Run(add)
        without()
        return run

    line("1 of 50,000 changed : nft add element", *alternate(rounds, ours, peer), 1)
    taken = []
    for _ in range(rounds):
        pair = []
        for words in [*apply, more], add:
            pair.append(transaction(words))
            without()
        taken.append(pair)
    line("its transaction alone, by strace", *[
        Median([Timed(seconds) for seconds in column]) for column in zip(*taken)],
        0.001, ratio=False)
    nft("delete", "table", "inet", "bench")


class Timed:
    memory = 0

    def __init__(self, seconds):
        self.seconds = seconds


def measure_all(rounds):
    loading("map of 50,000 : nft -f", big_map(), "map", MAP, 0.5, rounds)
    loading("100,000 intervals : nft -f", interval_set(), "set", INTERVALS, 0.7, rounds)
    loading("5,000 rules in 500 chains : nft -f", rules(), "rule", RULES, 0.5, rounds)
    nothing_to_do("map of 50,000, no change : nft -j list", big_map()[0], rounds)
    nothing_to_do("5,000 rules, no change : nft -j list", rules()[0], rounds)
    one_element(rounds)
