import Model
import Netlink

/// All links of the namespace, by name and by index.
struct LinkTable {
  private(set) var links: [Link] = []
  private var names: [UInt32: LinkName] = [:]
  private var indices: [LinkName: UInt32] = [:]

  /// An empty table.
  init() {}

  init(_ socket: Socket) throws(NetlinkError) {
    let found = try socket.dump("link show", RTM.getLink) {
      $0.linkHeader()
      $0.put(IFLA.extMask, UInt32(1 << 3))  // RTEXT_FILTER_SKIP_STATS
    } parse: {
      RawLink($0)
    }
    for raw in found {
      names[raw.index] = raw.name
      indices[raw.name] = raw.index
    }
    links = found.map { $0.link(names) }
  }

  func name(_ index: UInt32) -> LinkName? { names[index] }
  func index(_ name: LinkName) -> UInt32? { indices[name] }
}
