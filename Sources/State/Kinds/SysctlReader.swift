internal import JSON
internal import Model

extension ObjectReader<FileKey> {
  /// `{ "net.ipv4.ip_forward": 1 }`: the names are the file's own.
  mutating func sysctls() -> [Sysctl] {
    guard let value = value(.sysctls) else { return [] }
    guard let members = value.members else {
      report(.sysctls, Mismatch(value, mustBe: "an object").message)
      return []
    }
    findings.enter(.key(FileKey.sysctls.name))
    defer { findings.leave() }
    var sysctls: [Sysctl] = []
    var names: [Sysctl.Key: String] = [:]
    for (name, value) in members {
      do throws(Mismatch) {
        let key = try Self.key(name)
        if let earlier = names.updateValue(name, forKey: key) {
          findings.report("the same setting as \(quoted(earlier))", below: .key(name), part: .key)
        }
        do throws(Mismatch) {
          sysctls.append(Sysctl(key, try SysctlForm().read(value)))
        } catch {
          findings.report(error.message, below: .key(name))
        }
      } catch {
        findings.report(error.message, below: .key(name), part: .key)
      }
    }
    return sysctls
  }

  private static func key(_ name: String) throws(Mismatch) -> Sysctl.Key {
    guard let key = Sysctl.Key(name) else {
      throw Mismatch(
        "\(quoted(name)) is no setting's name; write one such as \"net.ipv4.ip_forward\"")
    }
    guard key.parts[0] == "net" else {
      throw Mismatch("\(quoted(name)) is not under \"net.\", and others are not ours to set")
    }
    // A VLAN's name has a dot, and sysctl(8) writes it as a slash.
    let parts = key.parts
    if parts.count > 5, ["ipv4", "ipv6"].contains(parts[1]), ["conf", "neigh"].contains(parts[2]) {
      let link = parts[3..<(parts.count - 1)].joined(separator: ".")
      let right = Sysctl.Key(parts: parts[..<3] + [link, parts[parts.count - 1]])!
      throw Mismatch(
        "a dot inside of a link's name is written as a slash: write \"\(right)\"")
    }
    return key
  }
}

/// A sysctl's value; a number is written as one.
private struct SysctlForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> String {
    if let integer = value.integer { return String(integer) }
    guard let text = value.string else {
      let hint = value.bool.map { ": write \($0 ? 1 : 0)" } ?? ""
      throw Mismatch(Mismatch(value, mustBe: "an integer or a string").message + hint)
    }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }) else {
      throw Mismatch("\(quoted(text)) has a control character")
    }
    return text
  }
}
