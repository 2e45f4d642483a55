/// An object of any kind.
public struct Object: Sendable {
  public let resource: any Resource

  public init(_ resource: some Resource) { self.resource = resource }

  public var kind: Kind { resource.kind }
  public var phase: Phase { resource.phase }
  public var id: ObjectID { resource.objectID }

  /// The object as a value of this type; nil if it is of another kind.
  public func `as`<R: Resource>(_: R.Type) -> R? { resource.as(R.self) }

  /// See ``Resource/keeping(_:present:)``.
  func keeping(_ states: [Signal.State], present: Object?) -> Object? {
    func keeping<R: Resource>(_ own: R) -> Object? {
      own.keeping(states, present: present?.as(R.self)).map { Object($0) }
    }
    return keeping(resource)
  }

  /// See ``Resource/standing(under:isRenewed:)``.
  func standing(under condition: Condition?, isRenewed: Bool) -> Object {
    guard let condition, kind.type.canBeLeased else { return self }
    func standing(_ own: some Resource) -> Object {
      Object(own.standing(under: condition, isRenewed: isRenewed))
    }
    return standing(resource)
  }

  /// See ``Resource/takenForOurs``.
  public var takenForOurs: Object {
    func ours(_ own: some Resource) -> Object { Object(own.takenForOurs) }
    return ours(resource)
  }

  /// See ``Resource/toRestore``.
  public var toRestore: Object {
    func restored(_ own: some Resource) -> Object { Object(own.toRestore) }
    return restored(resource)
  }

  /// Whether plans list it before another: by kind, then in the kind's own order. The same order as
  /// that of the identities, without making them.
  public func precedes(_ other: Object) -> Bool {
    func precedes<R: Resource>(_ own: R) -> Bool {
      guard let other = other.as(R.self) else { return kind < other.kind }
      return own.id < other.id
    }
    return precedes(resource)
  }
}

extension Object: Hashable {
  public static func == (a: Object, b: Object) -> Bool {
    func equal<R: Resource>(_ own: R) -> Bool { b.as(R.self) == own }
    return equal(a.resource)
  }

  public func hash(into hasher: inout Hasher) { resource.hash(into: &hasher) }
}

/// The identity of an object of any kind.
public struct ObjectID: Sendable {
  public let kind: Kind
  private let value: any Hashable & Comparable & Sendable & CustomStringConvertible

  public init<R: Resource>(_: R.Type, _ id: R.ID) {
    kind = R.kind
    value = id
  }

  /// The identity as a value of this kind; nil if it is of another.
  public func `as`<R: Resource>(_: R.Type) -> R.ID? { kind == R.kind ? value as? R.ID : nil }
}

extension ObjectID: Hashable {
  public static func == (a: ObjectID, b: ObjectID) -> Bool {
    func equal<T: Hashable>(_ own: T) -> Bool { b.value as? T == own }
    return a.kind == b.kind && equal(a.value)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    value.hash(into: &hasher)
  }
}

extension ObjectID: Comparable {
  /// Sorts by kind, then in the kind's own order.
  public static func < (a: ObjectID, b: ObjectID) -> Bool {
    func less<T: Comparable>(_ own: T) -> Bool { (b.value as? T).map { own < $0 } ?? false }
    return a.kind == b.kind ? less(a.value) : a.kind < b.kind
  }
}

extension ObjectID: CustomStringConvertible {
  /// `link br0`, `route 10.0.0.0/8 table 57`.
  public var description: String { "\(kind.name) \(value)" }
}

extension Resource {
  public var kind: Kind { Self.kind }
  public var objectID: ObjectID { ObjectID(Self.self, id) }

  /// The value as one of this kind; nil if it is of another.
  // Types are compared first: a failing cast takes ten times as long.
  func `as`<R: Resource>(_: R.Type) -> R? { Self.self == R.self ? (self as! R) : nil }
}
