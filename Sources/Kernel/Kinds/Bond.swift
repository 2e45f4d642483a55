import Model
import Netlink

// How a bond's parameters are read and written (`drivers/net/bonding/bond_netlink.c`).

extension Bond {
  init(_ data: Attributes, _ names: [UInt32: LinkName]) {
    self.init()
    for attribute in data {
      switch attribute.type {
      case IFLABond.mode: mode = attribute.word()
      case IFLABond.miimon: miimon = attribute.milliseconds
      case IFLABond.updelay: updelay = attribute.milliseconds
      case IFLABond.downdelay: downdelay = attribute.milliseconds
      case IFLABond.peerNotifDelay: peerNotifDelay = attribute.milliseconds
      case IFLABond.arpInterval: arpInterval = attribute.milliseconds
      case IFLABond.arpIPTarget: arpIPTargets = attribute.nested.compactMap(\.ipAddress).sorted()
      case IFLABond.arpValidate: arpValidate = attribute.word()
      case IFLABond.arpAllTargets: arpAllTargets = attribute.word()
      case IFLABond.missedMax: arpMissedMax = attribute.uint8
      case IFLABond.primary: primary = attribute.uint32.flatMap { names[$0] }
      case IFLABond.primaryReselect: primaryReselect = attribute.word()
      case IFLABond.failOverMAC: failOverMAC = attribute.word()
      case IFLABond.xmitHashPolicy: xmitHashPolicy = attribute.word()
      case IFLABond.resendIGMP: resendIGMP = attribute.uint32.flatMap(UInt8.init(exactly:))
      case IFLABond.numPeerNotif: numGratARP = attribute.uint8
      case IFLABond.allSlavesActive: allSlavesActive = attribute.uint8.map { $0 != 0 }
      case IFLABond.minLinks: minLinks = attribute.uint32
      case IFLABond.lpInterval:
        lpInterval = attribute.uint32.map { .seconds(Int64($0)) }
      case IFLABond.packetsPerSlave:
        packetsPerSlave = attribute.uint32.flatMap(UInt16.init(exactly:))
      case IFLABond.tlbDynamicLB: tlbDynamicLB = attribute.uint8.map { $0 != 0 }
      case IFLABond.lacpRate: lacpRate = attribute.word()
      case IFLABond.lacpActive: lacpActive = attribute.uint8.map { $0 != 0 }
      case IFLABond.adSelect: adSelect = attribute.word()
      case IFLABond.adActorSysPrio: adActorSysPrio = attribute.uint16
      case IFLABond.adUserPortKey: adUserPortKey = attribute.uint16
      case IFLABond.adActorSystem:
        adActorSystem = attribute.macAddress.flatMap { $0.isZero ? nil : $0 }
      default: continue
      }
    }
    dropIdle()
  }

  /// Drops what the kernel reports though the mode or the way of monitoring doesn't use it, and wouldn't
  /// take from a file.
  private mutating func dropIdle() {
    if miimon == .zero { (updelay, downdelay, peerNotifDelay) = (nil, nil, nil) }
    if arpInterval == .zero {
      (arpInterval, arpIPTargets, arpValidate, arpAllTargets) = (nil, nil, nil, nil)
    }
    if mode != .lacp {
      (lacpRate, lacpActive) = (nil, nil)
      (adActorSysPrio, adUserPortKey, adActorSystem) = (nil, nil, nil)
    }
    if mode?.mayMonitorByARP != true { arpMissedMax = nil }
    if mode != .balanceRR { packetsPerSlave = nil }
    if mode != .balanceTLB { tlbDynamicLB = nil }
    if mode?.hasPrimary != true { primary = nil }
  }

  /// What is stated and differs, which for a new bond is all that is stated: some attributes are refused
  /// merely for being present. `primary` is the primary's index, if there is such a link.
  func put(_ batch: Batch, primary index: UInt32?, from present: Bond?) {
    func news<V: Equatable>(_ value: (Bond) -> V?) -> V? {
      guard let wanted = value(self), wanted != present.flatMap(value) else { return nil }
      return wanted
    }
    func put<W: RawRepresentable & CaseIterable & Equatable>(byte type: UInt16, _ word: W?) {
      if let word { batch.put(type, UInt8(word.number)) }
    }
    func put(_ type: UInt16, milliseconds duration: Duration?) {
      if let duration { batch.put(type, milliseconds: duration) }
    }
    func put(_ type: UInt16, _ flag: Bool?) {
      if let flag { batch.put(type, UInt8(flag ? 1 : 0)) }
    }
    put(byte: IFLABond.mode, news(\.mode))
    put(IFLABond.miimon, milliseconds: news(\.miimon))
    // The kernel keeps the delays as multiples of miimon.
    let isRescaled = news(\.miimon) != nil
    put(IFLABond.updelay, milliseconds: isRescaled ? updelay : news(\.updelay))
    put(IFLABond.downdelay, milliseconds: isRescaled ? downdelay : news(\.downdelay))
    put(IFLABond.peerNotifDelay, milliseconds: isRescaled ? peerNotifDelay : news(\.peerNotifDelay))
    put(IFLABond.arpInterval, milliseconds: news(\.arpInterval))
    if let targets = news(\.arpIPTargets) {
      batch.nest(IFLABond.arpIPTarget) {
        for (number, target) in targets.enumerated() { $0.put(UInt16(number), target) }
      }
    }
    if let word = news(\.arpValidate) { batch.put(IFLABond.arpValidate, UInt32(word.number)) }
    if let word = news(\.arpAllTargets) { batch.put(IFLABond.arpAllTargets, UInt32(word.number)) }
    if let count = news(\.arpMissedMax) { batch.put(IFLABond.missedMax, count) }
    if news(\.primary) != nil, let index { batch.put(IFLABond.primary, index) }
    put(byte: IFLABond.primaryReselect, news(\.primaryReselect))
    put(byte: IFLABond.failOverMAC, news(\.failOverMAC))
    put(byte: IFLABond.xmitHashPolicy, news(\.xmitHashPolicy))
    if let count = news(\.resendIGMP) { batch.put(IFLABond.resendIGMP, UInt32(count)) }
    if let count = news(\.numGratARP) { batch.put(IFLABond.numPeerNotif, count) }
    put(IFLABond.allSlavesActive, news(\.allSlavesActive))
    if let count = news(\.minLinks) { batch.put(IFLABond.minLinks, count) }
    if let interval = news(\.lpInterval) { batch.put(IFLABond.lpInterval, seconds: interval) }
    if let count = news(\.packetsPerSlave) { batch.put(IFLABond.packetsPerSlave, UInt32(count)) }
    put(IFLABond.lacpActive, news(\.lacpActive))
    put(byte: IFLABond.lacpRate, news(\.lacpRate))
    put(byte: IFLABond.adSelect, news(\.adSelect))
    if let priority = news(\.adActorSysPrio) { batch.put(IFLABond.adActorSysPrio, priority) }
    if let key = news(\.adUserPortKey) { batch.put(IFLABond.adUserPortKey, key) }
    if let system = news(\.adActorSystem) { batch.put(IFLABond.adActorSystem, system) }
    put(IFLABond.tlbDynamicLB, news(\.tlbDynamicLB))
  }
}

extension RawRepresentable where Self: CaseIterable & Equatable {
  /// The kernel's number, which is the position among the words.
  fileprivate var number: Int { Array(Self.allCases).firstIndex(of: self)! }
}

extension Attribute {
  /// The word for a number of one or four bytes; nil if there is none.
  fileprivate func word<W: CaseIterable>() -> W? {
    let number = payload.count >= 4 ? uint32 : uint8.map(UInt32.init)
    let words = Array(W.allCases)
    return number.flatMap { $0 < words.count ? words[Int($0)] : nil }
  }

  fileprivate var milliseconds: Duration? { uint32.map { .milliseconds(Int64($0)) } }
}

extension Batch {
  fileprivate func put(_ type: UInt16, milliseconds duration: Duration) {
    let count = duration.wholeNanoseconds / 1_000_000
    guard let count = UInt32(exactly: count) else {
      return fail("\(duration.text): the kernel takes up to \(UInt32.max) ms")
    }
    put(type, count)
  }
}
