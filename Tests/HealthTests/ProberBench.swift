import Glibc
import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Health

/// In a build for release: what 2,000 HTTP probes a second cost, and how late they are.
@Suite(
  .enabled("measures, for which `make bench` sets VPNGW_BENCH") { getenv("VPNGW_BENCH") != nil })
struct ProberBench {
  private static let count = 2_000
  private static let seconds = 10

  /// Says 200 to whoever asks.
  private final class Yes: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard case .end = unwrapInboundIn(data) else { return }
      let head = HTTPResponseHead(
        version: .http1_1, status: .ok, headers: ["content-length": "0", "connection": "close"])
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }

  /// What the thread of a group's only loop has used so far.
  private static func used(_ group: MultiThreadedEventLoopGroup) throws -> Duration {
    try group.next().submit {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }.wait()
  }

  @Test func twoThousandASecond() throws {
    let servers = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? servers.syncShutdownGracefully() }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let channel = try ServerBootstrap(group: servers)
      .serverChannelOption(.backlog, value: 4_096)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Yes())
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
    let port = UInt16(channel.localAddress!.port!)
    let prober = Prober(group: group, allowsExec: false) { _, _, _ in }
    prober.update(
      (0..<Self.count).map { number in
        let address = IPAddress(v4: 127 << 24 | 1)
        return Probe(name: "p\(number)", question: .http(.init(address: address, port: port)))
      })
    // The start's jitter is an interval.
    sleep(2)
    let before = (try Self.used(group), prober.snapshot(), ContinuousClock.now)
    var lateness: [Duration] = []
    for _ in 0..<Self.seconds {
      sleep(1)
      lateness += prober.snapshot().values.map(\.reading.lateness)
    }
    let after = (try Self.used(group), prober.snapshot(), ContinuousClock.now)
    prober.stop()
    try channel.close().wait()
    func sum(_ snapshot: Prober.Snapshot, _ part: (Reading) -> Int) -> Int {
      snapshot.values.reduce(0) { $0 + part($1.reading) }
    }
    let took = after.2 - before.2
    lateness.sort()
    let tries =
      sum(after.1) { $0.succeeded + $0.failed } - sum(before.1) { $0.succeeded + $0.failed }
    print(
      "tries_per_second=\(Double(tries) / (took / .seconds(1)))",
      "failed=\(sum(after.1, \.failed))", "skipped=\(sum(after.1, \.skipped))",
      "lateness_p50=\(lateness[lateness.count / 2])",
      "lateness_p99=\(lateness[lateness.count * 99 / 100])",
      "lateness_max=\(after.1.values.map(\.reading.maxLateness).max()!)",
      "cpu=\((after.0 - before.0) / took)")
    #expect(sum(after.1, \.skipped) == 0)
    #expect(lateness[lateness.count * 99 / 100] < .milliseconds(100))
  }
}
