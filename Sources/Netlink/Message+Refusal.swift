internal import CLinux

extension Message {
  /// A positive errno, or 0 for an acknowledgement.
  var errorCode: Int32? {
    payload.count >= 4 ? 0 &- payload.loadUnaligned(as: Int32.self) : nil
  }

  /// The extended ACK's sentence.
  var kernelText: String? {
    extendedACK?.first { $0.type == NLMSGERR_ATTR_MSG.rawValue }?.string
  }

  /// The attribute of `request` that the kernel finds wrong or missing, by the state file's name:
  /// `at src`, `without via`.
  func attribute(of request: UnsafeRawBufferPointer) -> String? {
    guard let extendedACK, request.count >= messageHeaderLength else { return nil }
    var offset: UInt32?
    var missing: UInt16?
    var nest: UInt32?
    for attribute in extendedACK {
      switch UInt32(attribute.type) {
      case NLMSGERR_ATTR_OFFS.rawValue: offset = attribute.uint32
      case NLMSGERR_ATTR_MISS_TYPE.rawValue: missing = attribute.uint32.map { UInt16(clamping: $0) }
      case NLMSGERR_ATTR_MISS_NEST.rawValue: nest = attribute.uint32
      default: continue
      }
    }
    let names = AttributeNames(
      message: request.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
    func search(_ offset: UInt32) -> AttributeSearch {
      AttributeSearch(request, names, Int(offset))
    }
    if let missing {
      let around = nest.map(search)
      return "without " + names.name(of: (around?.path ?? []) + [missing], kind: around?.kind)
    }
    guard let offset else { return nil }
    let found = search(offset)
    return found.path.isEmpty ? nil : "at " + names.name(of: found.path, kind: found.kind)
  }

  /// The extended ACK's attributes, which follow the code and the quoted request.
  private var extendedACK: Attributes? {
    guard flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return nil }
    // The end of a dump carries the code alone. An error also carries the header of the request,
    // and the request's body unless that was capped.
    var offset = 4
    if Int32(type) == NLMSG_ERROR {
      guard payload.count >= 4 + messageHeaderLength else { return nil }
      let quoted = Int(payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      offset += flags & UInt16(NLM_F_CAPPED) != 0 ? messageHeaderLength : align(quoted)
    }
    return attributes(after: offset)
  }
}

/// Finds the attribute that begins at an offset of a request, and those that enclose it.
private struct AttributeSearch {
  /// Types from the outermost attribute to the one at the offset; empty if there is none.
  private(set) var path: [UInt16] = []
  /// The link's type, if the request states it.
  private(set) var kind: String?
  private let names: AttributeNames

  init(_ request: UnsafeRawBufferPointer, _ names: AttributeNames, _ offset: Int) {
    self.names = names
    let start = align(messageHeaderLength + names.headerLength)
    if offset < start || !find(request, start, request.count, offset) { path = [] }
  }

  private mutating func find(
    _ request: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ offset: Int
  ) -> Bool {
    var position = start
    while position + attributeHeaderLength <= end {
      let length = Int(request.loadUnaligned(fromByteOffset: position, as: UInt16.self))
      let type = request.loadUnaligned(fromByteOffset: position + 2, as: UInt16.self)
      guard length >= attributeHeaderLength, position + length <= end else { return false }
      let content = position + attributeHeaderLength
      if path == [IFLA.linkInfo], type == IFLAInfo.kind {
        let bytes = request[content..<position + length].prefix { $0 != 0 }
        kind = String(decoding: bytes, as: UTF8.self)
      }
      if offset < position + length {
        path.append(type & 0x3fff)
        if offset > position, type & UInt16(NLA_F_NESTED) != 0, !names.hasHeader(within: path) {
          _ = find(request, content, position + length, offset)
        }
        return true
      }
      position += align(length)
    }
    return false
  }
}
