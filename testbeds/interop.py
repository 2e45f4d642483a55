"""Ours beside another VRRP speaker: who is master when, as a table, which docs/vrrp.md holds.

All virtual routers of a testbed live on one segment and go through each situation at the same time.
"""

import sys, time
from segment import SLACK, Advertisements, Ours, Segment, has
from testbed import ROOT, SLOWNESS, wait_for

DOCUMENT = ROOT / "docs/vrrp.md"


def documented(title):
    """The rows of the table with this title in docs/vrrp.md: {situation: cells}."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    start = next((index for index, row in enumerate(rows) if row[0] == title), None)
    if start is None:
        return [], {}
    found = {}
    for row in rows[start + 2:]:
        if len(row) != len(rows[start]):
            break
        found[row[0]] = row[1:]
    return rows[start][1:], found


class Interop:
    def __init__(self, bed, kind, title, instances):
        self.bed, self.title, self.instances = bed, title, instances
        self.segment = Segment(bed, "ours", "peer")
        self.ours = Ours(bed, self.segment.routers[0], 1)
        self.peer = kind(bed, self.segment.routers[1], 2)
        self.heard = Advertisements(self.segment)
        # Who can be seen to have the addresses: a killed one leaves them behind.
        self.alive = set()
        self.rows = {}
        self.columns, self.documented = documented(title)

    # Situations.

    def row(self, situation, wanted, instances=None, longer=1):
        """Waits until those that are wanted are master, and no others; `wanted` is a word or {name: word}."""
        instances = self.instances if instances is None else instances
        who, cells, wrong = {"ours": self.ours, self.peer.word: self.peer}, {}, []
        for one in instances:
            word = wanted if isinstance(wanted, str) else wanted.get(one.name, wanted[""])
            names = ["ours", self.peer.word] if word == "both" else [
                "ours" if word == "ours" else self.peer.word]
            self.heard.wait_master(one, *(who[name].source(one) for name in names), longer=longer)
            heard = self.heard.masters(one, longer)
            masters = [name for name in who if who[name].source(one) in heard]
            cells[one.name] = "both" if len(masters) == 2 else (masters or ["nobody"])[0]
            if masters != names:
                wrong.append(f"{one.name}: {cells[one.name]} instead of {word}")
            wrong += self.misplaced(one, masters)
        self.rows[situation] = [cells.get(one.name, "") for one in self.instances]
        self.bed.check(situation, not wrong, "; ".join(wrong) or self.brief(cells))

    def misplaced(self, instance, masters):
        """The address is where the master is, and nowhere else."""
        def where():
            there = {"ours": has(self.ours.host, instance.vip)} if "ours" in self.alive else {}
            if "peer" in self.alive:
                there[self.peer.word] = self.peer.has(instance)
            return {name: it for name, it in there.items() if it != (name in masters)}
        try:
            wait_for("", lambda: not where(), 5)
        except Exception:
            return [f"{instance.name}: {name} {'has' if it else 'lacks'} {instance.vip}"
                    for name, it in where().items()]
        return []

    @staticmethod
    def brief(cells):
        words = set(cells.values())
        return words.pop() if len(words) == 1 else ", ".join(f"{k}: {v}" for k, v in cells.items())

    def leaves(self, since, instances=None):
        """Whether our priority 0 was seen in all of them."""
        missing = [one.name for one in instances or self.instances if not any(
            it.priority == 0 for it in self.heard.since(since, one, self.ours.source(one)))]
        self.bed.check("priority 0 was sent for each", not missing, ", ".join(missing))

    def heals(self, situation, winner, instances=None):
        """They don't hear each other, and then do again."""
        instances = instances or self.instances
        self.segment.part()
        for one in instances:
            self.heard.wait_master(one, self.ours.source(one), self.peer.source(one))
        both = [one for one in instances if len(self.heard.masters(one)) == 2]
        healed = self.segment.heal()
        self.row(situation, winner, instances)
        loser = {"ours": self.peer, "peer": self.ours}[winner]
        ends = {one.name: (self.heard.last(healed, one, loser.source(one)) or healed) - healed
                for one in instances}
        late = {one.name: f"{ends[one.name]:.2f} s" for one in instances
                if ends[one.name] > one.interval + SLACK}
        self.bed.check("until then both were master, and afterwards for at most an interval",
                       len(both) == len(instances) and not late,
                       late or f"the last word of the loser after {max(ends.values()) * 1000:.0f} ms at most")

    def stays(self, situation, master, instances):
        """The other, which has just started, never speaks; waits for longer than it would take."""
        began = time.time()
        speaker, other = (self.ours, self.peer) if master == "ours" else (self.peer, self.ours)
        for one in instances:
            wait_for(f"{one.name}: the master goes on", lambda: len(
                self.heard.since(began, one, speaker.source(one))) > 10, 20)
        spoke = [one.name for one in instances if self.heard.last(began, one, other.source(one))]
        self.row(situation, master, instances)
        self.bed.check("the other never spoke", not spoke, ", ".join(spoke))

    # Both sides.

    def start_ours(self, **changes):
        if changes:
            self.ours.configure(self.instances, **changes)
        self.ours.start()
        self.alive.add("ours")

    def stop_ours(self):
        self.ours.stop()
        self.alive.discard("ours")

    def kill_ours(self):
        self.ours.kill()
        self.alive.discard("ours")

    def start_peer(self, **changes):
        if changes:
            self.peer.configure(self.instances, **changes)
        self.peer.start()
        self.alive.add("peer")

    def stop_peer(self):
        self.peer.stop()
        self.alive.discard("peer")

    def kill_peer(self):
        self.peer.kill()
        self.alive.discard("peer")

    # The script.

    def run(self):
        quick = [one for one in self.instances if not one.isBrief]
        slow = [one for one in self.instances if one.interval >= 1]
        self.start_peer(priority=100)
        self.start_ours(priority=200)
        self.row("ours has priority 200, the peer 100", "ours")
        at = time.time()
        self.stop_ours()
        self.row("ours is stopped", "peer")
        self.leaves(at)
        self.start_ours()
        self.row("ours is started again", "ours")
        self.heals("the link between them was cut, and is mended: ours is better", "ours")
        self.kill_ours()
        self.row("ours is killed", "peer")
        self.start_ours()
        self.row("ours is started again after that", "ours", quick)
        self.ours.reload(self.instances, priority=50)
        self.row("our priority falls to 50", "peer", quick)
        self.stop_peer()
        self.row("the peer is stopped", "ours", quick)
        self.start_peer()
        self.row("the peer is started again", "peer", quick)
        self.heals("the link between them was cut, and is mended: the peer is better", "peer", quick)
        self.kill_peer()
        self.row("the peer is killed", "ours", quick)
        self.start_peer()
        self.row("the peer is started again after that", "peer", quick)

        # Equal priorities: by address.
        self.ours.reload(self.instances, priority=100)
        self.heals("both have priority 100, and ours the lower address; the link is mended", "peer", quick)
        self.segment.address(self.ours.host, 200)
        self.ours.number = 200
        self.ours.reload(self.instances, priority=100)
        self.heals("both have priority 100, and ours the higher address; the link is mended", "ours", quick)

        # No preemption.
        self.stop_ours()
        self.ours.number = 1
        self.row("ours is stopped again", "peer", quick)
        self.start_ours(priority=200, preempt=False)
        self.stays("ours has priority 200, doesn't preempt, and is started", "peer", quick)
        self.stop_peer()
        self.row("then the peer is stopped", "ours", quick)
        self.start_peer(priority=250, extra=self.peer.nopreempt)
        self.stays("the peer has priority 250, doesn't preempt, and is started", "ours", quick)
        self.stop_peer()

        # Owners.
        self.start_peer(priority=100, extra="")
        self.row("the peer has priority 100 again", "ours", quick)
        self.stop_ours()
        self.row("ours is stopped once more", "peer", quick)
        self.start_ours(priority=255)
        self.row("ours is started as the owner (255)", "ours", quick)
        if self.peer.canOwn:
            self.stop_peer()
            self.ours.reload(self.instances, priority=254)
            self.start_peer(priority=255)
            self.row("the peer is started as the owner, ours has priority 254", "peer", quick)
            self.stop_peer()
            self.start_peer(priority=100)

        # Another interval.
        each = {one.name: {"interval": f"{round(3000 * one.interval)}ms" if one.interval < 1 else "2s"}
                for one in self.instances}
        self.ours.reload(self.instances, each, priority=200)
        wanted = {one.name: "both" for one in slow} | {"": "ours"}
        others = quick + slow
        self.row("our interval is longer than the peer's, and ours is better", wanted, others, longer=3)
        self.ours.reload(self.instances, each, priority=50)
        self.row("our interval is longer than the peer's, and the peer is better", "peer", quick, longer=3)

        # Another checksum, pinned.
        group = [one for one in quick if not one.unicast]
        self.ours.reload(self.instances, {one.name: {"checksum": "message"} for one in group}, priority=200)
        mistaken = {one.name: "both" for one in group if one.family == 4}
        self.row("ours is told to sum the message alone (\"checksum\": \"message\")", mistaken | {"": "ours"}, group)

    # The table.

    def markdown(self):
        head = [self.title, *(one.name for one in self.instances)]
        lines = [head, ["---"] * len(head), *([name, *cells] for name, cells in self.rows.items())]
        return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |").replace("|  |", "| |")
                         for line in lines)

    def finish(self):
        names = [one.name for one in self.instances]
        if "--table" in sys.argv:
            print(self.markdown())
        differs = [name for name in {**self.documented, **self.rows}
                   if self.documented.get(name) != self.rows.get(name)]
        self.bed.check("the table in docs/vrrp.md is what was seen (--table prints it)",
                       self.columns == names and not differs,
                       differs or self.columns if differs or self.columns != names else f"{len(self.rows)} rows")
