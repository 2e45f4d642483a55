import Events
import Model
import Synchronization

/// What the host names of the state file stand for, asked on a thread of its own: an answer may take
/// half a minute. One that fails changes nothing.
final class HostNames: Sendable {
  /// How long after the last question a name is asked for again.
  struct Pauses {
    var unanswered = Duration.seconds(5)
    /// For a host that doesn't seem to be where its name says.
    var doubted = Duration.seconds(30)
    var usual = Duration.seconds(300)
  }

  private struct Host {
    var addresses: [IPAddress] = []
    var asked: Instant?
    var isDoubted = false

    /// Nil: at once.
    func next(_ pauses: Pauses) -> Instant? {
      asked.map {
        $0
          + (addresses.isEmpty
            ? pauses.unanswered : isDoubted ? pauses.doubted : pauses.usual)
      }
    }
  }

  /// Who notices that a host doesn't seem to be where its name says.
  enum Doubter: Hashable {
    case handshakes, gateways
  }

  private struct Content {
    var hosts: [String: Host] = [:]
    var doubts: [Doubter: Set<String>] = [:]
    /// Of ``hosts``, since ``forgetOthers(than:)`` began.
    var named: Set<String> = []
    var hasNews = false
    var isStarted = false
    var isStopped = false
  }

  private let content = Mutex(Content())
  private let inbox: Inbox
  private let pauses: Pauses
  private let resolve: @Sendable (String) -> [IPAddress]
  private let loop: EventLoop

  init(
    telling inbox: Inbox, pauses: Pauses = Pauses(),
    resolve: @escaping @Sendable (String) -> [IPAddress] = Resolver.addresses
  ) throws {
    (self.inbox, self.pauses, self.resolve) = (inbox, pauses, resolve)
    loop = try EventLoop()
  }

  /// As last heard; asks for those that are new.
  func addresses(of host: String) -> [IPAddress] {
    let (addresses, isNew, mustStart) = content.withLock { content in
      content.named.insert(host)
      if let known = content.hosts[host] { return (known.addresses, false, false) }
      content.hosts[host] = Host()
      defer { content.isStarted = true }
      return ([], true, !content.isStarted)
    }
    // Without a thread the name stays unanswered, as it would without a network.
    if mustStart { _ = try? Thread("names") { [self] in run() } }
    if isNew { loop.wake() }
    return addresses
  }

  /// Forgets all names that `body` doesn't ask for, unless it throws.
  func forgetOthers<Result, Failure: Error>(
    than body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    content.withLock { $0.named = [] }
    let result = try body()
    content.withLock { content in
      content.hosts = content.hosts.filter { content.named.contains($0.key) }
    }
    return result
  }

  /// These hosts are asked for more often than others.
  func doubt(_ hosts: Set<String>, by doubter: Doubter) {
    let isNews = content.withLock { content in
      var isNews = false
      content.doubts[doubter] = hosts
      let hosts = content.doubts.values.reduce(into: Set()) { $0.formUnion($1) }
      for host in content.hosts.keys where content.hosts[host]!.isDoubted != hosts.contains(host) {
        content.hosts[host]!.isDoubted.toggle()
        isNews = true
      }
      return isNews
    }
    if isNews { loop.wake() }
  }

  /// Whether an answer was another than before since this was last asked; it woke the loop.
  func takeNews() -> Bool {
    content.withLock { content in
      defer { content.hasNews = false }
      return content.hasNews
    }
  }

  /// Doesn't wait for a question under way.
  func stop() {
    content.withLock { $0.isStopped = true }
    loop.wake()
  }

  // MARK: - The thread

  private func run() {
    var events = EventLoop.Events(atMost: 1)
    while true {
      let (isStopped, due, next) = content.withLock { content in
        let now = Instant.now
        let due = content.hosts.filter { $0.value.next(pauses).map { $0 <= now } ?? true }.keys
        let next = content.hosts.values.compactMap { $0.next(pauses) }.min()
        return (content.isStopped, due.sorted(), next)
      }
      if isStopped { return }
      guard let host = due.first else {
        loop.wait(for: &events, until: next)
        loop.clearWake()
        continue
      }
      take(resolve(host), of: host)
    }
  }

  private func take(_ addresses: [IPAddress], of host: String) {
    let isNews = content.withLock { content in
      guard let before = content.hosts[host]?.addresses else { return false }
      content.hosts[host]!.asked = .now
      // Servers answer in another order each time.
      if addresses.isEmpty || Set(addresses) == Set(before) { return false }
      content.hosts[host]!.addresses = addresses
      content.hasNews = true
      return true
    }
    if isNews { inbox.loop.wake() }
  }
}
