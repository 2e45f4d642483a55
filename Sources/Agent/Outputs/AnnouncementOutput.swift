import JSON
import Model
import Speaker
import Synchronization

/// Announces the addresses that move with virtual routers: where one is placed, the link learns it at once.
final class AnnouncementOutput: Output {
  private struct Content {
    var announcer: Announcer?
    /// What is to be announced now, by the virtual routers that decide about it.
    var places: [Announcer.Place: Set<Signal>] = [:]
    var failure: String?
  }

  private let content = Mutex(Content())
  private let log: Log

  init(log: Log) { self.log = log }

  func follow(
    _ desired: DesiredState, given signals: [Signal: Signal.State],
    reading readings: [Signal: SignalReading], isConverged: Bool
  ) {
    var places: [Announcer.Place: Set<Signal>] = [:]
    for object in desired.conditional {
      guard let when = object.when, when.state(given: signals) == .up,
        let address = object.object.as(Address.self)
      else { continue }
      let routers = when.signals.filter { $0.source == .vrrp }
      if routers.isEmpty { continue }
      places[Announcer.Place(address.address.address, on: address.link), default: []].formUnion(
        routers)
    }
    content.withLock { content in
      if content.announcer == nil, !places.isEmpty { start(&content) }
      content.places = places
      content.announcer?.announce(Set(places.keys))
    }
  }

  private func start(_ content: inout Content) {
    do throws(SpeakerError) {
      content.announcer = try Announcer()
      content.failure = nil
    } catch {
      if content.failure == nil { log.error("announce", ["error": error]) }
      content.failure = "\(error)"
    }
  }

  /// A second master was heard, which the link may have learnt.
  func refresh(_ signal: Signal) {
    content.withLock { content in
      let places = content.places.filter { $0.value.contains(signal) }.keys
      content.announcer?.refresh(Set(places))
    }
  }

  func measure(into metrics: inout Metrics) {
    guard let counts = content.withLock({ $0.announcer?.counts }) else { return }
    metrics.set(Self.announcements, [Metrics.Label("result", "sent")], Double(counts.sent))
    metrics.set(Self.announcements, [Metrics.Label("result", "failed")], Double(counts.failed))
  }

  func stop() { content.withLock { $0.announcer.take() }?.stop() }

  private static let announcements = Counter(
    "vpngw_announcements_total", "Gratuitous ARP and unsolicited neighbor advertisements.")
}
