/// Finds where any number of values stand, in one walk over a text that jansson accepts.
///
/// The pointers are merged into a tree, and the walk follows that tree: a value that no pointer
/// leads into is skipped.
struct PlaceSearch {
  enum Part { case key, value }

  private struct Node {
    var children: [Pointer.Component: Int] = [:]
    var key: Int?
    var value: Int?
  }

  private var scanner: Scanner
  private var nodes = [Node()]

  static func places(of pointers: [Pointer], part: Part, in text: Scanner) -> [Pointer: Place] {
    var search = PlaceSearch(scanner: text)
    let leaves = pointers.map { search.insert($0) }
    // The text is known to be valid; should jansson and the scanner ever disagree, what was found
    // so far stays.
    do throws(Fault) { try search.visit(0) } catch {}

    var offsets: [Pointer: Int] = [:]
    for (pointer, path) in zip(pointers, leaves) {
      offsets[pointer] = search.offset(path, part)
    }
    let places = Place.places(of: Set(offsets.values), in: text.text)
    return offsets.compactMapValues { places[$0] }
  }

  private init(scanner: Scanner) {
    self.scanner = scanner
  }

  /// Returns the nodes from the root's to the pointer's own.
  private mutating func insert(_ pointer: Pointer) -> [Int] {
    var path = [0]
    for component in pointer.components {
      let parent = path.last!
      if let child = nodes[parent].children[component] {
        path.append(child)
      } else {
        nodes[parent].children[component] = nodes.count
        path.append(nodes.count)
        nodes.append(Node())
      }
    }
    return path
  }

  private mutating func visit(_ node: Int) throws(Fault) {
    scanner.skipSpace()
    nodes[node].value = scanner.offset
    guard !nodes[node].children.isEmpty else { return try scanner.skip() }
    switch try scanner.begin() {
    case .scalar: break
    case .array:
      var index = 0
      while try scanner.nextElement() {
        try visit(nodes[node].children[.index(index)], key: nil)
        index += 1
      }
    case .object:
      while let key = try scanner.nextKey() {
        try visit(nodes[node].children[.key(scanner.string(key))], key: key.lowerBound)
      }
    }
  }

  private mutating func visit(_ child: Int?, key: Int?) throws(Fault) {
    guard let child else { return try scanner.skip() }
    nodes[child].key = key
    try visit(child)
  }

  /// Nil if the pointer leads nowhere, or only into a member that a later repetition of its key
  /// replaces: the later one then moved the offset of a node on the path past those below it.
  private func offset(_ path: [Int], _ part: Part) -> Int? {
    var last = -1
    for node in path {
      guard let value = nodes[node].value, value > last else { return nil }
      last = value
    }
    let node = nodes[path.last!]
    return part == .key ? node.key ?? node.value : node.value
  }
}
