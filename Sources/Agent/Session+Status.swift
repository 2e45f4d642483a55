import JSON

extension Session {
  /// `vpngw status`: asks a running `run`, and prints its answer for people; failed while the file
  /// isn't valid or the kernel isn't as it wants.
  public func status(_ address: String, port: Int) throws -> Int32 {
    let body = try StatusClient.get("/status", from: address, port: port)
    let document: Document
    do throws(SyntaxError) {
      document = try Document(Array(body.utf8))
    } catch {
      throw Failure("\(address):\(port) is not vpngw: its answer is no JSON")
    }
    Console.print(options.isJSON ? body : Self.table(document.root))
    // The values point into it.
    return withExtendedLifetime(document) {
      let isGood = ["fileValid", "converged"].allSatisfy { document.root[$0]?.bool == true }
      return isGood ? Status.done : Status.failed
    }
  }

  private static func table(_ status: JSON.Value) -> String {
    let isValid = status["fileValid"]?.bool ?? false
    let isConverged = status["converged"]?.bool ?? false
    var text = "state file  \(status["file"]?.string ?? "?")"
    let isInForce = status["inForce"]?.bool ?? false
    text +=
      isValid
      ? "\n"
      : "  NOT VALID: " + (isInForce ? "the one before stays in force\n" : "none is in force\n")
    for problem in status["problems"]?.elements.map(Array.init) ?? [] {
      text += "            \(problem.string ?? "")\n"
    }
    text += "kernel      " + (isConverged ? "as the file says\n" : "NOT as the file says\n")
    for key in ["failures", "conflicts"] {
      for trouble in status[key]?.elements.map(Array.init) ?? [] {
        text += "  \(trouble["object"]?.string ?? ""): \(trouble["reason"]?.string ?? "")\n"
      }
    }
    for note in status["notes"]?.elements.map(Array.init) ?? [] {
      text += "note        \(note["object"]?.string ?? ""): \(note["reason"]?.string ?? "")\n"
    }
    let signals = status["signals"]?.elements.map(Array.init) ?? []
    guard !signals.isEmpty else { return text }
    let rows =
      [["SIGNAL", "STATE", "READING"]]
      + signals.map { signal in
        [
          signal["name"]?.string ?? "", signal["state"]?.string ?? "",
          reading(signal),
        ]
      }
    let widths = (0..<2).map { column in rows.map { $0[column].count }.max()! + 2 }
    text += "\n"
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column < widths.count {
          line += String(repeating: " ", count: widths[column] - cell.count)
        }
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }

  /// `198.51.100.7, port 4242`, or why it is down.
  private static func reading(_ signal: JSON.Value) -> String {
    guard let address = signal["publicAddress"]?.string else {
      return signal["reason"]?.string ?? ""
    }
    let ports = signal["forwardedPorts"]?.elements.map { $0.compactMap(\.integer) } ?? []
    let words = ports.map { "\($0)" }.joined(separator: ", ")
    return address
      + (ports.isEmpty ? "" : ports.count == 1 ? ", port \(words)" : ", ports \(words)")
  }
}
