import JSON
import Model

/// What `run` needs of the machine for a state file.
struct FileNeeds {
  let path: String
  private let needs: [CapabilityNeed]
  private let sysctls: SysctlAdvice

  init(_ path: String, _ desired: DesiredState) {
    self.path = path
    needs = desired.capabilityNeeds
    sysctls = SysctlAdvice(desired.statedSysctls)
  }

  private static let substitutes: [Capability: String] = [
    .realTime: "or RLIMIT_RTPRIO of 50", .lockMemory: "or RLIMIT_MEMLOCK of infinity",
  ]

  private var rows: [(capability: Capability, subjects: [String], isOptional: Bool)] {
    Capability.allCases.compactMap { capability in
      let own = needs.filter { $0.capability == capability }
      return own.isEmpty
        ? nil : (capability, own.map(\.subject), own.allSatisfy(\.isOptional))
    }
  }

  /// A line for each capability, and what to do about settings.
  var text: String {
    var lines = rows.map { capability, subjects, isOptional in
      let more = subjects.count > 4 ? " and \(subjects.count - 4) more" : ""
      var line = "  \(capability.name) for \(subjects.prefix(4).joined(separator: ", "))\(more)"
      if isOptional {
        line += " to be punctual on a busy machine: optional"
        if let substitute = Self.substitutes[capability] { line += ", \(substitute)" }
      }
      return line
    }
    if !sysctls.isEmpty {
      let what = sysctls.count == 1 ? "1 setting" : "\(sysctls.count) settings"
      lines.append("  /proc/sys writable for \(what), unless they have their values already:")
      lines += sysctls.lines.map { "    " + $0 }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  var tree: Tree {
    var members: [(String, Tree)] = [
      ("file", .string(path)),
      (
        "capabilities",
        .array(
          rows.map { capability, subjects, isOptional in
            .object([
              ("name", .string(capability.name)), ("required", .bool(!isOptional)),
              ("for", .array(subjects.map(Tree.string))),
            ])
          })
      ),
    ]
    let pod = sysctls.ofPod.map {
      Tree.object([("name", .string($0.name)), ("value", .string($0.value))])
    }
    let links = sysctls.ofLinks.map { ($0.name, Tree.string($0.value)) }
    if !pod.isEmpty { members.append(("sysctls", .array(pod))) }
    if !links.isEmpty {
      members.append(("tuning", .object([("type", "tuning"), ("sysctl", .object(links))])))
    }
    return .object(members)
  }
}
