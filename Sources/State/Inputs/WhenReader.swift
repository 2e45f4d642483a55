internal import JSON
internal import Model

/// The keys of an object that may have a condition.
protocol ConditionalKey: ObjectKey {
  static var when: Self { get }
}

extension LinkKey: ConditionalKey {}
extension AddressKey: ConditionalKey {}
extension NeighborKey: ConditionalKey {}
extension NexthopKey: ConditionalKey {}
extension MemberKey: ConditionalKey {}
extension RouteKey: ConditionalKey {}
extension HopKey: ConditionalKey {}
extension RuleKey: ConditionalKey {}
extension IPVSServiceKey: ConditionalKey {}
extension IPVSDestinationKey: ConditionalKey {}
extension IPVSDaemonKey: ConditionalKey {}

/// The keys of a condition that combines signals.
enum WhenKey: Int, ObjectKey {
  case all, any, not

  static let names = spelledNames()
  static let example = "{ \"all\": [\"probe.gw0\", \"link.eth0\"] }"
}

extension ObjectReader where Key: ConditionalKey {
  /// The condition of the current object, which may be the link `own`.
  func when(of own: LinkName? = nil) -> Condition? {
    let condition = condition(.when)
    if let own, condition?.signals.contains(Signal(.link, own.text)) ?? false {
      findings.enter(.key(Key.when.name))
      findings.report("a link that waits for its own carrier never comes")
      findings.leave()
    }
    return condition
  }
}

extension ObjectReader {
  /// The condition under a key.
  func condition(_ key: Key) -> Condition? {
    guard let value = value(key) else { return nil }
    findings.enter(.key(key.name))
    defer { findings.leave() }
    return findings.condition(value)
  }
}

extension Findings {
  /// Reads the value as a condition; nil, and reported, if it isn't one.
  fileprivate func condition(_ value: JSON.Value, depth: Int = 1) -> Condition? {
    // Everything that walks over conditions recurses as deep as they nest.
    guard depth <= 16 else {
      report("conditions are at most 16 deep")
      return nil
    }
    guard value.kind == .object else {
      do throws(Mismatch) {
        let signal = try signalForm.read(value)
        note(signal)
        return .signal(signal)
      } catch {
        report(error.message)
        return nil
      }
    }
    var reader = ObjectReader<WhenKey>(self, "condition")
    guard reader.open(value) else { return nil }
    let stated = WhenKey.allCases.filter { reader.value($0) != nil }
    guard let key = stated.first, stated.count == 1 else {
      if reader.isSound { report("must have one of \"all\", \"any\" and \"not\"") }
      return nil
    }
    let inner = reader.value(key)!
    enter(.key(key.name))
    defer { leave() }
    if key == .not { return condition(inner, depth: depth + 1).map(Condition.not) }
    guard let elements = inner.elements, !elements.isEmpty else {
      report(
        inner.kind == .array
          ? "must not be empty" : Mismatch(inner, mustBe: "an array").message)
      return nil
    }
    let terms = elements.indices.map { index in
      enter(.index(index))
      defer { leave() }
      return condition(elements[index], depth: depth + 1)
    }
    guard terms.allSatisfy({ $0 != nil }) else { return nil }
    return key == .all ? .all(terms.compactMap(\.self)) : .any(terms.compactMap(\.self))
  }
}

private let signalForm = TextForm<Signal>(
  what: "a signal such as \"probe.gw0\", or an object with \"all\", \"any\" or \"not\""
) { text throws(Mismatch) in
  if let signal = Signal(text) { return signal }
  let source = text.prefix { $0 != "." }
  guard source.utf8.count < text.utf8.count, !source.isEmpty,
    Signal.Source(rawValue: String(source)) == nil
  else {
    throw Mismatch("\(quoted(text)) is no signal; write its source and name, such as \"probe.gw0\"")
  }
  throw Mismatch(
    "unknown source of signals \(quoted(String(source)))"
      + Spelling.hint(
        String(source), among: Signal.Source.allCases.map(\.rawValue), called: "the sources"))
}
