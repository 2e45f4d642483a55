import Glibc
import Netlink
import TestSupport
import Testing

/// Flows through a destination-NAT service whose server was removed, as conntrack(8) and a client
/// with a fixed port see them.
@Suite struct FlowTests {
  /// Answers a datagram from the address it was sent to, at every address given.
  private static let answering = """
    import select, socket, sys
    sockets = []
    for address in sys.argv[1:]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sockets.append(socket.socket(family, socket.SOCK_DGRAM))
        sockets[-1].bind((address, 53))
    print("ready", flush=True)
    while True:
        for one in select.select(sockets, [], [])[0]:
            one.sendto(one.getsockname()[0].encode(), one.recvfrom(99)[1])
    """

  /// Prints who answers a datagram from port 5000, or `refused` or `silent`.
  private static let asking = """
    import socket, sys
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((sys.argv[2], 5000))
    one.settimeout(3)
    one.connect((sys.argv[1], 53))
    try:
        one.send(b"?")
        print(one.recv(99).decode(), end="")
    except ConnectionRefusedError:
        print("refused", end="")
    except TimeoutError:
        print("silent", end="")
    """

  struct Places: Sendable, CustomTestStringConvertible {
    var vip: String
    var client: String
    var servers: [String]
    /// A rule of the machine's own puts the clients' packets into this conntrack zone.
    var zone: Int?

    var testDescription: String { vip + (zone.map { " zone \($0)" } ?? "") }

    func state(drained: Int? = nil) -> String {
      let list = servers.enumerated().map { index, server in
        "{ \"address\": \"\(server)\", \"when\": \"probe.s\(index)\""
          + (index == drained ? ", \"drain\": true }" : " }")
      }
      return """
        { "version": 1,
          "probes": { "s0": { "type": "file", "path": "/tmp/s0", "interval": "20ms" },
                      "s1": { "type": "file", "path": "/tmp/s1", "interval": "20ms" } },
          "sysctls": { "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1 },
          "services": { "dns": { "vips": "\(vip)", "ports": 53, "protocols": "udp",
                                 "servers": [\(list.joined(separator: ", "))],
                                 "balancer": "nft", "probe": "none" } } }
        """
    }
  }

  private static let inet = Places(
    vip: "10.1.0.1", client: "10.1.0.2", servers: ["10.2.0.1", "10.2.0.2"])
  private static let places = [
    inet,
    Places(vip: "fd01::1", client: "fd01::2", servers: ["fd02::1", "fd02::2"]),
    Places(vip: "10.1.0.1", client: "10.1.0.2", servers: ["10.2.0.1", "10.2.0.2"], zone: 7),
  ]

  /// A client and two servers around the router; `ask` tells who answers the client.
  private func bed(
    _ places: Places, _ body: (Vpngw, _ ask: () throws -> String) throws -> Void
  ) throws {
    let (client, servers) = (try Namespace.make(), try Namespace.make())
    try Vpngw.inNamespace { vpngw in
      let length = places.vip.contains(":") ? 64 : 24
      for line in [
        "ip link add c type veth peer name r netns \(client.path)",
        "ip link add s type veth peer name r netns \(servers.path)",
        "ip link set c up", "ip link set s up",
      ] { try sh(line) }
      func add(_ address: String, _ link: String) throws {
        let nodad = address.contains(":") ? " nodad" : ""
        try sh("ip address add \(address)/\(length) dev \(link)\(nodad)")
      }
      let gateway = places.vip.contains(":") ? "fd02::9" : "10.2.0.9"
      try add(places.vip, "c")
      try add(gateway, "s")
      if let zone = places.zone {
        try sh("nft add table inet z")
        try sh(
          "nft -f -", input: "add chain inet z p { type filter hook prerouting priority raw; }")
        try sh("nft add rule inet z p ct zone set \(zone)")
      }
      try client.run {
        try sh("ip link set r up")
        try add(places.client, "r")
      }
      let answering = try servers.run {
        try sh("ip link set r up")
        for server in places.servers { try add(server, "r") }
        let default6 = places.vip.contains(":") ? "-6 " : ""
        try sh("ip \(default6)route add default via \(gateway)")
        return try Started(["python3", "-c", Self.answering] + places.servers)
      }
      defer {
        answering.kill(SIGKILL)
        _ = answering.wait()
      }
      #expect(eventually { answering.output == "ready\n" })
      try body(vpngw) {
        try client.run {
          try run(["python3", "-c", Self.asking, places.vip, places.client]).output
        }
      }
    }
  }

  private func apply(_ vpngw: Vpngw, _ file: String, _ s0: String, _ s1: String) throws {
    let done = try vpngw("apply", "--signal", "probe.s0=\(s0)", "--signal", "probe.s1=\(s1)", file)
    #expect(done.status == 0, "\(done.error)")
  }

  @Test(arguments: places)
  func clientWithAFixedPortIsAnsweredByALiveServer(places: Places) throws {
    try bed(places) { vpngw, ask in
      let file = try vpngw.file("state.json", places.state())
      try apply(vpngw, file, "up", "up")
      let first = try ask()
      #expect(places.servers.contains(first))
      let other = places.servers.first { $0 != first }!
      let isFirst = first == places.servers[0]
      try apply(vpngw, file, isFirst ? "down" : "up", isFirst ? "up" : "down")
      #expect(try ask() == other)
      // The first server is back, and the flow stays where it is.
      try apply(vpngw, file, "up", "up")
      #expect(try ask() == other)
      try apply(vpngw, file, "down", "down")
      #expect(try ask() == "refused")
      try apply(vpngw, file, "up", "up")
      #expect(places.servers.contains(try ask()))
    }
  }

  @Test func drainedServerKeepsItsFlowsUntilItDies() throws {
    try bed(Self.inet) { vpngw, ask in
      try apply(vpngw, vpngw.file("state.json", Self.inet.state()), "up", "up")
      let first = try ask()
      let index = Self.inet.servers.firstIndex(of: first)!
      let file = try vpngw.file("state.json", Self.inet.state(drained: index))
      try apply(vpngw, file, "up", "up")
      #expect(try ask() == first)
      try apply(vpngw, file, index == 0 ? "down" : "up", index == 0 ? "up" : "down")
      #expect(try ask() == Self.inet.servers[1 - index])
    }
  }

  /// Somebody may be killed between the new map and the flows that it leaves behind.
  @Test func flowsLeftByAnEarlierRunAreEndedEvenByAnEmptyPlan() throws {
    try bed(Self.inet) { vpngw, ask in
      let file = try vpngw.file("state.json", Self.inet.state())
      try apply(vpngw, file, "down", "up")
      try sh(
        "conntrack -I -p udp -t 100 -s 10.1.0.2 -d 10.1.0.1 --sport 5000 --dport 53 "
          + "-r 10.2.0.1 -q 10.1.0.2 --reply-port-src 53 --reply-port-dst 5000")
      // Somebody else's flows stay.
      try sh(
        "conntrack -I -p udp -t 100 -s 10.1.0.2 -d 10.1.0.1 --sport 5000 --dport 54 "
          + "-r 10.2.0.1 -q 10.1.0.2 --reply-port-src 54 --reply-port-dst 5000")
      let done = try vpngw(
        "apply", "--signal", "probe.s0=down", "--signal", "probe.s1=up", file)
      #expect(done.output.contains("No changes.") && done.output.contains("Ended 1 flow "))
      #expect(try ask() == "10.2.0.2")
      #expect(try sh("conntrack -L -p udp --dport 54").contains("dport=54"))
    }
  }

  @Test func daemonMovesFlowsAtOnce() throws {
    try bed(Self.inet) { vpngw, ask in
      try TemporaryDirectory.with { directory in
        for name in ["s0", "s1"] { try writeFile("\(directory)/\(name)", "") }
        let text = Self.inet.state().split(separator: "/tmp/").joined(separator: directory + "/")
        let daemon = try vpngw.start("run", vpngw.file("state.json", text))
        defer {
          daemon.kill(SIGTERM)
          _ = daemon.wait()
        }
        var first = ""
        #expect(
          try eventually {
            first = try ask()
            return Self.inet.servers.contains(first)
          })
        let index = try #require(Self.inet.servers.firstIndex(of: first), "\(daemon.output)")
        unlink("\(directory)/s\(index)")
        #expect(try eventually { try ask() == Self.inet.servers[1 - index] })
      }
    }
  }
}
