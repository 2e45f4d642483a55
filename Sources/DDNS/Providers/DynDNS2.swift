internal import Addressing

/// The protocol of members.dyndns.org, which most others speak
/// (help.dyn.com/remote-access-api/perform-update): it states one address of each family, and reads
/// nothing.
///
/// A provider's own server goes into `url`.
struct DynDNS2: HTTPProvider {
  static let name = "dyndns2"
  static let title = "the server"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "members.dyndns.org")
  static let ownKeys = [
    ProviderKey("user", .text, isRequired: true),
    ProviderKey("password_file", .secretFile, isRequired: true),
    ProviderKey("path", .text),
  ]

  private let update: AddressUpdate

  static func limits(_ settings: ProviderSettings) -> ProviderLimits { AddressUpdate.limits }

  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] { settings.userProblems }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    update = try AddressUpdate(
      Self.api(settings), settings, path: settings.text("path") ?? "/nic/update")
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> { .done([]) }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> { update.exchange(new) }
}

/// Dynu's update protocol (www.dynu.com/DynamicDNS/IP-Update-Protocol), for accounts without an API
/// key: one address of each family.
struct DynuUpdate: HTTPProvider {
  static let name = "dynu-update"
  static let title = "Dynu"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "api.dynu.com")
  static let ownKeys = [
    ProviderKey("user", .text, isRequired: true),
    ProviderKey("password_file", .secretFile, isRequired: true),
  ]

  private let update: AddressUpdate

  static func limits(_ settings: ProviderSettings) -> ProviderLimits { AddressUpdate.limits }

  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] { settings.userProblems }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    update = try AddressUpdate(
      Self.api(settings), settings, path: "/nic/update",
      // Otherwise Dynu takes the address that the request comes from for the other family.
      fields: [.inet: ("myip", "myipv6"), .inet6: ("myipv6", "myip")])
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> { .done([]) }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> { update.exchange(new) }
}

/// ChangeIP's protocol (www.changeip.com/accounts/knowledgebase.php): several addresses are stated at
/// once, with commas.
///
/// Its defect: it appends what it doesn't have yet, and removes nothing. Addresses that are no longer
/// wanted have to be removed on its web page.
struct ChangeIP: HTTPProvider {
  static let name = "changeip"
  static let title = "ChangeIP"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "nic.changeip.com")
  static let ownKeys = [
    ProviderKey("user", .text, isRequired: true),
    ProviderKey("password_file", .secretFile, isRequired: true),
  ]

  private let update: AddressUpdate

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = AddressUpdate.limits
    limits.types = [.a]
    limits.most = nil
    return limits
  }

  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] { settings.userProblems }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    update = try AddressUpdate(Self.api(settings), settings, path: "/nic/update")
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> { .done([]) }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> { update.exchange(new) }
}
