import JSON
import Model

/// The status for people: what matters first, then the gateways, the services with each one's
/// probes on a single line, and the rest.
struct StatusTable {
  private let status: JSON.Value
  /// Whether every probe has a line.
  private let listsAll: Bool

  init(_ status: JSON.Value, listsAll: Bool = false) {
    self.status = status
    self.listsAll = listsAll
  }

  /// Escaped: what comes over the network may be anything.
  var text: String { head + signals }

  private func word(_ value: JSON.Value?) -> String { value?.string?.visible ?? "" }

  private func list(_ key: String) -> [JSON.Value] { status[key]?.elements.map(Array.init) ?? [] }

  // MARK: - What matters

  private var head: String {
    let isValid = status["fileValid"]?.bool ?? false
    let isInForce = status["inForce"]?.bool ?? false
    let isConverged = status["converged"]?.bool ?? false
    var text = line("state file", word(status["file"]))
    if !isValid {
      text.removeLast()
      text +=
        "  NOT VALID: " + (isInForce ? "the one before stays in force\n" : "none is in force\n")
    }
    for problem in list("problems") { text += line("", word(problem)) }
    if let waiting = status["waiting"] { text += line("waiting", word(waiting)) }
    text += line("kernel", (isConverged ? "" : "NOT ") + "as the file says")
    for trouble in list("failures") + list("conflicts") { text += "  \(sentence(trouble))\n" }
    if let isHealthy = status["healthy"]?.bool {
      text += line("health", isHealthy ? "good" : "BAD: \(word(status["unhealthy"]))")
    }
    for (title, egress) in egress { text += line(title, egress) }
    for record in list("ddns") { text += line("record", sentence(ofRecord: record)) }
    for drop in list("drops") where drop["packets"]?.integer ?? 0 > 0 {
      text += line("dropped", sentence(of: drop))
    }
    for note in list("notes") { text += line("note", sentence(note)) }
    return text
  }

  private func line(_ title: String, _ text: String) -> String {
    title + String(repeating: " ", count: max(1, 12 - title.count)) + text + "\n"
  }

  private func sentence(_ trouble: JSON.Value) -> String {
    "\(word(trouble["object"])): \(word(trouble["reason"]))"
  }

  /// `vpn.example.org A: 198.51.100.7, 198.51.100.9`, and what is wrong with it.
  private func sentence(ofRecord record: JSON.Value) -> String {
    let types = (record["types"]?.elements.map(Array.init) ?? []).map { word($0) }
    let values = (record["published"]?.elements.map(Array.init) ?? []).map { word($0["value"]) }
    let shown = values.prefix(8).joined(separator: ", ")
    let more = values.count > 8 ? " and \(values.count - 8) more" : ""
    let state = word(record["state"])
    var parts: [String] = []
    if !shown.isEmpty { parts.append(shown + more) }
    if state != "current" || parts.isEmpty {
      let reason = record["reason"].map { ": \(word($0))" } ?? ""
      parts.append((state == "failing" ? "FAILING" : state == "current" ? "none" : state) + reason)
    }
    return "\(word(record["record"])) \(types.joined(separator: "+"))  "
      + parts.joined(separator: "; ")
  }

  /// `12 packets, the last at 2026-07-01T03:12:45.120Z: no_gateway: ...`
  private func sentence(of drop: JSON.Value) -> String {
    let count = drop["packets"]?.integer ?? 0
    let last = drop["last"].map { ", the last at \(word($0))" } ?? ""
    let group = drop["group"].map { " (\(word($0)))" } ?? ""
    return "\(count) packet\(count == 1 ? "" : "s")\(last): \(word(drop["reason"]))\(group): "
      + word(drop["meaning"])
  }

  /// `egress`, or `egress.NAME` for each group.
  private var egress: [(title: String, text: String)] {
    (status.members.map(Array.init) ?? []).filter {
      $0.key == "egress" || $0.key.hasPrefix("egress.")
    }.map { name, egress in
      let text =
        egress["closed"]?.bool == true
        ? "CLOSED since \(word(egress["since"])): \(word(egress["reason"]))"
        : "by \(egress["gateways"]?.integer ?? 0) of \(egress["of"]?.integer ?? 0) gateways"
      return (name.visible, text)
    }
  }

  // MARK: - Signals

  private var signals: String {
    let all = list("signals").sorted { isBefore(word($0["name"]), word($1["name"])) }
    let gateways = all.filter { $0["gateway"] != nil }
    let servers = listsAll ? [] : all.filter { $0["gateway"] == nil && $0["service"] != nil }
    let others = all.filter { $0["gateway"] == nil && (listsAll || $0["service"] == nil) }
    return table(["GATEWAY", "STATE", "READING"], gateways.map { row($0, named: short($0)) })
      + table(["SERVICE", "SERVERS", ""], services(servers))
      + table(["SIGNAL", "STATE", "READING"], others.map { row($0, named: word($0["name"])) })
  }

  /// A gateway's name, which its only probe has too.
  private func short(_ signal: JSON.Value) -> String {
    let name = word(signal["name"])
    let source = ["probe.", "gateway."].first(where: name.hasPrefix)
    return String(name.dropFirst(source?.count ?? 0))
  }

  private func row(_ signal: JSON.Value, named name: String) -> [String] {
    [name, word(signal["state"]), reading(signal)]
  }

  /// `198.51.100.7, port 4242`, or why it is down.
  private func reading(_ signal: JSON.Value) -> String {
    guard let address = signal["publicAddress"]?.string else {
      return word(signal["reading"] ?? signal["reason"])
    }
    let ports = signal["forwardedPorts"]?.elements.map { $0.compactMap(\.integer) } ?? []
    let words = ports.map { "\($0)" }.joined(separator: ", ")
    return address.visible
      + (ports.isEmpty ? "" : ports.count == 1 ? ", port \(words)" : ", ports \(words)")
  }

  /// `port-1 tcp`, `14 of 16 up`, and which are not.
  private func services(_ servers: [JSON.Value]) -> [[String]] {
    var names: [String] = []
    var members: [String: [JSON.Value]] = [:]
    for server in servers {
      let name = word(server["service"])
      if members[name] == nil { names.append(name) }
      members[name, default: []].append(server)
    }
    return names.sorted(by: isBefore).map { name in
      let all = members[name]!
      let up = all.count { $0["state"]?.string == "up" }
      return [name, "\(up) of \(all.count) up", absent(all)]
    }
  }

  /// `unknown: 3; down: 192.168.27.3, 192.168.27.9 (Connection refused)`.
  private func absent(_ servers: [JSON.Value]) -> String {
    let unknown = servers.count { $0["state"]?.string == "unknown" }
    let down = servers.filter { $0["state"]?.string == "down" }
    var parts = unknown > 0 ? ["unknown: \(unknown)"] : []
    if !down.isEmpty {
      let few = 3
      let names = down.map { word($0["server"]) }.sorted(by: isBefore)
      let reason = word(down.first { $0["reason"] != nil }?["reason"])
      parts.append(
        (down.count == servers.count && down.count > few
          ? "all down"
          : "down: " + names.prefix(few).joined(separator: ", ")
            + (names.count > few ? " and \(names.count - few) more" : ""))
          + (reason.isEmpty ? "" : " (\(reason.visible(limit: 60)))"))
    }
    return parts.joined(separator: "; ")
  }

  private func table(_ head: [String], _ rows: [[String]]) -> String {
    if rows.isEmpty { return "" }
    let rows = [head] + rows
    let widths = head.indices.map { column in rows.map { $0[column].count }.max()! + 2 }
    return "\n"
      + rows.map { row in
        var line = ""
        for (cell, width) in zip(row, widths) {
          line += cell + String(repeating: " ", count: width - cell.count)
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
      }.joined()
  }
}

/// Whether a text sorts before another, with its numbers compared as numbers: gw2 before gw10.
func isBefore(_ a: String, _ b: String) -> Bool {
  var (a, b) = (Array(a.utf8)[...], Array(b.utf8)[...])
  func number(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let digits = text.prefix { (0x30...0x39).contains($0) }
    if digits.isEmpty { return nil }
    text = text.dropFirst(digits.count)
    return digits.drop { $0 == 0x30 }
  }
  while !a.isEmpty, !b.isEmpty {
    let (before, other) = (a, b)
    if let left = number(&a), let right = number(&b) {
      if left.count != right.count { return left.count < right.count }
      if left != right { return left.lexicographicallyPrecedes(right) }
      continue
    }
    (a, b) = (before, other)
    let (left, right) = (a.removeFirst(), b.removeFirst())
    if left != right { return left < right }
  }
  return a.count < b.count
}
