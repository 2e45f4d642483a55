/// One key of an object in the state file: how it is shown, compared and changed.
// A class: lists of properties are walked for each of 100,000 routes, and a class is one reference
// to count instead of one for each closure.
public final class Property<R: Sendable>: Sendable {
  /// What it takes to change the value.
  public enum Mutability: Sendable {
    /// Identifies the object: shown in its title, and never different.
    case identity
    /// The existing object is changed.
    case inPlace
    /// The object is deleted and made anew.
    case replacing
  }

  public let name: String
  /// What it takes to change the observed object (second) into the desired one (first).
  public let mutability: @Sendable (R, R) -> Mutability
  /// Whether the object's title contains it.
  public let isIdentity: Bool
  /// Nil if the object doesn't state it.
  public let value: @Sendable (R) -> Value?
  /// Like `value`, but with the default that files leave out.
  public let effective: @Sendable (R) -> Value?
  /// Whether the observed object (second) has what the desired one (first) asks for.
  public let agrees: @Sendable (R, R) -> Bool
  /// Part by part, what changes from the observed object (second; nil: absent) to the desired one
  /// (first), for a property that is too large to show as a whole.
  public let details: (@Sendable (R, R?) -> [Difference])?

  init(
    _ name: String, _ mutability: Mutability = .inPlace,
    mutability decide: (@Sendable (R, R) -> Mutability)? = nil, isIdentity: Bool? = nil,
    value: @escaping @Sendable (R) -> Value?, effective: (@Sendable (R) -> Value?)? = nil,
    agrees: @escaping @Sendable (R, R) -> Bool,
    details: (@Sendable (R, R?) -> [Difference])? = nil
  ) {
    self.name = name
    self.mutability = decide ?? { _, _ in mutability }
    self.isIdentity = isIdentity ?? (mutability == .identity)
    self.value = value
    self.effective = effective ?? value
    self.agrees = agrees
    self.details = details
  }

  /// What changes from the observed object to the desired one.
  public func differences(_ desired: R, from observed: R) -> [Difference] {
    details?(desired, observed)
      ?? [Difference(name, old: effective(observed), new: effective(desired))]
  }

  /// Leaves what the kernel has if it isn't stated. For objects that we share with others (links).
  static func stated<V: ValueConvertible>(
    _ name: String, _ mutability: Mutability = .inPlace, _ get: @escaping @Sendable (R) -> V?
  ) -> Property<R> {
    Property(
      name, mutability, value: { get($0)?.value },
      agrees: { desired, observed in
        guard let wanted = get(desired) else { return true }
        return get(observed) == wanted
      })
  }

  /// Must be absent from the kernel if it isn't stated. For objects that are wholly ours.
  static func exact<V: ValueConvertible>(
    _ name: String, _ mutability: Mutability = .inPlace, _ get: @escaping @Sendable (R) -> V?
  ) -> Property<R> {
    Property(
      name, mutability, value: { get($0)?.value }, agrees: { get($0) == get($1) })
  }

  /// Like `exact`, with a value that is left out if it is the default.
  static func exact<V: ValueConvertible>(
    _ name: String, _ mutability: Mutability = .inPlace, default fallback: V,
    _ get: @escaping @Sendable (R) -> V
  ) -> Property<R> {
    Property(
      name, mutability, value: { get($0) == fallback ? nil : get($0).value },
      effective: { get($0).value }, agrees: { get($0) == get($1) })
  }

  static func identity<V: ValueConvertible>(
    _ name: String, _ get: @escaping @Sendable (R) -> V?
  ) -> Property<R> {
    Property(name, .identity, value: { get($0)?.value }, agrees: { _, _ in true })
  }
}
