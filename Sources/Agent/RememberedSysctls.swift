import JSON
import Model

/// The values that sysctls had before vpngw wrote them, so that an entry that leaves the state file
/// leaves no trace.
struct RememberedSysctls: Remembered {
  private(set) var entries: [Sysctl.Key: Overwritten<String>] = [:]

  var isEmpty: Bool { entries.isEmpty }

  mutating func read(_ object: JSON.Value, refuse: (_ entry: String, _ reason: String) -> Void) {
    for (name, value) in object.members! {
      guard let key = Sysctl.Key(name), let entry = Overwritten(value) else {
        refuse(name, "not what vpngw writes there; left out")
        continue
      }
      // What the file contains is written to /proc/sys one day.
      guard key.isOfNetwork else {
        refuse(name, "not under \"net.\", and so not ours to write; left out")
        continue
      }
      entries[key] = entry
    }
  }

  var tree: Tree {
    .object(entries.sorted { $0.key < $1.key }.map { ($0.key.description, $0.value.tree) })
  }

  /// The observed setting with its previous value, if the present value is ours.
  func annotate(_ sysctl: Sysctl) -> Sysctl {
    var sysctl = sysctl
    if let previous = entries[sysctl.key]?.previous(of: sysctl.text) { sysctl.previous = previous }
    return sysctl
  }

  /// Records the present value before another is written.
  mutating func remember(_ key: Sysctl.Key, present: String, written: String) {
    entries[key] = Overwritten(written, over: present, after: entries[key])
  }

  mutating func forget(_ key: Sysctl.Key) { entries[key] = nil }
}
