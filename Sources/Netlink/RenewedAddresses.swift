internal import CLinux
internal import Glibc

/// The addresses with a lifetime, as events last told of them: an event that brings nothing but another
/// remaining time is no news. For IPv6 the kernel doesn't tell whose change it is
/// (`inet6_ifa_notify`), so that each renewal by ourselves would seem to be somebody's.
struct RenewedAddresses {
  private var known: [[UInt8]: [UInt8]] = [:]

  /// Forgets all of them, when events were lost.
  mutating func forget() { known = [:] }

  /// Whether the event tells what is known already.
  mutating func isKnown(_ message: Message) -> Bool {
    guard message.type == RTM.newAddress || message.type == RTM.delAddress,
      let (key, content) = Self.parts(message)
    else { return false }
    guard message.type == RTM.newAddress, let content, known.count < Self.most else {
      known[key] = nil
      return false
    }
    return known.updateValue(content, forKey: key) == content
  }

  private static let most = 4096

  /// What identifies the address, and all else that the event tells without the remaining time; no
  /// content for an address that stays for ever.
  private static func parts(_ message: Message) -> (key: [UInt8], content: [UInt8]?)? {
    guard message.payload.count >= AddressHeader.length else { return nil }
    let header = Array(message.payload[..<AddressHeader.length])
    // Family, length and index; flags and scope don't tell addresses apart (`struct ifaddrmsg`).
    var key = header[0...1] + header[4...7]
    var content = header
    var lasts = true
    for attribute in message.attributes(after: AddressHeader.length) {
      if attribute.type == IFA.local || attribute.type == IFA.address { key += attribute.payload }
      guard attribute.type == IFA.cacheInfo else {
        content.append(UInt8(truncatingIfNeeded: attribute.type))
        content += attribute.payload
        continue
      }
      guard attribute.payload.count >= 8, let preferred = attribute.uint32 else { continue }
      let valid = attribute.payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
      lasts = valid == .max
      content.append(preferred == 0 ? 0 : preferred == .max ? 2 : 1)
    }
    return (Array(key), lasts ? nil : content)
  }
}
