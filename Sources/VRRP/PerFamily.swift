public import Model

/// A value for each address family.
public struct PerFamily<Value> {
  public var inet: Value
  public var inet6: Value

  public init(inet: Value, inet6: Value) {
    self.inet = inet
    self.inet6 = inet6
  }

  public init(both value: Value) { self.init(inet: value, inet6: value) }

  public subscript(family: Family) -> Value {
    get { family == .inet ? inet : inet6 }
    set { if family == .inet { inet = newValue } else { inet6 = newValue } }
  }
}

extension PerFamily: Equatable where Value: Equatable {}
extension PerFamily: Hashable where Value: Hashable {}
extension PerFamily: Sendable where Value: Sendable {}
