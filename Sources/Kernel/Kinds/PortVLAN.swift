import Model
import Netlink

/// The VLANs of a bridge or port, as a message of `bridge vlan show` states them.
struct RawMembership {
  let index: UInt32
  private(set) var vlans: [PortVLAN] = []

  init?(_ message: Message) {
    guard let header = message.link else { return nil }
    index = header.index
    var first: UInt16?
    for attribute in message.attributes(after: LinkHeader.length)
    where attribute.type == IFLA.afSpec {
      for part in attribute.nested where part.type == IFLABridgePort.vlanInfo {
        // struct bridge_vlan_info: flags, then the VLAN's number.
        guard part.payload.count >= 4, let flags = part.uint16 else { continue }
        let vid = part.payload.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
        if flags & BridgeVLANFlag.rangeBegin != 0 {
          first = vid
          continue
        }
        vlans.append(
          PortVLAN(
            flags & BridgeVLANFlag.rangeEnd != 0 ? first ?? vid : vid, vid,
            isPVID: flags & BridgeVLANFlag.pvid != 0,
            isUntagged: flags & BridgeVLANFlag.untagged != 0))
        first = nil
      }
    }
  }
}

extension PortVLAN {
  /// All that there may be.
  static let all = PortVLAN(1, 4094)

  /// `bridge vlan delete vid GONE dev LINK` and `bridge vlan add vid NEW dev LINK`, each of all VLANs at
  /// once. `present`: nil if it isn't known; the kernel deletes what isn't there without complaint.
  static func change(
    to wanted: [PortVLAN], from present: [PortVLAN]?, of index: UInt32, isBridge: Bool,
    _ batch: Batch
  ) {
    let gone = (present ?? [all]).subtracting(wanted)
    let new = wanted.filter { !(present ?? []).contains($0) }
    for (type, vlans) in [(RTM.delLink, gone), (RTM.setLink, new)] where !vlans.isEmpty {
      batch.request(type, []) {
        $0.linkHeader(family: AF.bridge, index: index)
        $0.nest(IFLA.afSpec) { spec in
          if isBridge { spec.put(IFLABridgePort.flags, IFLABridgePort.isSelf) }
          for vlan in vlans { vlan.put(spec) }
        }
      }
    }
  }

  private func put(_ batch: Batch) {
    var flags: UInt16 = 0
    if isPVID { flags |= BridgeVLANFlag.pvid }
    if isUntagged { flags |= BridgeVLANFlag.untagged }
    if first == last { return put(batch, flags, first) }
    put(batch, flags | BridgeVLANFlag.rangeBegin, first)
    put(batch, flags | BridgeVLANFlag.rangeEnd, last)
  }

  private func put(_ batch: Batch, _ flags: UInt16, _ vid: UInt16) {
    let bytes = withUnsafeBytes(of: (flags, vid)) { Array($0) }
    batch.put(IFLABridgePort.vlanInfo, bytes: bytes)
  }
}
