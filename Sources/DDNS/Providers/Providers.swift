/// The registry: every provider, in the order in which messages list them.
public enum Providers {
  public static let all: [any Provider.Type] = [
    Exec.self
  ]

  public static func named(_ name: String) -> (any Provider.Type)? {
    all.first { $0.name == name }
  }
}
