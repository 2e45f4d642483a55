internal import CLinux
internal import CMnl

/// Requests that are built once and sent together.
///
/// Every request belongs to a step, which has a tag. The requests of one step go to the kernel in a
/// single `send`, which no signal interrupts, so that a killed process leaves no step half done.
public final class Batch {
  /// One step's requests.
  struct Step {
    let tag: Int
    let operation: () -> String
    /// The offset of its first request.
    let start: Int
    var end: Int
    var requestCount = 0
    /// Why it can't be encoded; none of its requests are sent then.
    var fault: String?
  }

  private(set) var base: UnsafeMutableRawPointer
  private var capacity: Int
  private(set) var count = 0
  private(set) var steps: [Step] = []
  /// Why a request outside any step can't be encoded.
  private(set) var fault: String?
  private var current = 0

  public init(capacity: Int = 1 << 16) {
    self.capacity = capacity
    base = .zeroed(byteCount: capacity)
  }

  deinit { base.deallocate() }

  /// Whether there is nothing to send and no fault to report.
  public var isEmpty: Bool { count == 0 && !steps.contains { $0.fault != nil } }

  /// Begins a step, to which the requests that follow belong. `operation` says in iproute2's words
  /// what it does, for errors.
  public func step(_ tag: Int, _ operation: @escaping () -> String) {
    steps.append(Step(tag: tag, operation: operation, start: count, end: count))
  }

  /// Records why the current step can't be encoded; the first fault of a step stays.
  ///
  /// The kernel would take an attribute whose length or number overflows for a shorter one.
  public func fail(_ fault: String) {
    if steps.isEmpty {
      self.fault = self.fault ?? fault
    } else if steps[steps.count - 1].fault == nil {
      steps[steps.count - 1].fault = fault
    }
  }

  private var hasFailed: Bool { (steps.isEmpty ? fault : steps[steps.count - 1].fault) != nil }

  /// Adds a request to the current step.
  public func request(_ type: UInt16, _ flags: RequestFlags, _ body: (Batch) -> Void) {
    reserve(messageHeaderLength)
    current = count
    let header = mnl_nlmsg_put_header(base + count)!
    header.pointee.nlmsg_type = type
    header.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST) | flags.rawValue
    count += messageHeaderLength
    body(self)
    count = current + Int(self.header.pointee.nlmsg_len)
    if hasFailed { return dropStep() }
    if !steps.isEmpty {
      steps[steps.count - 1].end = count
      steps[steps.count - 1].requestCount += 1
    }
  }

  /// Discards the requests of the current step, which must not be done in part.
  public func dropStep() {
    let start = steps.last?.start ?? 0
    // libmnl doesn't clear an attribute's padding.
    memset(base + start, 0, count - start)
    count = start
    if !steps.isEmpty {
      steps[steps.count - 1].end = start
      steps[steps.count - 1].requestCount = 0
    }
  }

  // MARK: - Attributes

  public func put(_ type: UInt16) { put(type, bytes: UnsafeRawBufferPointer(start: nil, count: 0)) }
  public func put(_ type: UInt16, _ value: UInt8) { putInteger(type, value) }
  public func put(_ type: UInt16, _ value: UInt16) { putInteger(type, value) }
  public func put(_ type: UInt16, _ value: UInt32) { putInteger(type, value) }
  public func put(_ type: UInt16, _ value: UInt64) { putInteger(type, value) }

  /// A string, with the terminating NUL that the kernel expects.
  public func put(_ type: UInt16, _ text: String) {
    let count = text.utf8.count
    guard fits(count + 1, in: type) else { return }
    reserve(count + attributeOverhead)
    text.withCString {
      guard strlen($0) == count else {
        return fail("\(name(of: type)): a zero byte within a text, which would end there")
      }
      mnl_attr_put_strz(header, type, $0)
    }
  }

  public func put(_ type: UInt16, bytes: UnsafeRawBufferPointer) {
    guard fits(bytes.count, in: type) else { return }
    reserve(bytes.count + attributeOverhead)
    mnl_attr_put(header, type, bytes.count, bytes.baseAddress ?? UnsafeRawPointer(base))
  }

  public func put(_ type: UInt16, bytes: [UInt8]) { bytes.withUnsafeBytes { put(type, bytes: $0) } }

  /// An attribute that contains attributes.
  public func nest(_ type: UInt16, _ body: (Batch) -> Void) {
    reserve(attributeOverhead)
    let start = tail
    mnl_attr_put(header, type | UInt16(NLA_F_NESTED), 0, UnsafeRawPointer(base))
    body(self)
    guard fits(tail - start - attributeHeaderLength, in: type) else { return }
    let nla = (base + start).assumingMemoryBound(to: nlattr.self)
    nla.pointee.nla_len = UInt16(tail - start)
  }

  /// `nla_len` has 16 bits.
  private func fits(_ count: Int, in type: UInt16) -> Bool {
    if count + attributeHeaderLength <= Int(UInt16.max) { return true }
    fail(
      "\(name(of: type)) takes \(count) bytes, and a netlink attribute holds "
        + "\(Int(UInt16.max) - attributeHeaderLength)")
    return false
  }

  private func name(of type: UInt16) -> String {
    AttributeNames(message: header.pointee.nlmsg_type).name(of: type)
  }

  /// Raw bytes, zero-padded to a multiple of four: a header within an attribute (`struct
  /// rtnexthop`).
  func putRaw<T: BitwiseCopyable>(_ value: T) {
    reserve(MemoryLayout<T>.size + 4)
    (base + tail).storeBytes(of: value, as: T.self)
    header.pointee.nlmsg_len += UInt32(align(MemoryLayout<T>.size))
  }

  // MARK: - Within the message

  /// Sets the family's fixed header, which follows the netlink header.
  func putHeader<T: BitwiseCopyable>(_ value: T) {
    reserve(MemoryLayout<T>.size + 4)
    let place = mnl_nlmsg_put_extra_header(header, MemoryLayout<T>.size)!
    place.storeBytes(of: value, as: T.self)
  }

  /// The offset at which the next attribute goes.
  var tail: Int { current + Int(header.pointee.nlmsg_len) }

  func patch<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    (base + offset).storeBytes(of: value, as: T.self)
  }

  private var header: UnsafeMutablePointer<nlmsghdr> {
    (base + current).assumingMemoryBound(to: nlmsghdr.self)
  }

  private func putInteger<T: FixedWidthInteger & BitwiseCopyable>(_ type: UInt16, _ value: T) {
    withUnsafeBytes(of: value) { put(type, bytes: $0) }
  }

  private func reserve(_ more: Int) {
    let used = max(count, current + (count > current ? Int(header.pointee.nlmsg_len) : 0))
    guard used + more + 16 > capacity else { return }
    capacity = max(capacity * 2, used + more + 16)
    let larger = UnsafeMutableRawPointer.zeroed(byteCount: capacity)
    larger.copyMemory(from: base, byteCount: used)
    base.deallocate()
    base = larger
  }
}

// linux/netlink.h has these as casts, which Swift doesn't import.
let messageHeaderLength = 16
let attributeHeaderLength = 4
private let attributeOverhead = 16

func align(_ length: Int) -> Int { (length + 3) & ~3 }

/// `NLM_F_*` flags of a request that changes something.
public struct RequestFlags: OptionSet, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let create = RequestFlags(rawValue: UInt16(NLM_F_CREATE))
  /// Fails if the object exists already.
  public static let exclusive = RequestFlags(rawValue: UInt16(NLM_F_EXCL))
  public static let replace = RequestFlags(rawValue: UInt16(NLM_F_REPLACE))
  public static let append = RequestFlags(rawValue: UInt16(NLM_F_APPEND))
}

extension UnsafeMutableRawPointer {
  /// libmnl 1.0.4 doesn't clear an attribute's padding.
  fileprivate static func zeroed(byteCount: Int) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return memory
  }
}
