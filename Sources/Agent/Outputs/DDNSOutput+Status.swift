import DDNS
import Events
import JSON
import Model
import Synchronization

extension DDNSOutput {
  var status: (name: String, tree: Tree)? {
    let now = Instant.now
    let entries = content.withLock { content in
      content.entries.sorted { isBefore($0.key, $1.key) }.map(\.value)
    }
    if entries.isEmpty { return nil }
    return ("ddns", .array(entries.map { $0.tree(now) }))
  }
}

extension DDNSOutput.Entry {
  fileprivate func tree(_ now: Instant) -> Tree {
    let publication = publisher.publication
    var members: [(String, Tree)] = [
      ("name", .string(publication.key)), ("record", .string(publication.name.text)),
      ("types", .array(publication.types.sorted().map { .string($0.rawValue) })),
      ("provider", .string(publication.provider.type)),
      ("state", .string(publisher.state.rawValue)),
    ]
    if let published = publisher.published {
      members.append(
        (
          "published",
          .array(
            published.filter { !$0.isEmpty }.sorted { $0.type < $1.type }.flatMap { set in
              set.values.map {
                .object([("type", .string(set.type.rawValue)), ("value", .string($0.text))])
              }
            })
        ))
    }
    if let reason { members.append(("reason", .string(reason))) }
    if let retry = publisher.retry {
      let wait = max(.zero, retry - now)
      members.append(("failures", .integer(publisher.failures)))
      members.append(("nextSeconds", .real((wait.inSeconds * 10).rounded() / 10)))
    }
    if let lastChange { members.append(("changed", .string(lastChange.text))) }
    return .object(members)
  }

  private var reason: String? {
    switch publisher.state {
    case .failing: publisher.failure?.message.visible(limit: Status.longestReason)
    case .unknown:
      if case .unknown(let signals) = publisher.wanted, !signals.isEmpty {
        "not known yet: \(signals.map(\.description).joined(separator: ", "))"
      } else {
        nil
      }
    case .idle: "\"when\" is down: somebody else may publish"
    case .empty: "no member is alive, or none has an address: the last records stay"
    case .current, .pending: nil
    }
  }
}

extension Publisher {
  /// In a word.
  enum State: String {
    /// What is published is as it should be, as of the last look.
    case current
    /// It is being read or written, or waits for its time.
    case pending
    case failing
    case idle
    case unknown
    /// Nothing is left to publish, and the last records stay.
    case empty
  }

  var state: State {
    switch wanted {
    case .idle: return .idle
    case .unknown: return .unknown
    case .values(let values):
      if keepsLast { return .empty }
      if failure != nil { return .failing }
      guard let published else { return .pending }
      return publication.changes(to: values, from: published).isEmpty ? .current : .pending
    }
  }
}
