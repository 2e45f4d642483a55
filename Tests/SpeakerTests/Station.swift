import Model
import Netlink
import Synchronization
import TestSupport
import VRRP

@testable import Speaker

/// A speaker with one virtual router, in a namespace of its own.
final class Station: Sendable {
  let namespace: Namespace
  let speaker: Speaker
  let id: Speaker.ID
  let readings: Readings
  private let heard = Mutex<[Report.News]>([])

  init(_ router: VirtualRouter, in namespace: Namespace, hmac: HMAC? = nil) throws {
    self.namespace = namespace
    speaker = try namespace.run { try Speaker(hmac: hmac) {} }
    (id, readings) = speaker.add([router])[0]
  }

  /// Tells the speaker of a link, by its number and addresses.
  func connect(_ name: String, _ addresses: String...) throws {
    let number = try namespace.run {
      UInt32(try sh("ip -o link show dev \(name)").prefix { $0 != ":" })!
    }
    var primaries = PerFamily<IPAddress?>(both: nil)
    for address in addresses.map({ IPAddress($0)! }) { primaries[address.family] = address }
    speaker.tell(id, Line(link: number, isUp: true, primaries: primaries))
  }

  var isMaster: Bool { readings.state == .master }

  /// All that it has said so far.
  var news: [Report.News] {
    heard.withLock { heard in
      while let report = speaker.take() {
        if report.id == id { heard.append(report.news) }
      }
      return heard
    }
  }

  var transitions: [Transition] {
    news.compactMap { if case .transition(let transition, _) = $0 { transition } else { nil } }
  }
}

/// Two namespaces with a veth between them: `a` with 192.0.2.1 and fe80::a, `b` with .2 and fe80::b.
struct Cable {
  let a: Namespace
  let b: Namespace

  init() throws {
    (a, b) = (try Namespace.make(), try Namespace.make())
    try plug()
  }

  func plug() throws {
    _ = try a.run { try sh("ip link add eth-a type veth peer name eth-b netns \(b.path)") }
    try prepare(a, "eth-a", "192.0.2.1/24", "fe80::a/64")
    try prepare(b, "eth-b", "192.0.2.2/24", "fe80::b/64")
  }

  func unplug() throws { _ = try a.run { try sh("ip link del eth-a") } }

  private func prepare(
    _ namespace: Namespace, _ name: String, _ inet: String, _ inet6: String
  ) throws {
    try namespace.run {
      try sh("ip link set \(name) addrgenmode none")
      try sh("ip address add \(inet) dev \(name)")
      try sh("ip address add \(inet6) dev \(name) nodad")
      _ = try sh("ip link set \(name) up")
    }
  }
}

extension VirtualRouter {
  static func test(_ priority: UInt8, centiseconds: UInt16 = 10) -> VirtualRouter {
    var router = VirtualRouter(id: 51)
    router.priority = priority
    router.interval = Interval(centiseconds: centiseconds)!
    router.addresses = [IPAddress("192.0.2.254")!]
    return router
  }
}
