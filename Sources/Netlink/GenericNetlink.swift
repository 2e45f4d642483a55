internal import CLinux

/// `struct genlmsghdr`.
public struct GenericHeader {
  public static let length = 4
  public let command: UInt8
}

extension Message {
  public var generic: GenericHeader? { payload.first.map { GenericHeader(command: $0) } }

  public var genericAttributes: Attributes { attributes(after: GenericHeader.length) }
}

extension Batch {
  /// A generic netlink request; `family` is the message type that the kernel assigned to the
  /// family.
  public func genericRequest(
    _ family: UInt16, _ command: UInt8, version: UInt8 = 1, _ body: (Batch) -> Void
  ) {
    request(family, []) {
      $0.genericHeader(command, version: version)
      body($0)
    }
  }

  public func genericHeader(_ command: UInt8, version: UInt8 = 1) {
    putHeader(genlmsghdr(cmd: command, version: version, reserved: 0))
  }
}

extension Socket {
  /// The message type of a generic netlink family; nil if the kernel has no such family and no
  /// module for it.
  ///
  /// `genl ctrl get name NAME`
  public func genericFamily(named name: String) throws(NetlinkError) -> UInt16? {
    do throws(NetlinkError) {
      return try get("genl ctrl get name \(name)", UInt16(GENL_ID_CTRL)) {
        $0.genericHeader(UInt8(CTRL_CMD_GETFAMILY))
        $0.put(UInt16(CTRL_ATTR_FAMILY_NAME), name)
      } parse: { message in
        message.genericAttributes.first { $0.type == CTRL_ATTR_FAMILY_ID }?.uint16
      }
    } catch {
      if error.code == ErrorCode.noEntry { return nil }
      throw error
    }
  }
}
