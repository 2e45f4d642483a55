import Glibc
import Model
import NIOCore
import NIOPosix
import Netlink
import Synchronization
import TestSupport
import Testing

@testable import Health

/// Where public addresses are learnt, asked of addresses.py.
@Suite(.serialized) struct AddressSourceTests {
  /// A running addresses.py.
  private final class Saying {
    private let started: Started
    let ports: [UInt16]
    let host: IPAddress

    init(_ said: String, at host: String = "127.0.0.1") throws {
      let script = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/")!)) + "/addresses.py"
      let started = try Started(["/usr/bin/python3", script, said, host])
      self.started = started
      self.host = IPAddress(host)!
      guard eventually({ started.output.hasSuffix("\n") }) else {
        throw CommandFailed(description: "addresses.py doesn't listen: \(started.error)")
      }
      ports = started.output.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
    }

    deinit {
      started.kill(SIGKILL)
      _ = started.wait()
    }

    var stun: AddressSource.Question { .stun(HostPort(.address(host), ports[0])) }

    func dns(_ name: String, _ type: UInt16, in recordClass: UInt16 = 1) -> AddressSource.Question {
      var dns = AddressSource.DNS(name, at: HostPort(.address(host), ports[1]), type: type)
      dns.recordClass = recordClass
      return .dns(dns)
    }

    func page(_ path: String, _ pointer: String? = nil) -> AddressSource.Question {
      var http = AddressSource.HTTP(
        WebURL(isSecure: false, HostPort(.address(host), ports[2]), path: path))
      http.pointer = pointer
      return .http(http)
    }
  }

  /// The outcome of one attempt.
  private static func outcome(
    _ question: AddressSource.Question, _ family: Family = .inet,
    timeout: Duration = .seconds(10), mark: Mark? = nil, names: Names = Names()
  ) throws -> Outcome {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    var source = AddressSource(question, family)
    (source.timeout, source.mark) = (timeout, mark)
    let probe = Probe(name: "p", question: .icmp(loopback))
    let poller = Poller(try Mailbox())
    var outcome: Outcome?
    let attempt = ProbeAttempt(
      poller, origin: ProbeOrigin(source, of: probe), timeout: timeout
    ) { outcome = $0 }
    attempt.askAddress(source, SharedResources(allowsExec: false, group.next(), names))
    poller.run { outcome != nil }
    return outcome!
  }

  private static func found(_ address: String) -> Outcome {
    .good(Finding(publicAddress: IPAddress(address)!))
  }

  @Test func eachKindOfSourceSaysTheAddress() throws {
    let saying = try Saying("198.51.100.7")
    for question in [
      .fixed(IPAddress("198.51.100.7")!), saying.stun, saying.dns("myip.example", 1),
      saying.dns("whoami.example", 16, in: 3), saying.page("/"),
      saying.page("/json", "/seen/0/ip"),
    ] as [AddressSource.Question] {
      #expect(try Self.outcome(question) == Self.found("198.51.100.7"), "\(question)")
    }
  }

  @Test func bothFamiliesAreAsked() throws {
    let saying = try Saying("2001:db8::7", at: "::1")
    for question in [
      saying.stun, saying.dns("myip.example", 28), saying.dns("whoami.example", 16),
      saying.page("/"),
    ] {
      #expect(try Self.outcome(question, .inet6) == Self.found("2001:db8::7"), "\(question)")
    }
    #expect(
      try Self.outcome(saying.dns("whoami.example", 16), .inet)
        == .bad("::1 has no IPv4 address, or no name server answers"))
  }

  @Test func whatIsWrongIsSaid() throws {
    let saying = try Saying("198.51.100.7")
    let server = "127.0.0.1:\(saying.ports[1])"
    let short = Duration.milliseconds(200)
    let cases: [(AddressSource.Question, String)] = [
      (saying.page("/words"), "\"<html>you are nobody</html>\" is no address"),
      (saying.page("/words", "/ip"), "the answer is no JSON"),
      (saying.page("/json", "/ip"), "the answer has no text at \"/ip\""),
      (saying.page("/moved"), "status 301, not 200-299"),
      (saying.page("/none"), "status 404, not 200-299"),
      (saying.page("/silent"), "no answer from 127.0.0.1:\(saying.ports[2]) within 200ms"),
      (saying.dns("silent.example", 1), "no answer from \(server) within 200ms"),
      (saying.dns("refused.example", 1), "refused.example: rcode REFUSED from \(server)"),
    ]
    for (question, reason) in cases {
      #expect(try Self.outcome(question, timeout: short) == .bad(reason))
    }
    for (said, reason) in [
      ("127.0.0.1", "127.0.0.1 is no public IPv4 address"),
      ("0.0.0.0", "0.0.0.0 is no public IPv4 address"),
      ("2001:db8::1", "2001:db8::1 is no public IPv4 address"),
    ] {
      let wrong = try Saying(said)
      #expect(try Self.outcome(wrong.page("/")) == .bad(reason))
      #expect(try Self.outcome(wrong.stun) == .bad(reason))
    }
  }

  @Test func aNameIsLookedUpElsewhere() throws {
    let saying = try Saying("198.51.100.7")
    let names = Names { name, _ in
      if name == "slow.example" { usleep(300_000) }
      return name == "here.example" ? [IPAddress("127.0.0.1")!] : []
    }
    func stun(_ name: String) -> AddressSource.Question {
      .stun(HostPort(.name(name), saying.ports[0]))
    }
    #expect(try Self.outcome(stun("here.example"), names: names) == Self.found("198.51.100.7"))
    #expect(
      try Self.outcome(stun("nowhere.example"), names: names)
        == .bad("nowhere.example has no IPv4 address, or no name server answers"))
    #expect(
      try Self.outcome(stun("slow.example"), timeout: .milliseconds(50), names: names)
        == .bad("no address of slow.example within 50ms"))
  }

  /// The mark decides which way the question takes, and so which address is seen.
  @Test func aMarkAsksThroughATunnel() throws {
    try Namespace.make().run {
      try sh("ip link set lo up")
      try sh("ip address add 203.0.113.5/32 dev lo")
      try sh("ip address add 198.51.100.7/32 dev lo")
      try sh("ip rule add priority 100 lookup local")
      try sh("ip rule add priority 50 fwmark 0x1901 lookup 100")
      try sh("ip rule del priority 0")
      try sh("ip route add local 203.0.113.5 dev lo src 198.51.100.7 table 100")
      let saying = try Saying("peer", at: "203.0.113.5")
      for question in [saying.stun, saying.dns("myip.example", 1), saying.page("/")] {
        #expect(
          try Self.outcome(question, mark: Mark(0x1901)) == Self.found("198.51.100.7"))
        #expect(try Self.outcome(question) == Self.found("203.0.113.5"))
      }
    }
  }

  private static func probe(
    _ port: UInt16, _ sources: [AddressSource], named name: String = "a"
  ) -> Probe {
    var probe = Probe(name: name, question: .tcp(.init(address: loopback, port: port)))
    (probe.interval, probe.timeout) = (.milliseconds(20), .milliseconds(20))
    probe.addressSources = sources
    return probe
  }

  private static let signal = Signal(.probe, "a")

  @Test func aReadingHasTheAddressesAndAnotherSourceStartsAnew() throws {
    let server = try Server()
    let saying = try Saying("198.51.100.7")
    try withProber { prober in
      let fixed = AddressSource(.fixed(IPAddress("2001:db8::7")!), .inet6)
      let probe = Self.probe(server.port, [fixed, AddressSource(saying.stun, .inet)])
      prober.update([probe])
      let addresses = { prober.snapshot()[Self.signal]?.reading.publicAddresses ?? [] }
      #expect(
        eventually { addresses() == ["198.51.100.7", "2001:db8::7"].map { IPAddress($0)! } })
      #expect(eventually { prober.snapshot()[Self.signal]?.state == .up })
      let before = try #require(prober.snapshot()[Self.signal]?.reading.succeeded)
      // The probe itself goes on as it was.
      prober.update([Self.probe(server.port, [fixed])])
      #expect(addresses() == [IPAddress("2001:db8::7")!])
      #expect(prober.snapshot()[Self.signal]?.state == .up)
      #expect(prober.snapshot()[Self.signal]?.reading.succeeded ?? 0 >= before)
    }
  }

  /// Sources that are silent, slow or endless.
  @Test func badSourcesNeverDelayAProbe() throws {
    let server = try Server()
    try withProber { prober in
      func page(_ path: String) -> AddressSource {
        var source = AddressSource(
          .http(
            .init(WebURL(isSecure: false, HostPort(.address(loopback), server.port), path: path))),
          .inet)
        (source.interval, source.timeout) = (.seconds(1), .seconds(60))
        return source
      }
      let probes = ["/silent", "/huge", "/head-without-end", "/drip"].enumerated().map {
        Self.probe(server.port, [page($1)], named: "p\($0)")
      }
      prober.update(probes)
      let readings = { prober.snapshot().values.map(\.reading) }
      #expect(eventually { readings().count == 4 && readings().allSatisfy { $0.succeeded >= 25 } })
      #expect(eventually { readings().filter { !$0.notes.isEmpty }.count >= 3 })
      for reading in readings() {
        #expect(reading.publicAddresses.isEmpty)
        #expect(reading.failed == 0, "\(reading)")
      }
      let endless = try #require(
        prober.snapshot()[Signal(.probe, "p1")]?.reading.notes.first)
      #expect(
        endless
          == "no public address: 127.0.0.1:\(server.port) sends more than 128 KiB, and no end of its answer"
          || endless == "no public address: the body is longer than 64 KiB")
    }
  }

  /// A probe of type `address` is up once it knows one, and says why it doesn't.
  @Test func anAddressProbeIsUpOnceItKnowsOne() throws {
    let saying = try Saying("198.51.100.7")
    let told = Mutex<[String]>([])
    func probe(_ name: String, _ question: AddressSource.Question) -> Probe {
      var probe = Probe(name: name, question: .address)
      (probe.interval, probe.timeout) = (.milliseconds(20), .milliseconds(20))
      var source = AddressSource(question, .inet)
      source.timeout = .milliseconds(300)
      probe.addressSources = [source]
      return probe
    }
    try withProber { signal, state, reading in
      told.withLock {
        $0.append("\(signal) \(state.rawValue) \(reading.lastFailure ?? "")")
      }
    } _: { prober in
      prober.update([probe("a", saying.page("/")), probe("b", saying.dns("silent.example", 1))])
      #expect(eventually { told.withLock { $0.count } >= 2 })
      #expect(
        told.withLock { $0.sorted() } == [
          "probe.a up ",
          "probe.b down no public address: no answer from 127.0.0.1:\(saying.ports[1]) within 300ms",
        ])
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let once = try Prober.once(
      [probe("a", saying.page("/")), probe("b", saying.dns("silent.example", 1))], group: group,
      allowsExec: false)
    #expect(once[Self.signal]?.state == .up)
    #expect(once[Self.signal]?.reading.publicAddresses == [IPAddress("198.51.100.7")!])
    #expect(once[Signal(.probe, "b")]?.state == .down)
  }

  /// While it is down, nobody knows what address the gateway will have when it is back.
  @Test func aDownProbeHasNoAddressAndIsAskedAgainAtOnce() throws {
    let saying = try Saying("198.51.100.7")
    var source = AddressSource(saying.stun, .inet)
    source.interval = .seconds(3600)
    try TemporaryDirectory.with { directory in
      let file = directory + "/alive"
      var probe = Probe(name: "a", question: .file(.init(path: file)))
      (probe.interval, probe.timeout) = (.milliseconds(20), .milliseconds(20))
      probe.addressSources = [source]
      try writeFile(file, "")
      try withProber { prober in
        prober.update([probe])
        let reading = { prober.snapshot()[Self.signal]?.reading }
        let state = { prober.snapshot()[Self.signal]?.state }
        #expect(eventually { state() == .up && reading()?.publicAddress != nil })
        unlink(file)
        #expect(eventually { state() == .down && reading()?.publicAddress == nil })
        try writeFile(file, "")
        #expect(eventually { state() == .up && reading()?.publicAddress != nil })
      }
    }
  }
}
