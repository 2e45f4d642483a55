import DDNS
import DDNSTransport
internal import Glibc
import JSON
import Model
internal import NIOCore
internal import NIOPosix
import Plan

/// What `vpngw run` would change of the records that the file publishes.
struct RecordPlan {
  fileprivate(set) var steps: [RecordStep] = []
  /// Whether some provider didn't say what is published.
  fileprivate(set) var isPartial = false

  /// In the form of a plan's steps.
  func text(isColored: Bool) -> String {
    steps.map { $0.text(isColored: isColored) }.joined()
  }

  var tree: Tree { .array(steps.map(\.tree)) }
}

struct RecordStep {
  let record: String
  let verb: Change.Verb
  let added: [String]
  let removed: [String]
  /// The old TTL and the new one, if they differ.
  let ttls: (old: Int, new: Int)?

  /// `~ record vpn.example.org A: - 198.51.100.7 + 198.51.100.9`; a line for each value if they are long.
  fileprivate func text(isColored: Bool) -> String {
    let (on, off) = isColored ? (verb.color, "\u{1b}[0m") : ("", "")
    let values =
      removed.map { "- " + $0.visible(limit: 300) } + added.map { "+ " + $0.visible(limit: 300) }
    let title = "\(verb.symbol) record \(record)"
    let line = ([title + ":"] + values).joined(separator: " ")
    let isShort = line.count <= 100
    var text = on + (values.isEmpty ? title : isShort ? line : title) + off + "\n"
    if !isShort { for value in values { text += "    \(value)\n" } }
    if let ttls { text += "    ttl: \(ttls.old) -> \(ttls.new)\n" }
    return text
  }

  fileprivate var tree: Tree {
    var members: [(String, Tree)] = [
      ("action", .string(verb.rawValue)), ("record", .string(record)),
      ("removed", .array(removed.map(Tree.string))), ("added", .array(added.map(Tree.string))),
    ]
    if let ttls {
      members.append(("ttl", .object([("old", .integer(ttls.old)), ("new", .integer(ttls.new))])))
    }
    return .object(members)
  }
}

extension Session {
  /// Reads what is published, and compares; reports what isn't known or can't be read.
  func records(
    of desired: DesiredState, given signals: [Signal: Signal.State],
    reading readings: [Signal: SignalReading], allowsExec: Bool
  ) throws -> RecordPlan {
    var asked: [(Publication, [RecordType: [RecordValue]])] = []
    for publication in desired.outputs[Publication.self] {
      switch publication.wanted(given: signals, reading: readings) {
      case .idle: break
      case .unknown(let unknown):
        complain(publication, "not known: \(unknown.map(\.description).joined(separator: ", "))")
      case .values(let values):
        let silent = publication.silent(given: signals, reading: readings)
        if silent.isEmpty {
          asked.append((publication, values))
        } else {
          let names = silent.map(\.name).joined(separator: ", ")
          complain(publication, "nothing is known to publish of \(names)")
        }
      }
    }
    return asked.isEmpty ? RecordPlan() : try ask(asked, allowsExec)
  }

  private func complain(_ publication: Publication, _ reason: String) {
    Console.complain(
      "vpngw: record \(publication.name): \(reason); left out (--probe asks, --signal NAME=up tells)\n"
    )
  }

  /// Providers are asked on threads, while this process must be able to fork.
  private func ask(
    _ publications: [(Publication, [RecordType: [RecordValue]])], _ allowsExec: Bool
  ) throws -> RecordPlan {
    let answers = try Child.run {
      signal(SIGPIPE, SIG_IGN)
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let transport = Transport(on: group.any(), allowsExec: allowsExec)
      let futures = publications.map { publication, values in
        publication.carryOut(.reading(values), by: transport, on: group.any()) {
          Console.complain("vpngw: \($0): \($1)".visible + "\n")
        }
      }
      var steps: [Tree] = []
      var isPartial = false
      for ((publication, _), future) in zip(publications, futures) {
        do {
          guard publication.limits.isReadable else {
            let type = publication.provider.type
            let mayNameServer = Providers.named(type)?.keys.contains { $0.name == "name_server" }
            Console.complain(
              "vpngw: record \(publication.name): \(type) can't be asked what is published"
                + (mayNameServer == true ? " (\"name_server\" states who can)" : "")
                + "; left out\n")
            continue
          }
          steps += try future.wait().changes.map(\.tree)
        } catch {
          isPartial = true
          Console.complain(
            "vpngw: record \(publication.name) can't be read: \(ProviderError(any: error))".visible
              + "\n")
        }
      }
      return Array(
        Tree.object([("steps", .array(steps)), ("partial", .bool(isPartial))]).text().utf8)
    }
    let document = try Document(answers)
    return withExtendedLifetime(document) {
      RecordPlan(
        steps: document.root["steps"]?.elements?.compactMap(RecordStep.init) ?? [],
        isPartial: document.root["partial"]?.bool ?? true)
    }
  }
}

// What the child that asks tells its parent.

extension RecordChange {
  fileprivate var tree: Tree {
    let verb: Change.Verb =
      new == nil ? .delete : old?.isEmpty != false ? .create : .update
    var members: [(String, Tree)] = [
      ("record", .string("\(set)")), ("verb", .string(verb.rawValue)),
      ("added", .array(added.map { .string($0.text) })),
      ("removed", .array(removed.map { .string($0.text) })),
    ]
    if let before = old?.ttl, let after = new?.ttl, before != after {
      members += [("oldTTL", .integer(Int(before))), ("newTTL", .integer(Int(after)))]
    }
    return .object(members)
  }
}

extension RecordStep {
  fileprivate init?(_ value: JSON.Value) {
    guard let record = value["record"]?.string,
      let verb = value["verb"]?.string.flatMap(Change.Verb.init)
    else { return nil }
    func texts(_ key: String) -> [String] {
      value[key]?.elements?.compactMap(\.string) ?? []
    }
    var ttls: (old: Int, new: Int)?
    if let old = value["oldTTL"]?.integer, let new = value["newTTL"]?.integer { ttls = (old, new) }
    self.init(
      record: record, verb: verb, added: texts("added"), removed: texts("removed"), ttls: ttls)
  }
}
