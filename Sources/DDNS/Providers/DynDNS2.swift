internal import Addressing

/// The protocol of members.dyndns.org, which most others speak
/// (help.dyn.com/remote-access-api/perform-update): it states one address of each family, and reads
/// nothing.
///
/// A provider's own server goes into `url`.
struct DynDNS2: AddressUpdater {
  static let name = "dyndns2"
  static let title = "the server"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "members.dyndns.org")
  static let ownKeys = AddressUpdate.keys + [.nameServer, ProviderKey("path", .text)]

  let update: AddressUpdate

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    update = try AddressUpdate(
      Self.api(settings), settings, path: settings.text("path") ?? "/nic/update")
  }
}

/// Dynu's update protocol (www.dynu.com/DynamicDNS/IP-Update-Protocol), for accounts without an API
/// key: one address of each family.
struct DynuUpdate: AddressUpdater {
  static let name = "dynu-update"
  static let title = "Dynu"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "api.dynu.com")
  static let ownKeys = AddressUpdate.keys + [.nameServer]

  let update: AddressUpdate

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    update = try AddressUpdate(
      Self.api(settings), settings, path: "/nic/update",
      // Otherwise Dynu takes the address that the request comes from for the other family.
      fields: [.inet: ("myip", "myipv6"), .inet6: ("myipv6", "myip")])
  }
}

/// ChangeIP's protocol (www.changeip.com/accounts/knowledgebase.php): several addresses are stated at
/// once, with commas.
///
/// Its defect: it appends what it doesn't have yet, and removes nothing. Addresses that are no longer
/// wanted have to be removed on its web page.
struct ChangeIP: AddressUpdater {
  static let name = "changeip"
  static let title = "ChangeIP"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "nic.changeip.com")
  static let ownKeys = AddressUpdate.keys

  let update: AddressUpdate

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = AddressUpdate.limits
    limits.types = [.a]
    limits.most = nil
    return limits
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    update = try AddressUpdate(Self.api(settings), settings, path: "/nic/update")
  }
}
