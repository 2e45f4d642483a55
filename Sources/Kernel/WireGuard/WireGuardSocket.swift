import Model
import Netlink

/// Asks the kernel about links of type wireguard, by a family of generic netlink.
struct WireGuardSocket {
  let socket: Socket
  let family: UInt16

  /// Nil where the kernel has no WireGuard.
  init?() throws(NetlinkError) {
    socket = try Socket(.generic)
    guard let family = try socket.genericFamily(named: WireGuardCommand.family) else { return nil }
    self.family = family
  }

  /// `wg show LINK dump`; nil where there is no such link of this type.
  func dump<Part>(
    _ link: LinkName, _ part: (Message) -> Part
  ) throws(NetlinkError) -> [Part]? {
    do throws(NetlinkError) {
      return try socket.dump("wg show \(link)", family) {
        $0.genericHeader(WireGuardCommand.getDevice)
        $0.put(WireGuardDevice.link, link.text)
      } parse: {
        part($0)
      }
    } catch {
      if error.code == ErrorCode.noDevice || error.code == ErrorCode.notSupported { return nil }
      throw error
    }
  }
}
