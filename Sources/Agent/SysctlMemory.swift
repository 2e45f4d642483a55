import JSON
import Model

/// What sysctls were before vpngw wrote them, so that an entry that leaves the state file leaves no
/// trace: a file in the run directory.
struct SysctlMemory {
  struct Entry {
    var previous: String
    var written: String
  }

  private let path: String
  private(set) var entries: [Sysctl.Key: Entry]

  /// A file that is missing or isn't ours remembers nothing.
  init(path: String) {
    self.path = path
    entries = [:]
    guard let bytes = try? File.read(path), let document = try? Document(bytes),
      let members = document.root.members
    else { return }
    for (name, value) in members {
      guard let key = Sysctl.Key(name), let previous = value["previous"]?.string,
        let written = value["written"]?.string
      else { continue }
      entries[key] = Entry(previous: previous, written: written)
    }
  }

  /// The observed setting with what was there before, where what is there now is our doing.
  func annotate(_ sysctl: Sysctl) -> Sysctl {
    var sysctl = sysctl
    if let entry = entries[sysctl.key], entry.written == sysctl.text {
      sysctl.previous = entry.previous
    }
    return sysctl
  }

  /// Notes what is about to be written over what is there; a value that we wrote ourselves keeps
  /// the one from before us.
  mutating func remember(_ key: Sysctl.Key, present: String, written: String) {
    let isOurs = entries[key]?.written == present
    let previous = isOurs ? entries[key]!.previous : present
    entries[key] = Entry(previous: previous, written: written)
  }

  mutating func forget(_ key: Sysctl.Key) { entries[key] = nil }

  func save() throws(File.Failure) {
    if entries.isEmpty {
      File.remove(path)
      return
    }
    let members = entries.sorted { $0.key < $1.key }.map { key, entry in
      (
        key.description,
        Tree.object([("previous", .string(entry.previous)), ("written", .string(entry.written))])
      )
    }
    try File.replace(path, with: Array(Tree.object(members).text().utf8))
  }
}
