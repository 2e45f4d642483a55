internal import JSON
internal import Model

/// A section that lists objects of one kind, each of which may have a condition.
protocol ListSection: SectionReader {
  associatedtype Item: Resource
  associatedtype Key: ConditionalKey

  /// Collects the names and numbers that unreadable objects may have; nil if nothing refers to the kind
  /// by one.
  static var unread: WritableKeyPath<Contents, Set<String>?>? { get }
  /// Reads one object; nil, and reported, if its identity can't be read.
  static func read(_ object: inout ObjectReader<Key>) -> Declared<Item>?
  /// The links that an object names, each with its key.
  static func links(of item: Item) -> [(name: LinkName?, key: String)]
}

extension ListSection {
  static var unread: WritableKeyPath<Contents, Set<String>?>? { nil }

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    var section = Section<Item>(key, count: file.count(fileKey))
    let count = file.each(fileKey, of: Item.noun) { (object: inout ObjectReader<Key>, index) in
      if let declared = read(&object) {
        section.append(declared, at: .index(index))
      } else if let unread {
        contents[keyPath: unread]?.formUnion(object.scalars)
      }
    }
    if count == nil, file.has(fileKey), let unread { contents[keyPath: unread] = nil }
    contents[Item.self] = section
  }

  static func check(_ check: CrossCheck) {
    check.checkIdentities(of: Item.self)
    check.checkLinks(of: Item.self, links)
  }

  static func tree(_ state: NetworkState) -> Tree? { list(trees(of: Item.self, state)) }
}

extension SectionReader {
  /// Nil if there is nothing to list.
  static func list(_ trees: [Tree]) -> Tree? { trees.isEmpty ? nil : .array(trees) }

  /// The objects of a kind, sorted by identity.
  static func trees<R: Resource>(of _: R.Type, _ state: NetworkState) -> [Tree] {
    state[R.self].map { ($0.id, $0) }.sorted { $0.0 < $1.0 }.map { Tree($0.1.members) }
  }
}
