import JSON
import Model

/// What sysctls were before vpngw wrote them, so that an entry that leaves the state file leaves no
/// trace: a file in the run directory.
struct SysctlMemory {
  struct Entry {
    var previous: String
    var written: String
  }

  private var file: MemoryFile
  private(set) var entries: [Sysctl.Key: Entry] = [:]

  /// A file that is missing or damaged remembers nothing.
  init(path: String) {
    file = MemoryFile(path: path)
    guard let document = file.read() else { return }
    for (name, value) in document.root.members! {
      guard let key = Sysctl.Key(name), let previous = value["previous"]?.string,
        let written = value["written"]?.string
      else {
        file.refuse(name, "not what vpngw writes there; left out")
        continue
      }
      // What stands here is written into /proc/sys one day.
      guard key.isOfNetwork else {
        file.refuse(name, "not under \"net.\", and so not ours to write; left out")
        continue
      }
      entries[key] = Entry(previous: previous, written: written)
    }
    // The values point into it.
    withExtendedLifetime(document) {}
  }

  /// Why not all of it is known.
  var damage: String? { file.damage }

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

  mutating func save() throws(File.Failure) {
    if entries.isEmpty { return try file.replace(with: nil) }
    let members = entries.sorted { $0.key < $1.key }.map { key, entry in
      (
        key.description,
        Tree.object([("previous", .string(entry.previous)), ("written", .string(entry.written))])
      )
    }
    try file.replace(with: .object(members))
  }
}
