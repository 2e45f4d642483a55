import JSON
import Model
import Speaker
import Synchronization

/// Tells which of the file's IPv4 addresses another machine on the link has too, as ARP shows. It reports no
/// signal: what is wrong is elsewhere, and nothing here is better without the address.
final class DuplicateInput: Input {
  private struct Content {
    var desired = DesiredState()
    var failure: String?
  }

  private let content = Mutex(Content())
  private let duplicates: Duplicates
  /// Nil without CAP_NET_RAW.
  private let watch: AddressWatch?
  private let log: Log

  /// How many addresses are asked for each minute, at most.
  private static let most = 256

  /// To be called before the process gives up what the file doesn't need.
  init(log: Log) {
    self.log = log
    let duplicates = Duplicates(log: log)
    self.duplicates = duplicates
    do throws(SpeakerError) {
      watch = try AddressWatch { duplicates.take($0) }
    } catch {
      watch = nil
      content.withLock { $0.failure = "\(error)" }
      log.info("duplicates", ["watched": false, "reason": "\(error)"])
    }
  }

  func update(_ desired: DesiredState) { content.withLock { $0.desired = desired } }

  func heed(_ states: [Signal: Signal.State]) {
    guard let watch else { return }
    let places = content.withLock { $0.desired.heldPlaces(given: states) }
    do throws(SpeakerError) {
      try watch.watch(Set(places.prefix(Self.most)))
    } catch {
      let isNews = content.withLock { content in
        defer { content.failure = "\(error)" }
        return content.failure == nil
      }
      if isNews { log.warning("duplicates", ["watched": false, "reason": "\(error)"]) }
    }
  }

  func status(given states: [Signal: Signal.State]) -> InputStatus {
    var status = InputStatus()
    status.notes = duplicates.sorted.map { place, mac in
      Trouble(object: "address \(place.address)", reason: "\(mac) on \(place.link) has it too")
    }
    return status
  }

  func measure(into metrics: inout Metrics) {
    if watch == nil { return }
    metrics.set(Self.count, [], Double(duplicates.sorted.count))
  }

  func stop() { watch?.stop() }

  private static let count = Gauge(
    "vpngw_duplicate_addresses", "Addresses of ours that another machine on the link has too.")
}

/// What is known of duplicates, and was logged.
private final class Duplicates: Sendable {
  private let known = Mutex<[Announcer.Place: MACAddress]>([:])
  private let log: Log

  init(log: Log) { self.log = log }

  var sorted: [(place: Announcer.Place, mac: MACAddress)] {
    known.withLock { $0.map { ($0.key, $0.value) } }.sorted {
      ($0.0.link, $0.0.address) < ($1.0.link, $1.0.address)
    }
  }

  func take(_ conflicts: [Announcer.Place: MACAddress]) {
    let before = known.withLock { known in
      defer { known = conflicts }
      return known
    }
    for (place, mac) in sorted where before[place] == nil {
      log.warning(
        "duplicate", ["address": place.address, "link": place.link, "mac": mac])
    }
    let over = before.keys.filter { conflicts[$0] == nil }.sorted {
      ($0.link, $0.address) < ($1.link, $1.address)
    }
    for place in over {
      log.info(
        "duplicate",
        ["address": place.address, "link": place.link, "mac": before[place]!, "over": true])
    }
  }
}

extension DesiredState {
  /// The IPv4 addresses that the file asks for now, sorted.
  fileprivate func heldPlaces(given states: [Signal: Signal.State]) -> [Announcer.Place] {
    let held =
      unconditional[Address.self]
      + conditional.compactMap { object in
        guard let when = object.when, when.state(given: states) == .up else { return nil }
        return object.object.as(Address.self)
      }
    return held.filter { $0.address.family == .inet }
      .map { Announcer.Place($0.address.address, on: $0.link) }
      .sorted { ($0.link, $0.address) < ($1.link, $1.address) }
  }
}
