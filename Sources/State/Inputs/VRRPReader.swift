import Blueprints
internal import JSON
internal import Model
internal import VRRP

enum VRRPSection: BlueprintReader {
  typealias Read = VirtualRouters
  static let source: Signal.Source? = .vrrp

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    let isRead = file.eachNamed(fileKey, vrrpNameForm) { findings, name, value in
      contents.vrrpNames?.insert(name)
      var reader = ObjectReader<VRRPKey>(findings, "virtual router")
      guard reader.open(value), let instance = reader.instance(named: name), reader.isSound else {
        return
      }
      contents.inputs.append(instance)
    }
    if !isRead, file.has(fileKey) { contents.vrrpNames = nil }
    let members = contents.virtualRouters
    if !members.isEmpty { contents.blueprints[VirtualRouters.self] = VirtualRouters(members) }
  }

  static func signals(_ check: CrossCheck) -> SignalNames? {
    check.contents.vrrpNames.map { SignalNames(noun: "virtual router", declared: $0) }
  }
}

extension ObjectReader<VRRPKey> {
  fileprivate mutating func instance(named name: String) -> VRRPInstance? {
    let link = required(.link, .link)
    let id = required(.id, .uint8(1, to: 255), ", which its peers have, too: 1 to 255")
    var router = VirtualRouter(id: id ?? 1)
    router.version = optional(.version, VersionForm()) ?? .v3
    router.priority = optional(.priority, .uint8(1, to: 255)) ?? router.priority
    router.interval = interval(router.version) ?? router.interval
    router.preempt = optional(.preempt, .bool) ?? true
    router.preemptDelay = delay(.preemptDelay)
    router.startupDelay = delay(.startupDelay)
    if router.preemptDelay > .zero, !router.preempt {
      refuse(.preemptDelay, "\"preempt_delay\" is for who preempts, and \"preempt\" is false")
    }
    router.addresses = list(.addresses, mayBeEmpty: true) ?? []
    router.peers = list(.peers) ?? []
    router.checksum = optional(.checksum, ChecksumForm()) ?? nil
    if router.checksum != nil, router.version == .v2 {
      refuse(.checksum, "\"checksum\" is for version 3; that of version 2 is always alike")
    }
    var instance = VRRPInstance(name, router, on: link ?? .loopback)
    instance.hasOwnAddresses = has(.addresses)
    instance.families = families(router)
    for source in oneAFamily(.source, .address, \.family) ?? [] {
      instance.sources[source.family] = source
    }
    instance.tracks = tracks(name)
    instance.router.syncGroup = optional(.syncGroup, .syncGroupName)
    instance.virtualMAC = virtualMAC()
    readAccept(&instance)
    readAuthentication(&instance)
    check(instance)
    if link == .loopback { report(.link, "must not be lo, on which there is no peer") }
    return link == nil || id == nil ? nil : instance
  }

  private mutating func interval(_ version: Version) -> Interval? {
    let form =
      version == .v2
      ? DurationForm(range: .seconds(1) ... .seconds(40), step: .seconds(1))
      : DurationForm(
        range: .milliseconds(10) ... .milliseconds(40_950), step: .milliseconds(10))
    guard let duration = optional(.interval, form) ?? nil else { return nil }
    return Interval(centiseconds: UInt16(duration.wholeNanoseconds / 10_000_000))
  }

  private mutating func delay(_ key: VRRPKey) -> Duration {
    let form = DurationForm(range: .zero ... .seconds(3600), step: .milliseconds(1))
    return (optional(key, form) ?? nil) ?? .zero
  }

  /// Addresses of machines, each once.
  private mutating func list(_ key: VRRPKey, mayBeEmpty: Bool = false) -> [IPAddress]? {
    guard has(key), let read = elements(key, .address) else { return nil }
    if read.isEmpty, !mayBeEmpty { report(key, "must not be empty") }
    var known: Set<IPAddress> = []
    for case (let index, let address?) in read.enumerated() {
      if address.isMulticast || address.isUnspecified || address.isLoopback {
        report(key, index, "\"\(address)\" is no address of a machine on the link")
      } else if !known.insert(address).inserted {
        report(key, index, "\"\(address)\" is there already")
      }
    }
    return read.compactMap(\.self)
  }

  private mutating func families(_ router: VirtualRouter) -> PerFamily<Bool>? {
    guard has(.families), let read = elements(.families, WordForm(Family.self, \.rawValue)) else {
      return nil
    }
    let families = Set(read.compactMap(\.self))
    if read.isEmpty { report(.families, "must not be empty") }
    if families.count < read.count, read.allSatisfy({ $0 != nil }) {
      report(.families, "states a family twice")
    }
    if router.version == .v2, families.contains(.inet6) {
      report(.families, "version 2 has IPv4 only: state \"version\": 3")
    }
    return PerFamily(inet: families.contains(.inet), inet6: families.contains(.inet6))
  }

  private mutating func tracks(_ name: String) -> [VRRPInstance.Track] {
    var tracks: [VRRPInstance.Track] = []
    _ = each(.track, of: "tracked condition") { (object: inout ObjectReader<VRRPTrackKey>, _) in
      if !object.has(.when) { object.reportMissing(.when, ", such as \"probe.gw0\"") }
      let when = object.when()
      let weight = object.optional(.weight, WeightForm())
      if let when { tracks.append(VRRPInstance.Track(when, weight: weight)) }
    }
    return tracks
  }

  private mutating func virtualMAC() -> VRRPInstance.VirtualMAC? {
    guard let value = value(.vmac) else { return nil }
    if let isWanted = value.bool { return isWanted ? .init(link: nil) : nil }
    guard value.members != nil else {
      report(
        .vmac,
        Mismatch(value, mustBe: "true, false or \(VRRPVirtualMACKey.example)").message)
      return nil
    }
    return object(.vmac, "vmac object") { (object: inout ObjectReader<VRRPVirtualMACKey>) in
      object.required(.link, .link, ", the name of the macvlan to make").map { .init(link: $0) }
    }
  }

  private mutating func readAccept(_ instance: inout VRRPInstance) {
    guard let accept = optional(.accept, .bool) else { return }
    instance.router.accept = accept
    if !accept, instance.router.priority == VirtualRouter.owner {
      refuse(
        .accept, "\"accept\": false is for addresses of others, and an owner's are its own")
    }
  }

  private mutating func readAuthentication(_ instance: inout VRRPInstance) {
    instance.passwordFile = optional(.passwordFile, .absolutePath)
    instance.hmac = object(.hmac, "hmac object") { $0.keyFiles() }
    if instance.router.version == .v3 {
      refuse([.passwordFile]) { "\($0) is for version 2; version 3 has \"hmac\"" }
    }
  }

  /// Reports mistakes that only several keys together can show.
  private mutating func check(_ instance: VRRPInstance) {
    let router = instance.router
    for (index, peer) in router.peers.enumerated() {
      if let families = instance.families, !families[peer.family] {
        report(.peers, index, "\"\(peer)\" is of a family that \"families\" leaves out")
      }
      if router.version == .v2, peer.family == .inet6 {
        report(.peers, index, "version 2 has IPv4 only: state \"version\": 3")
      }
      if instance.sources[peer.family] == peer {
        report(.peers, index, "\"\(peer)\" is the \"source\", and so this machine itself")
      }
    }
    for family in Family.allCases {
      guard let families = instance.families, families[family], !router.peers.isEmpty,
        !router.peers.contains(where: { $0.family == family })
      else { continue }
      report(.peers, "has no peer of family \(family.rawValue), which \"families\" states")
    }
    for (index, address) in router.addresses.enumerated() {
      if let families = instance.families, !families[address.family] {
        report(.addresses, index, "\"\(address)\" is of a family that \"families\" leaves out")
      }
      if router.version == .v2, address.family == .inet6 {
        report(.addresses, index, "version 2 lists IPv4 only: state \"version\": 3")
      }
      if instance.sources[address.family] == address, router.priority != VirtualRouter.owner {
        report(
          .addresses, index,
          "\"\(address)\" is the \"source\", which only an owner advertises: state \"priority\": 255"
        )
      }
      if router.peers.contains(address) {
        report(.addresses, index, "\"\(address)\" is a peer's own address")
      }
    }
  }
}

extension ObjectReader<VRRPHMACKey> {
  fileprivate mutating func keyFiles() -> VRRPInstance.KeyFiles? {
    if !has(.keys) {
      reportMissing(.keys, ": [{ \"id\": 1, \"file\": \"/etc/vpn-gateway/vrrp.key\" }]")
    }
    var keys: [VRRPInstance.KeyFiles.Key] = []
    let count = each(.keys, of: "key") { (object: inout ObjectReader<VRRPHMACKeyKey>, _) in
      let id = object.required(.id, .uint8(0, to: 255))
      let file = object.required(.file, .absolutePath)
      guard let id, let file else { return }
      if keys.contains(where: { $0.id == id }) {
        object.report(.id, "another key has the number \(id) already")
      }
      keys.append(VRRPInstance.KeyFiles.Key(id: id, file: file))
    }
    if count == 0 { report(.keys, "must not be empty") }
    let active = optional(.active, .uint8(0, to: 255)) ?? keys.first?.id
    let mode = optional(.mode, ModeForm()) ?? .enforce
    var window: UInt32? = 5
    let form = DurationForm(
      range: .seconds(1) ... .seconds(300), step: .seconds(1), isForeverAllowed: true)
    if has(.window), let stated = optional(.window, form) {
      window = stated.map { UInt32($0.components.seconds) }
    }
    guard let active, keys.count == count else { return nil }
    if !keys.contains(where: { $0.id == active }) {
      report(.active, "no key has the number \(active)")
      return nil
    }
    return VRRPInstance.KeyFiles(keys: keys, active: active, mode: mode, window: window)
  }
}

private struct VersionForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Version {
    guard let number = value.integer, let version = Version(rawValue: UInt8(clamping: number))
    else {
      throw Mismatch(value, mustBe: "2 or 3")
    }
    return version
  }
}

private struct WeightForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Int {
    guard let number = value.integer, (-253...253).contains(number), number != 0 else {
      throw Mismatch(value, mustBe: "an integer from -253 to 253 other than 0")
    }
    return number
  }
}

private struct ChecksumForm: Form {
  private static let form = WordForm<Checksum?>([
    ("auto", nil), ("message", .message), ("pseudo-header", .pseudoHeader),
    ("group-pseudo-header", .groupPseudoHeader),
  ])

  func read(_ value: JSON.Value) throws(Mismatch) -> Checksum? { try Self.form.read(value) }
}

private struct ModeForm: Form {
  private static let form = WordForm<Keyring.Mode>([
    ("enforce", .enforce), ("permissive", .permissive), ("receive-only", .receiveOnly),
  ])

  func read(_ value: JSON.Value) throws(Mismatch) -> Keyring.Mode { try Self.form.read(value) }
}

extension Form where Self == TextForm<String> {
  fileprivate static var syncGroupName: Self { syncGroupNameForm }
}

private let syncGroupNameForm = TextForm.name(of: "sync group", most: 63)

/// What a virtual router may be called, and so the signal that it says.
private let vrrpNameForm = TextForm.name(of: "virtual router", most: 63)
