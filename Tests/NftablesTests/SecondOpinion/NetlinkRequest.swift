import CNftnl

/// A request as a tree of attributes.
struct NetlinkRequest {
  struct Node {
    var type: UInt16
    var bytes: [UInt8]
    /// The children of an attribute that is marked as nested.
    var children: [Node]?
  }

  let type: UInt16
  let family: UInt8
  let attributes: [Node]

  /// What follows `struct nlmsghdr`.
  init(type: UInt16, payload: UnsafeRawBufferPointer) {
    self.type = type
    family = payload[0]
    attributes = Self.normal(Self.nodes(payload[4...]), UInt8(truncatingIfNeeded: type))
  }

  /// Without differences in libnftnl's output that mean the same to the kernel.
  private static func normal(_ attributes: [Node], _ message: UInt8) -> [Node] {
    var attributes = attributes
    for index in attributes.indices {
      guard var children = attributes[index].children else { continue }
      for child in children.indices {
        switch (UInt32(message), UInt32(attributes[index].type)) {
        case (NFT_MSG_NEWSETELEM.rawValue, NFTA_SET_ELEM_LIST_ELEMENTS.rawValue):
          // libnftnl numbers the elements, but nobody reads the types of a list's members.
          children[child].type = UInt16(NFTA_LIST_ELEM.rawValue)
        default: break
        }
      }
      attributes[index].children = children
    }
    return attributes
  }

  /// Sorted by type, since the kernel reads attributes into a table and their order is up to the
  /// writer. Those of one type, as in a list, keep their order.
  private static func nodes(_ bytes: Slice<UnsafeRawBufferPointer>) -> [Node] {
    var nodes: [Node] = []
    var rest = bytes
    while rest.count >= 4 {
      let start = rest.startIndex
      let length = Int(rest[start]) | Int(rest[start + 1]) << 8
      let type = UInt16(rest[start + 2]) | UInt16(rest[start + 3]) << 8
      guard length >= 4, length <= rest.count else { break }
      let payload = rest[start + 4..<start + length]
      let isNested = type & 0x8000 != 0  // NLA_F_NESTED
      nodes.append(
        Node(
          type: type & 0x3fff, bytes: isNested ? [] : Array(payload),
          children: isNested ? self.nodes(payload) : nil))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return nodes.enumerated().sorted {
      ($0.element.type, $0.offset) < ($1.element.type, $1.offset)
    }.map(\.element)
  }

  /// One line for each attribute: the path of types, and the value.
  var lines: [String] {
    let head = "message \(type & 0xff) family \(family)"
    return [head] + attributes.flatMap { Self.lines($0, "") }
  }

  private static func lines(_ node: Node, _ path: String) -> [String] {
    let path = "\(path)/\(node.type)"
    guard let children = node.children else {
      // libnftnl ends some names without a NUL; the kernel takes them either way (NLA_STRING).
      let isText = node.bytes.last == 0 && node.bytes.dropLast().allSatisfy { $0 >= 0x20 }
      let bytes = isText && node.bytes.count > 1 ? node.bytes.dropLast() : node.bytes[...]
      let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      return ["\(path) \(hex.joined(separator: " "))"]
    }
    return ["\(path) {"] + children.flatMap { lines($0, path) }
  }
}
