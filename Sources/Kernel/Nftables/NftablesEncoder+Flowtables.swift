internal import Model
internal import Netlink
internal import Nftables

extension NftablesEncoder {
  // nft add flowtable FAMILY TABLE NAME { hook ingress priority PRIORITY; devices = { ... }; }
  func create(_ flowtable: Nftables.Flowtable) {
    add(flowtable.devices, to: flowtable, isNew: true)
  }

  /// Adds to an existing flowtable, by the same command.
  func add(_ devices: [String], to flowtable: Nftables.Flowtable, isNew: Bool = false) {
    if devices.isEmpty, !isNew { return }
    step(Tag.flowtable) { "add flowtable TABLE \(flowtable.name)" }
    batch.netfilterRequest(NFTMessage.newFlowtable, [.create], family: family.number) {
      $0.put(NFTAFlowtable.table, table)
      $0.put(NFTAFlowtable.name, flowtable.name)
      putHook(flowtable, devices)
      if flowtable.flags.bits != 0 { $0.put(NFTAFlowtable.flags, big: flowtable.flags.bits) }
    }
  }

  // nft delete flowtable FAMILY TABLE NAME { devices = { ... }; }
  func remove(_ devices: [String], from flowtable: Nftables.Flowtable) {
    if devices.isEmpty { return }
    step {
      "delete flowtable TABLE \(flowtable.name) { devices = { \(devices.joined(separator: ", ")) }; }"
    }
    batch.netfilterRequest(NFTMessage.delFlowtable, family: family.number) {
      $0.put(NFTAFlowtable.table, table)
      $0.put(NFTAFlowtable.name, flowtable.name)
      putHook(flowtable, devices)
    }
  }

  func deleteFlowtable(_ name: String) {
    step { "delete flowtable TABLE \(name)" }
    batch.netfilterRequest(NFTMessage.delFlowtable, family: family.number) {
      $0.put(NFTAFlowtable.table, table)
      $0.put(NFTAFlowtable.name, name)
    }
  }

  private func putHook(_ flowtable: Nftables.Flowtable, _ devices: [String]) {
    batch.nest(NFTAFlowtable.hook) {
      $0.put(NFTAFlowtableHook.number, big: 0 as UInt32)  // NF_NETDEV_INGRESS
      $0.put(NFTAFlowtableHook.priority, big: UInt32(bitPattern: flowtable.priority))
      if devices.isEmpty { return }
      $0.nest(NFTAFlowtableHook.devices) {
        for device in devices { $0.put(NFTADevice.name, device) }
      }
    }
  }
}

extension Nftables.Flowtable {
  init?(_ a: AttributeTable) {
    guard let name = a.text(NFTAFlowtable.name) else { return nil }
    self.init(name: name)
    let bits = a.word(NFTAFlowtable.flags) ?? 0
    flags = Nftables.FlowtableFlag.flags(in: bits)
    guard let nested = a.nested(NFTAFlowtable.hook) else { return }
    let hook = AttributeTable(nested)
    if let number = hook.word(NFTAFlowtableHook.number), number != 0 {
      self.hook = .unknown(number)
    }
    priority = Int32(bitPattern: hook.word(NFTAFlowtableHook.priority) ?? 0)
    devices =
      hook.nested(NFTAFlowtableHook.devices)?
      .filter { $0.type == NFTADevice.name }.map(\.string) ?? []
  }
}
