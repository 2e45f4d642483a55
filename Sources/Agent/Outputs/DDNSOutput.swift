import DDNS
import DDNSTransport
import Events
import JSON
import Model
internal import NIOCore
internal import NIOPosix
import Synchronization

/// Publishes records: reads what is published and writes what differs, on a thread of its own, so that
/// nothing waits for a slow provider.
final class DDNSOutput: Output {
  /// One name that is published.
  struct Entry {
    var publisher: Publisher
    /// Tells attempts of this entry from those of one that it has replaced.
    let number: Int
    var timer: Scheduled<Void>?
    var lastChange: WallClock?
    /// The failure that was last logged.
    var said: String?
  }

  struct Content {
    var loop: Loop?
    var entries: [String: Entry] = [:]
    var metrics = Metrics()
    var count = 0
    var isEnd = false
    /// Why there is no thread.
    var failure: String?
  }

  /// The thread, once a file has something to publish.
  struct Loop {
    let group: MultiThreadedEventLoopGroup
    let transport: Transport
    var loop: any NIOCore.EventLoop { group.any() }
  }

  let content = Mutex(Content())
  private let allowsExec: Bool
  private let log: Log

  init(allowsExec: Bool, log: Log) {
    self.allowsExec = allowsExec
    self.log = log
  }

  // MARK: - The daemon's thread

  func follow(
    _ desired: DesiredState, given signals: [Signal: Signal.State],
    reading readings: [Signal: SignalReading], isConverged: Bool
  ) {
    let publications = desired.outputs[Publication.self]
    let now = Instant.now
    let touched: [String] = content.withLock { content in
      if content.isEnd || publications.isEmpty && content.entries.isEmpty { return [] }
      if content.loop == nil { start(&content) }
      let wanted = Dictionary(publications.map { ($0.key, $0) }) { first, _ in first }
      for (key, entry) in content.entries where wanted[key] != entry.publisher.publication {
        entry.timer?.cancel()
        content.entries[key] = nil
      }
      for (key, publication) in wanted {
        if content.entries[key] == nil {
          content.count += 1
          content.entries[key] = Entry(
            publisher: Publisher(publication, seed: .random(in: 0 ... .max)), number: content.count)
        }
        content.entries[key]!.publisher.follow(signals, reading: readings, now)
      }
      return Array(wanted.keys)
    }
    for key in touched { turn(key) }
  }

  private func start(_ content: inout Content) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    content.loop = Loop(
      group: group, transport: Transport(on: group.any(), allowsExec: allowsExec))
  }

  func stop() {
    let loop = content.withLock { content in
      content.isEnd = true
      for entry in content.entries.values { entry.timer?.cancel() }
      content.entries = [:]
      return content.loop.take()
    }
    // What is in progress ends with the process.
    loop?.group.leaveToProcess()
  }

  // MARK: - Attempts

  /// Begins an attempt if one is due, and sees to it that the next is.
  private func turn(_ key: String) {
    let now = Instant.now
    let begun: (Attempt, Publication, Int, Loop)? = content.withLock { content in
      guard let loop = content.loop, content.entries[key] != nil else { return nil }
      content.entries[key]!.timer?.cancel()
      content.entries[key]!.timer = nil
      if let attempt = content.entries[key]!.publisher.begin(now) {
        let entry = content.entries[key]!
        return (attempt, entry.publisher.publication, entry.number, loop)
      }
      if let next = content.entries[key]!.publisher.next {
        let wait = TimeAmount.nanoseconds(max(0, (next - now).wholeNanoseconds))
        content.entries[key]!.timer = loop.loop.scheduleTask(in: wait) { [weak self] in
          self?.turn(key)
        }
      }
      return nil
    }
    guard let (attempt, publication, number, loop) = begun else { return }
    let start = Instant.now
    make(attempt, of: publication, on: loop, number).whenComplete { [weak self] result in
      self?.ended(key, number, result.mapError(ProviderError.init(any:)), since: start)
    }
  }

  private func make(
    _ attempt: Attempt, of publication: Publication, on loop: Loop, _ number: Int
  ) -> EventLoopFuture<PublicationReport> {
    publication.carryOut(attempt, by: loop.transport, on: loop.loop) { [weak self] in
      self?.warn($0, $1)
    } while: { [weak self] in
      self?.mayGoOn(publication.key, number) ?? false
    }
  }

  private func mayGoOn(_ key: String, _ number: Int) -> Bool {
    content.withLock { content in
      guard let entry = content.entries[key], entry.number == number else { return false }
      return entry.publisher.mayGoOn
    }
  }

  private func ended(
    _ key: String, _ number: Int, _ result: Result<PublicationReport, ProviderError>,
    since start: Instant
  ) {
    let now = Instant.now
    let entry: Entry? = content.withLock { content in
      guard var entry = content.entries[key], entry.number == number else { return nil }
      let wasGoingOn = entry.publisher.mayGoOn
      entry.publisher.end(result, now)
      if case .success(let report) = result, report.isWritten { entry.lastChange = .now }
      content.entries[key] = entry
      if wasGoingOn { content.count(result, of: entry.publisher.publication, now - start) }
      return wasGoingOn ? entry : nil
    }
    if let entry {
      switch result {
      case .success(let report): say(report, key, entry.publisher, entry.said != nil)
      case .failure(let error): say(error, key, entry, now)
      }
    }
    turn(key)
  }

  // MARK: - The log

  private func say(
    _ report: PublicationReport, _ key: String, _ publisher: Publisher, _ wasFailing: Bool
  ) {
    if report.isWritten {
      for change in report.changes {
        log.info(
          "ddns",
          [
            "name": key, "record": change.set, "added": change.added.words,
            "removed": change.removed.words,
            "ttl": change.old?.ttl == change.new?.ttl ? nil : change.new?.ttl,
          ])
      }
    } else if wasFailing {
      log.info("ddns", ["name": key, "record": publisher.publication.name, "reachable": true])
    }
    content.withLock { $0.entries[key]?.said = nil }
  }

  /// Logged when it changes, then rarely: a provider may be away for a day.
  private func say(_ error: ProviderError, _ key: String, _ entry: Entry, _ now: Instant) {
    let text = error.message.visible(limit: Status.longestReason)
    let times = entry.publisher.failures
    guard text != entry.said || times & (times - 1) == 0 else { return }
    log.warning(
      "ddns",
      [
        "name": key, "record": entry.publisher.publication.name, "error": text, "times": times,
        "next": entry.publisher.retry.map { Self.rounded($0 - now).text },
      ])
    content.withLock { $0.entries[key]?.said = text }
  }

  private static func rounded(_ duration: Duration) -> Duration {
    .milliseconds(max(0, duration.wholeNanoseconds / 1_000_000))
  }

  private let warned = Mutex<Set<String>>([])

  /// Once for each file.
  private func warn(_ path: String, _ reason: String) {
    if warned.withLock({ $0.insert(path).inserted }) { log.unsafeKeys(path, reason) }
  }
}

extension [RecordValue] {
  /// As many as anybody reads; nil for none.
  fileprivate var words: String? {
    if isEmpty { return nil }
    let most = 8
    return prefix(most).map(\.text).joined(separator: ", ")
      + (count > most ? " and \(count - most) more" : "")
  }
}
