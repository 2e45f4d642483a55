import Glibc
import Model
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Health

struct ReasonTests {
  @Test func aReasonIsOneShortLineForATerminal() {
    #expect("plain".bounded(to: 200) == "plain")
    let hostile = "a\u{1b}[2Jb\nc\u{9b}d\u{202e}e\u{2028}f\u{7f}g\u{200b}h\0"
    #expect(hostile.bounded(to: 200) == "a?[2Jb?c?d?e?f?g?h?")
    #expect("größer 東京".bounded(to: 200) == "größer 東京")
    #expect(String(repeating: "x", count: 200).bounded(to: 200).count == 200)
    let long = String(repeating: "e\u{301}", count: 10_000).bounded(to: 200)
    #expect(long.unicodeScalars.count == 200 && long.hasSuffix("..."))
  }

  @Test func whateverIsQuotedIsBounded() throws {
    let server = try Server()
    var tcp = Probe.TCP(address: loopback, port: server.port)
    (tcp.send, tcp.expect) = ("TCP", String(repeating: "\u{1b}", count: 500))
    guard case .bad(let reason) = try outcome(.tcp(tcp)) else {
      Issue.record("good")
      return
    }
    #expect(reason.count == 200 && !reason.unicodeScalars.contains { $0.value < 0x20 })
  }
}

struct TCPTests {
  @Test func aConnectionAloneSucceeds() throws {
    let server = try Server()
    #expect(try outcome(.tcp(Probe.TCP(address: loopback, port: server.port))) == good)
  }

  @Test func theExpectedTextMayArriveInPieces() throws {
    let server = try Server()
    var tcp = Probe.TCP(address: loopback, port: server.port)
    (tcp.send, tcp.expect) = ("TCP hello", "220 ready")
    #expect(try outcome(.tcp(tcp)) == good)
    tcp.expect = "221"
    #expect(try outcome(.tcp(tcp)) == .bad("127.0.0.1:\(server.port) closed: no \"221\""))
  }

  @Test func aSourceThatNoLinkHasIsReportedAsSuch() throws {
    let server = try Server()
    var probe = Probe(.tcp(Probe.TCP(address: loopback, port: server.port)))
    probe.source = IPAddress("192.0.2.200")!
    #expect(try outcome(probe) == .bad("cannot ask from 192.0.2.200: no link here has it"))
    probe.source = nil
    probe.link = LinkName("nosuchlink")
    #expect(try outcome(probe) == .bad("there is no link nosuchlink"))
  }
}

struct UDPTests {
  /// Answers each datagram with "pong" and the datagram, on a NIO thread.
  private final class Echo: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let envelope = unwrapInboundIn(data)
      let text = "pong " + String(buffer: envelope.data)
      let answer = AddressedEnvelope(
        remoteAddress: envelope.remoteAddress, data: ByteBuffer(string: text))
      context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    }
  }

  @Test func theAnswerDecides() throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let channel = try DatagramBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Echo())
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
    let port = UInt16(channel.localAddress!.port!)
    var udp = Probe.UDP(address: loopback, port: port, send: "ping")
    #expect(try outcome(.udp(udp)) == good)
    udp.expect = "pong ping"
    #expect(try outcome(.udp(udp)) == good)
    udp.expect = "pang"
    #expect(
      try outcome(.udp(udp)) == .bad("the answer from 127.0.0.1:\(port) lacks \"pang\""))
    let closed = try ClosedPort(SOCK_DGRAM)
    defer { withExtendedLifetime(closed) {} }
    udp.port = closed.number
    let refused = try outcome(.udp(udp))
    #expect(refused == .bad("connection refused by 127.0.0.1:\(closed.number)"))
  }
}

struct FileTests {
  @Test func everythingStatedMustHold() throws {
    try TemporaryDirectory.with { directory in
      var file = Probe.File(path: directory + "/file")
      #expect(
        try outcome(.file(file)) == .bad("cannot read \(file.path): No such file or directory"))
      try writeFile(file.path, "state: ready\n")
      #expect(try outcome(.file(file)) == good)
      file.content = "ready"
      #expect(try outcome(.file(file)) == good)
      file.content = "absent"
      #expect(try outcome(.file(file)) == .bad("\(file.path) lacks \"absent\""))
      file.content = nil
      file.maxAge = .seconds(60)
      #expect(try outcome(.file(file)) == good)
      try sh("touch -d 2001-01-01 \(file.path)")
      guard case .bad(let reason) = try outcome(.file(file)) else {
        Issue.record("an old file is good")
        return
      }
      #expect(reason.hasSuffix("ago, not within 1m"))
      let fifo = directory + "/fifo"
      #expect(mkfifo(fifo, 0o600) == 0)
      #expect(
        try outcome(.file(Probe.File(path: fifo))) == .bad("\(fifo) is no regular file"))
    }
  }
}

struct ExecTests {
  private static func outcome(
    _ command: String..., timeout: Duration = .seconds(10)
  ) throws -> Outcome {
    try HealthTests.outcome(
      .exec(Probe.Exec(command: command)), timeout: timeout, allowsExec: true)
  }

  @Test func theExitStatusDecides() throws {
    #expect(try Self.outcome("/bin/true") == good)
    #expect(try Self.outcome("/bin/false") == .bad("/bin/false exited with 1, not 0"))
    #expect(
      try Self.outcome("/bin/sh", "-c", "kill -9 $$") == .bad("/bin/sh was ended by signal 9"))
    #expect(
      try Self.outcome("/nosuch") == .bad("cannot run /nosuch: No such file or directory"))
  }

  @Test func commandsAreOffUnlessAllowed() throws {
    #expect(
      try HealthTests.outcome(.exec(Probe.Exec(command: ["/bin/true"])))
        == .bad("commands are off; they need the flag --allow-exec"))
  }

  @Test func aCommandInheritsNothing() throws {
    // Besides its standard three, ls has the directory that it reads.
    #expect(
      try Self.outcome("/bin/sh", "-c", "test $(ls /proc/self/fd | wc -l) = 4") == good)
  }

  @Test func aCommandHasNoCapabilitiesAndGetsNone() throws {
    // As root with all capabilities, as tests run, and through a program with file capabilities.
    let script = #"""
      set -e
      said() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
      for set in CapInh CapPrm CapEff CapAmb SigIgn SigBlk; do
        test "$(said $set)" = 0000000000000000
      done
      test "$(said NoNewPrivs)" = 1
      if ip link add vpngw-probe type dummy; then exit 2; fi
      if true </dev/tty; then exit 3; fi
      """#
    #expect(try Self.outcome("/bin/sh", "-c", script) == good)
    try TemporaryDirectory.with { directory in
      let program = directory + "/sed"
      try sh("cp /bin/sed \(program)")
      try sh("setcap cap_net_admin+ep \(program)")
      let script = "test $(\(program) -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) = "
      let said = try Self.outcome("/bin/sh", "-c", script + "0000000000000000")
      #expect(said == good)
    }
  }

  @Test func atTheTimeoutTheWholeProcessGroupEnds() throws {
    try TemporaryDirectory.with { directory in
      let file = directory + "/processes"
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      defer { try? group.syncShutdownGracefully() }
      let script = "sleep 1000 & echo $! $$ >\(file); wait"
      let probe = Probe(
        .exec(Probe.Exec(command: ["/bin/sh", "-c", script])), timeout: .milliseconds(1_500))
      #expect(
        try Prober.outcomes(of: [probe], group: group, allowsExec: true)
          == [.bad("no end of /bin/sh within 1500ms")])
      let processes = String(decoding: try readFile(file), as: UTF8.self)
        .split { $0 == " " || $0 == "\n" }.compactMap { pid_t($0) }
      #expect(processes.count == 2)
      // The shell, our child, is waited for; its child goes to init, and may be a zombie there.
      #expect(eventually { kill(processes[1], 0) < 0 })
      #expect(
        eventually { kill(processes[0], 0) < 0 || isZombie(processes[0]) })
    }
  }
}

private func isZombie(_ process: pid_t) -> Bool {
  guard let status = try? readFile("/proc/\(process)/stat") else { return true }
  return String(decoding: status, as: UTF8.self).contains(") Z ")
}
