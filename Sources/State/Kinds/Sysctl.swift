internal import JSON
internal import Model

/// The keys of a setting with a condition.
enum SysctlKey: Int, ConditionalKey {
  case value, when

  static let names = spelledNames()
  static let example = "{ \"value\": 1, \"when\": \"probe.gw0\" }"
}

/// `{ "net.ipv4.ip_forward": 1 }`: the names are the file's own.
enum SysctlSection: SectionReader {
  static let key = "sysctls"

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    var section = Section<Sysctl>(key, count: file.count(fileKey))
    var names: [Sysctl.Key: String] = [:]
    file.eachNamed(fileKey) { findings, name, value in
      let key: Sysctl.Key
      do throws(Mismatch) {
        key = try Self.key(name)
      } catch {
        findings.report(error.message, part: .key)
        return
      }
      if let earlier = names.updateValue(name, forKey: key) {
        findings.report("the same setting as \(quoted(earlier))", part: .key)
      }
      guard let (text, when) = Self.setting(value, findings) else { return }
      if let fault = key.fault(of: text) { return findings.report(fault) }
      section.append(Declared(Sysctl(key, text), when: when), at: .key(name))
    }
    contents[Sysctl.self] = section
  }

  static func check(_ check: CrossCheck) { check.checkSysctls() }

  static func tree(_ state: NetworkState) -> Tree? {
    if state.sysctls.isEmpty { return nil }
    let sorted = state.sysctls.sorted { $0.key < $1.key }
    return .object(sorted.map { ($0.key.description, tree($0.text)) })
  }

  /// Written as a number if that reads back as the same text.
  private static func tree(_ text: String?) -> Tree {
    guard let text else { return .string("") }
    if let number = Int(text), String(number) == text { return .integer(number) }
    return .string(text)
  }

  /// The value alone, or an object with a value and a condition.
  private static func setting(
    _ value: JSON.Value, _ findings: Findings
  ) -> (text: String, when: Condition?)? {
    if value.kind == .object {
      var reader = ObjectReader<SysctlKey>(findings, "setting")
      guard reader.open(value) else { return nil }
      let text = reader.required(.value, SysctlForm())
      if !reader.has(.when) {
        reader.reportMissing(.when, ": without a condition, write the value alone")
      }
      let when = reader.when()
      return text.map { ($0, when) }
    }
    do throws(Mismatch) {
      return (try SysctlForm().read(value), nil)
    } catch {
      findings.report(error.message)
      return nil
    }
  }

  private static func key(_ name: String) throws(Mismatch) -> Sysctl.Key {
    guard let key = Sysctl.Key(name) else {
      throw Mismatch(
        "\(quoted(name)) is no setting's name; write one such as \"net.ipv4.ip_forward\"")
    }
    guard key.isOfNetwork else {
      throw Mismatch("\(quoted(name)) is not under \"net.\", and others are not ours to set")
    }
    // A VLAN's name contains a dot, which sysctl(8) writes as a slash.
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

/// A sysctl's value: a number or a text.
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
