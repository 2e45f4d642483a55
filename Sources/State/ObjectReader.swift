internal import JSON
internal import Model

/// The key of a note to whoever reads the file, which any object may have.
let commentKey = "comment"

/// Reads objects of one kind, one after another, key by key.
///
/// Reports what is wrong and goes on reading: nil means "not stated" or "reported".
struct ObjectReader<Key: ObjectKey> {
  let findings: Findings
  /// What an object is called in messages: `route`.
  let noun: String
  /// The keys of the current object that are missing or wrong.
  private(set) var faults: KeySet<Key> = []
  private(set) var isSound = true
  private var present: JSON.Value?
  /// Keys that were probably misspelt: they count as stated.
  private var misspelt: KeySet<Key> = []
  private var slots: [JSON.Value?]
  // The objects of a list mostly have the same keys in the same order: where the previous object's
  // were.
  private var guesses: [Int] = []

  init(_ findings: Findings, _ noun: String) {
    self.findings = findings
    self.noun = noun
    slots = Array(repeating: nil, count: Key.names.count)
  }

  /// Begins the next object; false, and reported, if the value isn't one.
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
      } else if name == commentKey {
        readComment(member)
        continue
      } else {
        refuse(unknown: name)
        continue
      }
      count += 1
    }
    return true
  }

  private mutating func readComment(_ value: JSON.Value) {
    do throws(Mismatch) {
      _ = try TextForm.plainText.read(value)
    } catch {
      isSound = false
      findings.report(error.message, below: .key(commentKey))
    }
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

  /// Reports a problem with a key's value.
  mutating func report(_ key: Key, _ message: String) {
    spoil(key)
    findings.report(message, below: .key(key.name))
  }

  /// Reports a problem with an element of a key's list.
  mutating func report(_ key: Key, _ index: Int, _ message: String) {
    spoil(key)
    findings.report(message, below: .key(key.name), .index(index))
  }

  /// Reports a key that doesn't belong there.
  mutating func refuse(_ key: Key, _ message: String) {
    spoil(key)
    findings.report(message, below: .key(key.name), part: .key)
  }

  /// Reports a problem with the object as a whole.
  mutating func report(_ message: String, blaming key: Key? = nil) {
    if let key { faults.insert(key) }
    isSound = false
    findings.report(message)
  }

  /// Reports those of the keys that are stated.
  mutating func refuse(_ keys: [Key], _ reason: (String) -> String) {
    for key in keys where value(key) != nil { refuse(key, reason("\"\(key.name)\"")) }
  }
}

extension ObjectReader {
  /// All texts and numbers in the current object: its possible names, if its name can't be read.
  var scalars: [String] {
    present?.members?.compactMap { $0.value.string ?? $0.value.integer.map(String.init) } ?? []
  }

  /// The elements of a list, with nil for each that can't be read.
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

  /// Reads each element of a list of objects; nil if the list is absent, or wrong and reported.
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

  /// Reads each member of an object whose keys are the file's own names, but for a comment if texts have no
  /// other meaning there; false if the object is absent, or wrong and reported.
  @discardableResult
  mutating func eachNamed(
    _ key: Key, hasTexts: Bool = false,
    _ read: (_ findings: Findings, _ name: String, JSON.Value) -> Void
  ) -> Bool {
    guard let value = slots[key.rawValue] else { return false }
    guard let members = value.members else {
      report(key, Mismatch(value, mustBe: "an object").message)
      return false
    }
    findings.enter(.key(key.name))
    for (name, member) in members
    where hasTexts || name != commentKey || member.kind != .string {
      findings.enter(.key(name))
      read(findings, name, member)
      findings.leave()
    }
    findings.leave()
    return true
  }

  /// The same for names of a form; one that isn't is reported, and its member read all the same.
  @discardableResult
  mutating func eachNamed<Output>(
    _ key: Key, _ form: TextForm<Output>,
    _ read: (_ findings: Findings, _ name: String, JSON.Value) -> Void
  ) -> Bool {
    eachNamed(key) { findings, name, value in
      do throws(Mismatch) {
        _ = try form.parse(name)
      } catch {
        findings.report(error.message, part: .key)
      }
      read(findings, name, value)
    }
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

  /// Marks a key whose problem has already been reported.
  mutating func spoil(_ key: Key) {
    faults.insert(key)
    isSound = false
  }
}

extension ObjectReader {
  /// A value, or a list of values; nil if absent, or if one is wrong and reported.
  mutating func oneOrMore<F: Form>(
    _ key: Key, _ form: F, mayBeEmpty: Bool = false
  ) -> [F.Output]? {
    guard value(key)?.elements != nil else { return optional(key, form).map { [$0] } }
    guard let read = elements(key, form) else { return nil }
    if read.isEmpty, !mayBeEmpty { report(key, "must not be empty") }
    let sound = read.compactMap(\.self)
    return sound.count == read.count && (mayBeEmpty || !read.isEmpty) ? sound : nil
  }

  /// A value, or a list with one value for each family.
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
