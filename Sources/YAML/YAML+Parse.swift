internal import CYAML

extension YAML {
  /// Every document of a stream, without empty ones. Anchors and merge keys are followed; tags other than
  /// YAML's own for strings, lists and maps are refused.
  public static func documents(_ bytes: [UInt8]) throws(SyntaxError) -> [YAML] {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else { throw SyntaxError(line: 1, "out of memory") }
    defer { yaml_parser_delete(&parser) }
    // The parser reads from where they are now: they must stay there.
    let input = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
    input.initialize(from: bytes, count: bytes.count)
    defer { input.deallocate() }
    yaml_parser_set_input_string(&parser, input, bytes.count)
    var documents: [YAML] = []
    var budget = Tree.most
    while true {
      var document = yaml_document_t()
      guard yaml_parser_load(&parser, &document) == 1 else { throw SyntaxError(parser) }
      defer { yaml_document_delete(&document) }
      guard let root = yaml_document_get_root_node(&document) else { return documents }
      let tree = Tree(document: &document, budget: budget)
      var reading = tree
      let value = try reading.value(root.pointee, depth: 1)
      budget = reading.budget
      if !value.isNull { documents.append(value) }
    }
  }

  /// Turns a document's nodes into values.
  private struct Tree {
    /// A hundred thousand values are more than any cluster's links, and few enough for aliases that
    /// multiply (a "billion laughs").
    static let most = 100_000

    let document: UnsafeMutablePointer<yaml_document_t>
    var budget: Int

    init(document: UnsafeMutablePointer<yaml_document_t>, budget: Int) {
      (self.document, self.budget) = (document, budget)
    }

    mutating func value(_ index: Int32, depth: Int) throws(SyntaxError) -> YAML {
      guard let node = yaml_document_get_node(document, index) else {
        throw SyntaxError(line: 1, "a value is missing")
      }
      return try value(node.pointee, depth: depth)
    }

    mutating func value(_ node: yaml_node_t, depth: Int) throws(SyntaxError) -> YAML {
      var node = node
      let line = node.start_mark.line + 1
      budget -= 1
      guard depth <= 64, budget >= 0 else {
        throw SyntaxError(line: line, "too deep or too large, or an alias of what contains it")
      }
      try checkTag(node, line)
      switch node.type {
      case YAML_SCALAR_NODE:
        var length = 0
        let bytes = vpngw_yaml_scalar(&node, &length)
        let text = String(
          decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
        return YAML(.scalar(text, isPlain: vpngw_yaml_is_plain(&node) != 0), line: line)
      case YAML_SEQUENCE_NODE:
        var elements: [YAML] = []
        for index in 0..<vpngw_yaml_count(&node) {
          elements.append(try value(vpngw_yaml_item(&node, index), depth: depth + 1))
        }
        return YAML(.list(elements), line: line)
      case YAML_MAPPING_NODE:
        return YAML(.map(try members(&node, depth)), line: line)
      default:
        throw SyntaxError(line: line, "a value is missing")
      }
    }

    private mutating func members(
      _ node: inout yaml_node_t, _ depth: Int
    ) throws(SyntaxError) -> [(key: String, value: YAML)] {
      var members: [(key: String, value: YAML)] = []
      var merged: [(key: String, value: YAML)] = []
      for index in 0..<vpngw_yaml_count(&node) {
        let key = try value(vpngw_yaml_key(&node, index), depth: depth + 1)
        let value = try value(vpngw_yaml_value(&node, index), depth: depth + 1)
        guard case .scalar(let name, let isPlain) = key.content else {
          throw SyntaxError(line: key.line, "a key must be a text")
        }
        if name == "<<", isPlain {
          guard let sources = value.members.map({ [$0] }) ?? mergedMaps(value) else {
            throw SyntaxError(line: value.line, "\"<<\" merges maps only")
          }
          merged += sources.joined()
        } else if members.contains(where: { $0.key == name }) {
          throw SyntaxError(line: key.line, "key \"\(name)\" is there twice")
        } else {
          members.append((name, value))
        }
      }
      // What is stated wins over what is merged, and what is merged first over what comes after.
      for (key, value) in merged where !members.contains(where: { $0.key == key }) {
        members.append((key, value))
      }
      return members
    }

    private func mergedMaps(_ value: YAML) -> [[(key: String, value: YAML)]]? {
      guard let elements = value.elements else { return nil }
      let maps = elements.compactMap(\.members)
      return maps.count == elements.count ? maps : nil
    }

    private func checkTag(_ node: yaml_node_t, _ line: Int) throws(SyntaxError) {
      guard let tag = node.tag else { return }
      let name = String(cString: UnsafeRawPointer(tag).assumingMemoryBound(to: CChar.self))
      let own = ["str", "seq", "map"].map { "tag:yaml.org,2002:" + $0 }
      if !own.contains(name) { throw SyntaxError(line: line, "tag \"\(name)\" isn't understood") }
    }
  }
}

extension YAML.SyntaxError {
  fileprivate init(_ parser: yaml_parser_t) {
    let problem = parser.problem.map { String(cString: $0) } ?? "no YAML"
    let context = parser.context.map { String(cString: $0) + ": " } ?? ""
    // A reader's error has an offset only.
    let line = parser.error == YAML_READER_ERROR ? 1 : parser.problem_mark.line + 1
    self.init(line: line, context + problem)
  }
}
