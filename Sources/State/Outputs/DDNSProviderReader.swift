internal import DDNS
internal import JSON
internal import Model

extension ObjectReader<DDNSProviderKey> {
  /// A provider's object, read by the keys that the provider declares. `name` is the record's, if it
  /// could be read.
  mutating func settings(for name: RecordName?) -> ProviderSettings? {
    let types = Spelling.list(Providers.all.map { quoted($0.name) }, "or")
    guard let type = required(.type, providerTypeForm, ": \(types)"),
      let provider = Providers.named(type)
    else { return nil }
    let own = Set(provider.keys.map(\.name))
    for key in DDNSProviderKey.allCases where key != .type && value(key) != nil {
      guard !own.contains(key.name) else { continue }
      let others = Providers.all.filter { $0.keys.contains { $0.name == key.name } }.map { $0.name }
      refuse(
        key, "\"\(key.name)\" is a key of \(Spelling.list(others, "and")) providers, not of \(type)"
      )
    }
    var settings: [String: ProviderSettings.Setting] = [:]
    for key in provider.keys {
      let id = DDNSProviderKey(key.name)
      if key.isRequired, !has(id) { reportMissing(id, key.hint) }
      settings[key.name] = setting(id, key.form)
    }
    guard isSound else { return nil }
    let read = ProviderSettings(type: type, settings)
    guard let name else { return read }
    for problem in provider.problems(read, for: name) {
      if let key = problem.key {
        report(DDNSProviderKey(key), problem.message)
      } else {
        report(problem.message)
      }
    }
    return isSound ? read : nil
  }

  private mutating func setting(
    _ key: DDNSProviderKey, _ form: ProviderKey.Form
  ) -> ProviderSettings.Setting? {
    switch form {
    case .text: return optional(key, lineForm).map { .text($0) }
    case .secretFile, .file: return optional(key, .absolutePath).map { .text($0) }
    case .name: return optional(key, recordNameForm).map { .name($0) }
    case .host: return optional(key, hostForm).map { .text($0) }
    case .port: return optional(key, .uint16(1, to: .max)).map { .number(Int($0)) }
    case .url: return optional(key, originForm).map { .origin($0) }
    case .number(let range): return optional(key, IntegerForm(range: range)).map { .number($0) }
    case .flag: return optional(key, .bool).map { .flag($0) }
    case .word(let words):
      return optional(key, WordForm(words.map { ($0, $0) })).map { .text($0) }
    case .texts:
      guard let read = elements(key, lineForm) else { return nil }
      if read.isEmpty { report(key, "must not be empty") }
      return .texts(read.compactMap(\.self))
    case .table: return table(key)
    }
  }

  private mutating func table(_ key: DDNSProviderKey) -> ProviderSettings.Setting? {
    var table: [String: String] = [:]
    var isSound = true
    let isRead = eachNamed(key, hasTexts: true) { findings, name, value in
      do throws(Mismatch) {
        _ = try headerNameForm.parse(name)
        table[name] = try lineForm.read(value)
      } catch {
        findings.report(error.message)
        isSound = false
      }
    }
    if !isSound { spoil(key) }
    return isRead && isSound ? .table(table) : nil
  }
}

private let providerTypeForm = WordForm(Providers.all.map { ($0.name, $0.name) })

/// What is sent as it is, in a header or a path.
private let lineForm = TextForm<String>(what: "a string") { text throws(Mismatch) in
  guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
    throw Mismatch("\(quoted(text)) must be one line that isn't empty")
  }
  return text
}

let recordNameForm = TextForm<RecordName>(
  what: "a name such as \"vpn.example.org\""
) { text throws(Mismatch) in
  guard let name = RecordName(text), !name.text.isEmpty else {
    throw Mismatch(
      "\(quoted(text)) is no domain name: labels of 1 to 63 letters, digits, \"-\" and \"_\" "
        + "with dots between, such as \"vpn.example.org\"")
  }
  return name
}

private let originForm = TextForm<HTTPOrigin>(
  what: "a URL such as \"https://api.example.org/v2\""
) { text throws(Mismatch) in
  guard let origin = HTTPOrigin(text) else {
    throw Mismatch(
      "\(quoted(text)) is no URL: write http or https, a host, and perhaps a port and a path, "
        + "such as \"https://api.example.org/v2\"")
  }
  return origin
}
