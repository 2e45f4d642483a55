/// The interface indexes of one namespace, by name and back.
public struct LinkNumbers: Hashable, Sendable {
  private var numbers: [String: UInt32] = [:]
  private var names: [UInt32: String] = [:]

  public init() {}

  public subscript(name: String) -> UInt32? {
    get { numbers[name] }
    set {
      numbers[name] = newValue
      if let newValue { names[newValue] = name }
    }
  }

  public func name(_ number: UInt32) -> String? { names[number] }
}
