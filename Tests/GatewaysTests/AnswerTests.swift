import Blueprints
import Glibc
import Model
import Netlink
import TestSupport
import Testing

/// The router's own questions with a gateway's mark, such as a probe through its tunnel: they leave
/// by that gateway or not at all, and may be answered from any address; nobody else gets in that
/// way.
@Suite struct AnswerTests {
  /// With the remote server's addresses at the client's end, where the gateways' are too.
  private func with(_ gateways: Gateways, _ body: (Bed) throws -> Void) throws {
    try Bed.with(gateways) { bed in
      try bed.apply(gateways.expanded(up: gateways.names))
      try bed.client.run {
        try sh("ip link set lo up")
        try sh("ip address add 45.0.0.1 dev lo")
        try sh("ip address add 2a00:45::1 dev lo nodad")
      }
      try body(bed)
    }
  }

  /// Answers at port 7 by TCP and UDP, in both families, with what it received.
  private static let server = """
    import selectors, socket
    selector = selectors.DefaultSelector()
    for family, address in (socket.AF_INET, "45.0.0.1"), (socket.AF_INET6, "2a00:45::1"):
        listener = socket.create_server((address, 7), family=family)
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        datagrams.bind((address, 7))
        selector.register(listener, selectors.EVENT_READ, False)
        selector.register(datagrams, selectors.EVENT_READ, True)
    while True:
        for key, _ in selector.select():
            if key.data:
                text, sender = key.fileobj.recvfrom(100)
                key.fileobj.sendto(text, sender)
            else:
                link = key.fileobj.accept()[0]
                link.sendall(link.recv(100))
                link.close()
    """

  /// Prints "answered", or why it wasn't: MARK ADDRESS tcp|udp [PORT]
  private static let asker = """
    import socket, sys
    mark, address, protocol, *port = sys.argv[1:]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    link = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark, 0))
    link.settimeout(5)
    try:
        link.connect((address, 7))
        link.send(b"question")
        print("answered" if link.recv(100) == b"question" else "otherwise")
    except OSError as error:
        print(type(error).__name__, error.errno)
    """

  private func ask(_ bed: Bed, _ mark: String, _ address: String, _ proto: String) throws -> String
  {
    try bed.router.run {
      try sh("python3 - \(mark) \(address) \(proto)", input: Self.asker)
        .split(separator: "\n").joined()
    }
  }

  private static let kinds: [Gateways] = [
    Seed.gateways(2, ipv6: true), Seed.gateways(2, ipv6: true, vips: false),
    Seed.gateways(2, balance: .ecmp(.init()), ipv6: true, vips: false),
    Seed.gateways(2, ipv6: true).serving,
  ]

  @Test(arguments: kinds.indices) func aMarkedQuestionLeavesByItsGatewayAndIsAnswered(_ kind: Int)
    throws
  {
    try with(Self.kinds[kind]) { bed in
      let server = try bed.client.run { try Started(["python3", "-c", Self.server]) }
      defer {
        server.kill(SIGKILL)
        _ = server.wait()
      }
      let listens = try bed.client.run {
        try eventually { try sh("ss -ltunH sport = 7").split(separator: "\n").count == 4 }
      }
      #expect(listens)
      _ = try bed.ways()
      for index in 0...1 {
        let mark = 0x1900 + index
        for address in ["45.0.0.1", "2a00:45::1"] {
          for proto in ["tcp", "udp"] {
            #expect(try ask(bed, "\(mark)", address, proto) == "answered", "\(address) \(proto)")
          }
          _ = try bed.router.run { try sh("ping -c1 -W5 -m \(mark) \(address)") }
        }
        let gateways = Set(bed.gateways.members[index].addresses)
        #expect(Set(try bed.ways().values) == gateways)
      }
      #expect(try bed.drops().values.allSatisfy { $0 == 0 })
      #expect(try bed.leaked() == 0)
    }
  }

  /// Without the gateway's route, and without its rule.
  @Test(arguments: kinds.indices) func withoutItsGatewayItGoesNowhere(_ kind: Int) throws {
    try with(Self.kinds[kind]) { bed in
      try bed.router.run {
        for family in ["-4", "-6"] {
          try sh("ip \(family) route del default dev \(Seed.link) table 50")
        }
      }
      for address in ["45.0.0.1", "2a00:45::1"] {
        #expect(try ask(bed, "0x1900", address, "udp").hasPrefix("OSError"))
      }
      try bed.router.run {
        for family in ["-4", "-6"] {
          try sh("ip \(family) rule flush")
          try sh("ip \(family) rule add lookup main priority 32766")
        }
      }
      for address in ["45.0.0.1", "2a00:45::1"] {
        #expect(try ask(bed, "0x1901", address, "udp") == "PermissionError \(EPERM)")
      }
      #expect(try bed.leaked() == 0)
    }
  }

  /// Datagrams of a client pod that look like answers, but for the port that asks, the port that
  /// was asked, or the address; finally what the server itself would send.
  private static let forger = """
    import socket, struct
    link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    def send(source, sport, dport, text=b"forged"):
        data = struct.pack("!HHHH", sport, dport, 8 + len(text), 0) + text
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), 0, 0, 64, 17, 0)
        head += socket.inet_aton(source) + socket.inet_aton("192.168.26.1")
        link.sendto(head + data, ("192.168.26.1", 0))
    for port in range(20000, 20100): send("45.0.0.1", 7, port)
    send("45.0.0.1", 8, 30000)
    send("45.0.0.2", 7, 30000)
    send("9.9.9.9", 7, 30000)
    send("45.0.0.1", 7, 30000, b"answer")
    """

  /// Asks from port 30000, and prints everything that arrives there and elsewhere until the answer.
  private static let listener = """
    import selectors, socket, sys
    selector = selectors.DefaultSelector()
    for port in [*range(20000, 20100), 30000]:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.bind(("192.168.26.1", port))
        selector.register(link, selectors.EVENT_READ, port)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x1900)
    link.sendto(b"question", ("45.0.0.1", 7))
    print("asked", flush=True)
    text = b""
    while text != b"answer":
        for key, _ in selector.select(30) or sys.exit("no answer"):
            text = key.fileobj.recv(100)
            print(key.data, text.decode(), flush=True)
    """

  @Test(arguments: [true, false]) func aForgedAnswerIsDropped(vips: Bool) throws {
    try with(Seed.gateways(2, vips: vips)) { bed in
      try bed.client.run { _ = try sh("ping -c1 -W5 192.168.26.1") }
      let listener = try bed.router.run { try Started(["python3", "-c", Self.listener]) }
      let hasAsked = eventually { listener.output == "asked\n" }
      #expect(hasAsked)
      try bed.client.run { _ = try sh("python3 -", input: Self.forger) }
      #expect(listener.wait().output == "asked\n30000 answer\n")
      #expect(try bed.drops()["false_source"] == 103)
    }
  }
}
