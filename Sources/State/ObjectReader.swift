internal import JSON
internal import Model

/// Reads objects of one kind, one after the other, key by key.
///
/// What is wrong is reported, and reading goes on: a reader's nil means "not stated" or "reported".
struct ObjectReader<Key: ObjectKey> {
  let findings: Findings
  /// What an object is called in messages: `route`.
  let noun: String
  /// The keys of the present object that are missing or have a problem.
  private(set) var faults: KeySet<Key> = []
  private(set) var isSound = true
  private var present: JSON.Value?
  /// The keys that somebody probably meant by others: stated, in a way.
  private var misspelt: KeySet<Key> = []
  private var slots: [JSON.Value?]
  // Objects of a list mostly have the same keys in the same order: where the last one's were.
  private var guesses: [Int] = []

  init(_ findings: Findings, _ noun: String) {
    self.findings = findings
    self.noun = noun
    slots = Array(repeating: nil, count: Key.names.count)
  }

  /// Takes up the next object; false, and reported, if the value is none.
  mutating func open(_ value: JSON.Value) -> Bool {
    guard let members = value.members else {
      findings.report(Mismatch(value, mustBe: "an object such as \(Key.example)").message)
      return false
    }
    (faults, isSound, present, misspelt) = ([], true, value, [])
    for position in slots.indices { slots[position] = nil }
    var count = 0
    for (name, member) in members {
      if count < guesses.count, Key.names[guesses[count]] == name {
        slots[guesses[count]] = member
      } else if let position = Key.names.firstIndex(of: name) {
        slots[position] = member
        if count < guesses.count { guesses[count] = position } else { guesses.append(position) }
      } else {
        refuse(unknown: name)
        continue
      }
      count += 1
    }
    return true
  }

  private mutating func refuse(unknown name: String) {
    isSound = false
    let type = present?["type"]?.string
    let own = Key.keys(ofType: type)
    let names = own.map { own in Key.allCases.filter(own.contains).map(\.name) } ?? Key.names
    let meant = Spelling.key(meantBy: name, among: names)
    let place =
      if own != nil, let type { "\(type) \(noun)s have" } else { "the keys here are" }
    findings.report(
      "unknown key \(quoted(name))"
        + (meant.map { "; did you mean \"\($0)\"?" } ?? "; \(place) " + Spelling.list(names, "and")),
      below: .key(name), part: .key)
    guard let key = meant.flatMap(Key.names.firstIndex).flatMap(Key.init(rawValue:)) else { return }
    faults.insert(key)
    misspelt.insert(key)
  }

  func value(_ key: Key) -> JSON.Value? { slots[key.rawValue] }
  /// The number of elements under a key.
  func count(_ key: Key) -> Int { slots[key.rawValue]?.count ?? 0 }
  func has(_ key: Key) -> Bool { slots[key.rawValue] != nil || misspelt.contains(key) }

  func first(of keys: [Key]) -> Key? { keys.first(where: has) }

  mutating func optional<F: Form>(_ key: Key, _ form: F) -> F.Output? {
    guard let value = slots[key.rawValue] else { return nil }
    do throws(Mismatch) {
      return try form.read(value)
    } catch {
      report(key, error.message)
      return nil
    }
  }

  mutating func required<F: Form>(_ key: Key, _ form: F, _ hint: String = "") -> F.Output? {
    if !has(key) { reportMissing(key, hint) }
    return optional(key, form)
  }

  mutating func reportMissing(_ key: Key, _ hint: String = "") {
    report("this \(noun) needs \"\(key.name)\"" + hint, blaming: key)
  }

  /// About a key's value.
  mutating func report(_ key: Key, _ message: String) {
    spoil(key)
    findings.report(message, below: .key(key.name))
  }

  /// About an element of a key's list.
  mutating func report(_ key: Key, _ index: Int, _ message: String) {
    spoil(key)
    findings.report(message, below: .key(key.name), .index(index))
  }

  /// About a key that should not be there.
  mutating func refuse(_ key: Key, _ message: String) {
    spoil(key)
    findings.report(message, below: .key(key.name), part: .key)
  }

  /// About the object as a whole.
  mutating func report(_ message: String, blaming key: Key? = nil) {
    if let key { faults.insert(key) }
    isSound = false
    findings.report(message)
  }

  /// Refuses those of the keys that are stated.
  mutating func refuse(_ keys: [Key], _ reason: (String) -> String) {
    for key in keys where value(key) != nil { refuse(key, reason("\"\(key.name)\"")) }
  }
}

extension ObjectReader {
  /// The texts and numbers in the present object: what it may be called, when that can't be read.
  var scalars: [String] {
    present?.members?.compactMap { $0.value.string ?? $0.value.integer.map(String.init) } ?? []
  }

  /// The elements of a list, with a nil for each that can't be read.
  mutating func elements<F: Form>(_ key: Key, _ form: F) -> [F.Output?]? {
    guard let value = slots[key.rawValue] else { return nil }
    guard let elements = value.elements else {
      report(key, Mismatch(value, mustBe: "an array").message)
      return nil
    }
    return elements.enumerated().map { index, element in
      do throws(Mismatch) {
        return try form.read(element)
      } catch {
        report(key, index, error.message)
        return nil
      }
    }
  }

  /// The elements of a list of objects, without those that can't be read.
  mutating func list<Element: ObjectKey, Output>(
    _ key: Key, of noun: String, _ read: (inout ObjectReader<Element>) -> Output?
  ) -> [Output]? {
    var outputs: [Output] = []
    let count = each(key, of: noun) { element, _ in
      if let output = read(&element) { outputs.append(output) }
    }
    if count == 0 { report(key, "must not be empty") }
    return count == nil ? nil : outputs
  }

  /// Reads the elements of a list of objects; nil, and reported unless absent, if there is none.
  mutating func each<Element: ObjectKey>(
    _ key: Key, of noun: String, _ read: (inout ObjectReader<Element>, _ index: Int) -> Void
  ) -> Int? {
    guard let value = slots[key.rawValue] else { return nil }
    guard let elements = value.elements else {
      report(key, Mismatch(value, mustBe: "an array").message)
      return nil
    }
    var reader = ObjectReader<Element>(findings, noun)
    findings.enter(.key(key.name))
    for index in elements.indices {
      findings.enter(.index(index))
      if reader.open(elements[index]) { read(&reader, index) } else { spoil(key) }
      if !reader.isSound { spoil(key) }
      findings.leave()
    }
    findings.leave()
    return elements.count
  }

  /// Reads the members of an object whose keys are names of the file's own; false, and reported
  /// unless absent, if there is none.
  @discardableResult
  mutating func eachNamed(
    _ key: Key, _ read: (_ findings: Findings, _ name: String, JSON.Value) -> Void
  ) -> Bool {
    guard let value = slots[key.rawValue] else { return false }
    guard let members = value.members else {
      report(key, Mismatch(value, mustBe: "an object").message)
      return false
    }
    findings.enter(.key(key.name))
    for (name, member) in members {
      findings.enter(.key(name))
      read(findings, name, member)
      findings.leave()
    }
    findings.leave()
    return true
  }

  /// The object under a key.
  mutating func object<Element: ObjectKey, Output>(
    _ key: Key, _ noun: String, _ read: (inout ObjectReader<Element>) -> Output?
  ) -> Output? {
    guard let value = slots[key.rawValue] else { return nil }
    var reader = ObjectReader<Element>(findings, noun)
    findings.enter(.key(key.name))
    defer { findings.leave() }
    guard reader.open(value) else {
      spoil(key)
      return nil
    }
    let output = read(&reader)
    if !reader.isSound { spoil(key) }
    return output
  }

  /// What is wrong with a key's value has been reported already.
  mutating func spoil(_ key: Key) {
    faults.insert(key)
    isSound = false
  }
}

extension ObjectReader {
  /// A value, or a list of them; nil, and reported unless absent, if one is wrong.
  mutating func oneOrMore<F: Form>(
    _ key: Key, _ form: F, mayBeEmpty: Bool = false
  ) -> [F.Output]? {
    guard value(key)?.elements != nil else { return optional(key, form).map { [$0] } }
    guard let read = elements(key, form) else { return nil }
    if read.isEmpty, !mayBeEmpty { report(key, "must not be empty") }
    let sound = read.compactMap(\.self)
    return sound.count == read.count && (mayBeEmpty || !read.isEmpty) ? sound : nil
  }

  /// A value, or a list of one of each family.
  mutating func oneAFamily<F: Form>(
    _ key: Key, _ form: F, _ family: (F.Output) -> Family
  ) -> [F.Output]? {
    guard let values = oneOrMore(key, form) else { return nil }
    var families: Set<Family> = []
    for (index, value) in values.enumerated() where !families.insert(family(value)).inserted {
      report(key, index, "one of each family: another is \(family(value).rawValue) already")
    }
    return values.count == families.count ? values : nil
  }
}
