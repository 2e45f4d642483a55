internal import CLinux

/// A message from the kernel; valid only while the buffer that it points into is.
public struct Message {
  public let type: UInt16
  let flags: UInt16
  let sequence: UInt32
  /// The port of the socket that asked for it; in an event, of the socket that made the change.
  let port: UInt32
  /// What follows the netlink header.
  public let payload: UnsafeRawBufferPointer

  init(
    type: UInt16, flags: UInt16, sequence: UInt32, port: UInt32, payload: UnsafeRawBufferPointer
  ) {
    self.type = type
    self.flags = flags
    self.sequence = sequence
    self.port = port
    self.payload = payload
  }

  /// A message that didn't come from a socket.
  public init(type: UInt16, payload: UnsafeRawBufferPointer) {
    self.init(type: type, flags: 0, sequence: 0, port: 0, payload: payload)
  }

  /// The attributes after a fixed header of `length` bytes.
  public func attributes(after length: Int) -> Attributes {
    let offset = min(align(length), payload.count)
    return Attributes(UnsafeRawBufferPointer(rebasing: payload[offset...]))
  }
}

/// The messages of one datagram; ends at the first truncated one.
struct Messages: Sequence, IteratorProtocol {
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  mutating func next() -> Message? {
    guard rest.count >= messageHeaderLength else { return nil }
    let header = rest.loadUnaligned(as: nlmsghdr.self)
    let length = Int(header.nlmsg_len)
    guard length >= messageHeaderLength, length <= rest.count else { return nil }
    let message = Message(
      type: header.nlmsg_type, flags: header.nlmsg_flags, sequence: header.nlmsg_seq,
      port: header.nlmsg_pid,
      payload: UnsafeRawBufferPointer(rebasing: rest[messageHeaderLength..<length]))
    rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min(align(length), rest.count)...])
    return message
  }
}

/// A sequence of attributes; ends at the first truncated one.
public struct Attributes: Sequence, IteratorProtocol {
  private var rest: UnsafeRawBufferPointer

  public init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  public mutating func next() -> Attribute? {
    guard rest.count >= attributeHeaderLength else { return nil }
    let length = Int(rest.loadUnaligned(as: UInt16.self))
    guard length >= attributeHeaderLength, length <= rest.count else { return nil }
    let type = rest.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
    let attribute = Attribute(
      type: type & 0x3fff,  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
      payload: UnsafeRawBufferPointer(rebasing: rest[attributeHeaderLength..<length]))
    rest = UnsafeRawBufferPointer(rebasing: rest[Swift.min(align(length), rest.count)...])
    return attribute
  }
}

/// One attribute; reads as nil if its value is too short for the type asked for.
public struct Attribute {
  public let type: UInt16
  public let payload: UnsafeRawBufferPointer

  public var uint8: UInt8? { load() }
  public var uint16: UInt16? { load() }
  public var uint32: UInt32? { load() }
  public var uint64: UInt64? { load() }
  public var nested: Attributes { Attributes(payload) }

  /// A string, with or without its terminating NUL.
  public var string: String {
    String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self)
  }

  private func load<T: FixedWidthInteger & BitwiseCopyable>() -> T? {
    payload.count >= MemoryLayout<T>.size ? payload.loadUnaligned(as: T.self) : nil
  }
}
