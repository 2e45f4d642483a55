import Events
import JSON
import Kernel
import Model
import Synchronization

/// Watches the handshakes of WireGuard's peers. The kernel sends no news of them, so a thread reads them
/// once a second while the file has any peers.
final class WireGuardInput: Input {
  /// A peer of the file.
  fileprivate struct Peer: Sendable {
    let link: LinkName
    let key: PublicKey
    let signal: Signal
    let timeout: Duration
    let host: String?
  }

  /// A signal's peer, as last read from the kernel.
  fileprivate struct Reading: Sendable {
    var peer: Peer
    var session: WireGuardSession?
    var age: Duration?
    var error: String?

    var isUp: Bool { age.map { $0 < peer.timeout } ?? false }
  }

  private struct Content {
    var peers: [Peer] = []
    var readings: [Signal: Reading] = [:]
    var isStopped = false
  }

  private static let interval = Duration.seconds(1)

  private let content = Mutex(Content())
  private let thread = Mutex<Thread?>(nil)
  private let loop: EventLoop
  private let inbox: Inbox
  private let names: HostNames

  init(telling inbox: Inbox, asking names: HostNames) throws {
    (self.inbox, self.names) = (inbox, names)
    loop = try EventLoop()
  }

  func signals(of desired: DesiredState) -> Set<Signal> {
    Set(desired.allWireGuards.flatMap { device in device.peers.map(device.signal) })
  }

  func update(_ desired: DesiredState) {
    let peers = desired.allWireGuards.flatMap { device in
      device.peers.map { peer in
        Peer(
          link: device.link, key: peer.publicKey, signal: device.signal(of: peer),
          timeout: device.handshakeTimeout, host: peer.endpoint?.hostName)
      }
    }
    let signals = Set(peers.map(\.signal))
    content.withLock { content in
      content.peers = peers
      content.readings = content.readings.filter { signals.contains($0.key) }
    }
    thread.withLock { thread in
      // Without a thread the signals stay unknown, and count as down after the deadline.
      if thread == nil, !peers.isEmpty { thread = try? Thread("wireguard") { [self] in run() } }
    }
    loop.wake()
  }

  func stop() {
    content.withLock { $0.isStopped = true }
    loop.wake()
    thread.withLock { $0?.join() }
  }

  // MARK: - The thread

  private func run() {
    let sessions = WireGuardSessions()
    var events = EventLoop.Events(atMost: 1)
    var handshakes: [LinkName: [PublicKey: Handshakes]] = [:]
    while true {
      let (peers, isStopped) = content.withLock { ($0.peers, $0.isStopped) }
      if isStopped { return }
      let now = Instant.now
      if !peers.isEmpty { read(peers, by: sessions, &handshakes, now) }
      loop.wait(for: &events, until: peers.isEmpty ? nil : now + Self.interval)
      loop.clearWake()
    }
  }

  private func read(
    _ peers: [Peer], by reader: WireGuardSessions,
    _ handshakes: inout [LinkName: [PublicKey: Handshakes]], _ now: Instant
  ) {
    var readings: [Signal: Reading] = [:]
    for (link, peers) in Dictionary(grouping: peers, by: \.link) {
      var found: [PublicKey: WireGuardSession] = [:]
      do {
        for session in try reader.read(link) { found[session.publicKey] = session }
      } catch {
        readings.merge(failed(peers, "\(error)")) { $1 }
        continue
      }
      var ages: [PublicKey: Handshakes] = [:]
      for peer in peers {
        let session = found[peer.key]
        var age = ages[peer.key] ?? handshakes[link]?[peer.key] ?? Handshakes()
        age.observe(session?.handshake, clock: WireGuardSessions.now, at: now)
        ages[peer.key] = age
        let reading = Reading(peer: peer, session: session, age: age.age(now))
        // Of two that a condition chooses between, one is there.
        if readings[peer.signal]?.isUp != true { readings[peer.signal] = reading }
      }
      handshakes[link] = ages
    }
    let links = Set(peers.map(\.link))
    handshakes = handshakes.filter { links.contains($0.key) }
    content.withLock { $0.readings = readings }
    for (signal, reading) in readings where reading.error == nil {
      inbox.post(signal, reading.isUp ? .up : .down)
    }
    names.doubt(
      Set(readings.values.compactMap { $0.isUp ? nil : $0.peer.host }), by: .handshakes)
  }

  /// Readings that can't be renewed stay, with the error.
  private func failed(_ peers: [Peer], _ error: String) -> [Signal: Reading] {
    content.withLock { content in
      peers.reduce(into: [:]) { readings, peer in
        readings[peer.signal] = content.readings[peer.signal] ?? Reading(peer: peer)
        readings[peer.signal]!.error = error
      }
    }
  }

  // MARK: - Telling

  func reason(for signal: Signal) -> String? {
    content.withLock { $0.readings[signal]?.reason }
  }

  func status(given states: [Signal: Signal.State]) -> InputStatus {
    var status = InputStatus()
    for (signal, reading) in content.withLock({ $0.readings }) {
      status.words[signal] = reading.members
    }
    return status
  }

  func measure(into metrics: inout Metrics) {
    metrics.declare([Self.up, Self.age, Self.received, Self.sent])
    for (signal, reading) in content.withLock({ $0.readings }).sorted(by: { $0.key < $1.key }) {
      let labels = [Metrics.Label("name", signal.name)]
      metrics.set(Self.up, labels, reading.isUp ? 1 : 0)
      if let age = reading.age { metrics.set(Self.age, labels, age.inSeconds) }
      guard let session = reading.session else { continue }
      metrics.set(Self.received, labels, Double(session.received))
      metrics.set(Self.sent, labels, Double(session.sent))
    }
  }

  private static let up = Gauge(
    "vpngw_wireguard_up", "Whether the last handshake with a peer is young enough.")
  private static let age = Gauge(
    "vpngw_wireguard_handshake_age_seconds", "How old the last handshake with a peer is.")
  private static let received = Counter(
    "vpngw_wireguard_received_bytes_total", "Bytes received from a peer, as the kernel counts.")
  private static let sent = Counter(
    "vpngw_wireguard_sent_bytes_total", "Bytes sent to a peer, as the kernel counts.")
}

extension WireGuardInput.Reading {
  fileprivate var wholeAge: String? { age.map { "\($0.components.seconds)s" } }

  fileprivate var reason: String? {
    if let error { return error }
    if isUp { return nil }
    if session == nil { return "link \(peer.link) has no such peer" }
    return wholeAge.map { "the last handshake was \($0) ago" } ?? "no handshake yet"
  }

  fileprivate var members: [(String, Tree)] {
    var members: [(String, Tree)] = []
    if let age { members.append(("handshakeAge", .integer(Int(age.components.seconds)))) }
    if let session {
      if let endpoint = session.endpoint { members.append(("endpoint", .string(endpoint.text))) }
      members.append(("received", .integer(Int(clamping: session.received))))
      members.append(("sent", .integer(Int(clamping: session.sent))))
    }
    if let reason {
      members.append(("reason", .string(reason)))
    } else if let wholeAge {
      let endpoint = session?.endpoint.map { " with \($0.text)" } ?? ""
      members.append(("reading", .string("handshake\(endpoint) \(wholeAge) ago")))
    }
    return members
  }
}
