public import JSON
public import Model

extension Tree {
  /// A property's value as JSON.
  public init(_ value: Model.Value) {
    switch value {
    case .string(let text): self = .string(text)
    case .integer(let number): self = .integer(number)
    case .bool(let flag): self = .bool(flag)
    case .list(let values): self = .array(values.map { Tree($0) })
    case .members(let members): self = Tree(members)
    }
  }

  public init(_ members: [Model.Value.Member]) {
    self = .object(members.map { ($0.name, Tree($0.value)) })
  }
}
