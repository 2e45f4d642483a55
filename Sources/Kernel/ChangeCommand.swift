public import Model

extension Change {
  /// What the change asks of the kernel, as an ip(8) or bridge(8) command.
  public var command: String {
    let word =
      switch verb {
      case .create: "add"
      case .update: "change"
      case .replace: "replace"
      case .delete: "delete"
      }
    return KernelKinds.of(object.kind).command(word, self)
  }

  /// The stated properties that aren't in the title: ` via 192.0.2.1 dev eth0`.
  var propertyText: String {
    func text<R: Resource>(_ desired: R) -> String {
      if verb == .delete { return "" }
      let properties =
        observed?.as(R.self).map { present in
          verb == .update ? desired.differences(from: present) : R.properties
        } ?? R.properties
      return properties.filter { !$0.isIdentity && $0.name != "type" }
        .compactMap { property in
          property.value(desired).map { value in
            // An error shouldn't list a thousand next hops.
            let described = value.description
            return " \(property.name) "
              + (described.utf8.count <= 200 ? described : described.prefix(200) + "...")
          }
        }
        .joined()
    }
    return text(object.resource)
  }
}
