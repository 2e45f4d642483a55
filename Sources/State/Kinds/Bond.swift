internal import JSON
internal import Model

extension ObjectReader<LinkKey> {
  mutating func bond(of link: Link) -> Bond? {
    var bond = Bond()
    bond.mode =
      link.isAdopted
      ? optional(.mode, .bondMode) : required(.mode, .bondMode, ", such as \"active-backup\"")
    bond.failOverMAC = optional(.failOverMac, .failOverMAC)
    bond.miimon = milliseconds(.miimon)
    bond.updelay = milliseconds(.updelay)
    bond.downdelay = milliseconds(.downdelay)
    bond.peerNotifDelay = milliseconds(.peerNotifDelay)
    bond.arpInterval = milliseconds(.arpInterval)
    bond.arpIPTargets = arpTargets()
    bond.arpValidate = optional(.arpValidate, .arpValidate)
    bond.arpAllTargets = optional(.arpAllTargets, .arpAllTargets)
    bond.arpMissedMax = optional(.arpMissedMax, .uint8(1, to: 255))
    bond.primary = optional(.primary, .link)
    bond.primaryReselect = optional(.primaryReselect, .primaryReselect)
    bond.xmitHashPolicy = optional(.xmitHashPolicy, .hashPolicy)
    bond.resendIGMP = optional(.resendIgmp, .uint8(0, to: 255))
    bond.numGratARP = optional(.numGratArp, .uint8(0, to: 255))
    bond.allSlavesActive = optional(.allSlavesActive, .bool)
    bond.minLinks = optional(.minLinks, .uint32(0, to: UInt32(Int32.max)))
    bond.lpInterval =
      optional(
        .lpInterval, .duration(.seconds(1) ... .seconds(Int64(Int32.max)), step: .seconds(1)))
      ?? nil
    bond.packetsPerSlave = optional(.packetsPerSlave, .uint16(0, to: 65535))
    bond.tlbDynamicLB = optional(.tlbDynamicLb, .bool)
    bond.lacpRate = optional(.lacpRate, .lacpRate)
    bond.lacpActive = optional(.lacpActive, .bool)
    bond.adSelect = optional(.adSelect, .adSelect)
    bond.adActorSysPrio = optional(.adActorSysPrio, .uint16(1, to: 65535))
    bond.adUserPortKey = optional(.adUserPortKey, .uint16(0, to: 1023))
    bond.adActorSystem = actorSystem()
    if let mode = bond.mode { refuseKeys(unfitFor: mode) }
    checkMonitoring(bond)
    if bond.primary == link.name { report(.primary, "a bond is no slave of its own") }
    return faults.contains(.mode) ? nil : bond
  }

  /// What the kernel refuses or ignores in some modes (`bond_opts`, `unsuppmodes`).
  private mutating func refuseKeys(unfitFor mode: Bond.Mode) {
    let allowed: [([LinkKey], (Bond.Mode) -> Bool)] = [
      ([.primary], \.hasPrimary),
      (
        [.arpInterval, .arpIpTarget, .arpValidate, .arpAllTargets, .arpMissedMax],
        \.mayMonitorByARP
      ),
      ([.packetsPerSlave], { $0 == .balanceRR }),
      ([.tlbDynamicLb], { $0 == .balanceTLB }),
      (
        [.lacpRate, .lacpActive, .adActorSysPrio, .adUserPortKey, .adActorSystem],
        { $0 == .lacp }
      ),
    ]
    for (keys, isAllowed) in allowed where !isAllowed(mode) {
      let modes = Bond.Mode.allCases.filter(isAllowed).map(\.rawValue)
      refuse(keys) { "\($0) is for mode \(Spelling.list(modes, "and")), not \(mode.rawValue)" }
    }
  }

  private mutating func checkMonitoring(_ bond: Bond) {
    let looks = bond.miimon.map { $0 > .zero } ?? false
    let asks = bond.arpInterval.map { $0 > .zero } ?? false
    if looks, asks {
      refuse(
        .arpInterval,
        "\"arp_interval\" can't stand beside \"miimon\": the kernel has one or the other")
    }
    for (key, delay) in [
      (LinkKey.updelay, bond.updelay), (.downdelay, bond.downdelay),
      (.peerNotifDelay, bond.peerNotifDelay),
    ] {
      guard let delay, let miimon = bond.miimon ?? (has(.miimon) ? nil : .zero) else { continue }
      guard miimon > .zero else {
        report(key, "needs \"miimon\", in multiples of which the kernel counts it")
        continue
      }
      guard delay.wholeNanoseconds % miimon.wholeNanoseconds != 0 else { continue }
      report(key, "must be a multiple of \"miimon\", \"\(miimon.text)\", not \"\(delay.text)\"")
    }
    if asks, !has(.arpIpTarget) {
      reportMissing(.arpIpTarget, " beside \"arp_interval\": whom to ask")
    }
    if !asks, !has(.arpInterval) || bond.arpInterval != nil {
      refuse([.arpIpTarget, .arpValidate, .arpAllTargets]) {
        "\($0) needs \"arp_interval\": without it nobody is asked"
      }
    }
  }

  private mutating func milliseconds(_ key: LinkKey) -> Duration? {
    optional(
      key, .duration(.zero ... .milliseconds(Int64(Int32.max)), step: .milliseconds(1))) ?? nil
  }

  private mutating func arpTargets() -> [IPAddress]? {
    guard let targets = oneOrMore(.arpIpTarget, .ipv4Address) else { return nil }
    // BOND_MAX_ARP_TARGETS
    if targets.count > 16 { report(.arpIpTarget, "\(targets.count) targets: the kernel takes 16") }
    var seen: Set<IPAddress> = []
    for (index, target) in targets.enumerated() {
      // bond_is_ip_target_ok
      if target.isUnspecified || target == IPAddress(v4: .max) {
        report(.arpIpTarget, index, "\"\(target)\" is no machine's address")
      } else if !seen.insert(target).inserted {
        report(.arpIpTarget, index, "\"\(target)\" is stated twice")
      }
    }
    return targets.sorted()
  }

  private mutating func actorSystem() -> MACAddress? {
    guard let mac = optional(.adActorSystem, .mac) else { return nil }
    guard !mac.isZero, !mac.isMulticast else {
      report(.adActorSystem, "\"\(mac)\" is no machine's MAC address")
      return nil
    }
    return mac
  }
}

private let modeForm = WordForm(Bond.Mode.self, \.rawValue)
private let failOverMACForm = WordForm(Bond.FailOverMAC.self, \.rawValue)
private let arpValidateForm = WordForm(Bond.ARPValidate.self, \.rawValue)
private let arpAllTargetsForm = WordForm(Bond.ARPAllTargets.self, \.rawValue)
private let primaryReselectForm = WordForm(Bond.PrimaryReselect.self, \.rawValue)
private let hashPolicyForm = WordForm(Bond.HashPolicy.self, \.rawValue)
private let lacpRateForm = WordForm(Bond.LACPRate.self, \.rawValue)
private let adSelectForm = WordForm(Bond.ADSelect.self, \.rawValue)

extension Form where Self == WordForm<Bond.Mode> {
  fileprivate static var bondMode: Self { modeForm }
}
extension Form where Self == WordForm<Bond.FailOverMAC> {
  fileprivate static var failOverMAC: Self { failOverMACForm }
}
extension Form where Self == WordForm<Bond.ARPValidate> {
  fileprivate static var arpValidate: Self { arpValidateForm }
}
extension Form where Self == WordForm<Bond.ARPAllTargets> {
  fileprivate static var arpAllTargets: Self { arpAllTargetsForm }
}
extension Form where Self == WordForm<Bond.PrimaryReselect> {
  fileprivate static var primaryReselect: Self { primaryReselectForm }
}
extension Form where Self == WordForm<Bond.HashPolicy> {
  fileprivate static var hashPolicy: Self { hashPolicyForm }
}
extension Form where Self == WordForm<Bond.LACPRate> {
  fileprivate static var lacpRate: Self { lacpRateForm }
}
extension Form where Self == WordForm<Bond.ADSelect> {
  fileprivate static var adSelect: Self { adSelectForm }
}
