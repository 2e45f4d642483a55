import Addressing

/// Hooks by name and number (`enum nf_inet_hooks`, `nf_dev_hooks`).
public enum HookTable {
  private static let inet: [Nftables.Hook] = [
    .prerouting, .input, .forward, .output, .postrouting,
  ]

  private static func hooks(_ family: Nftables.Family) -> [Nftables.Hook] {
    switch family {
    case .ip, .ip6, .bridge: inet
    case .inet: inet + [.ingress]
    case .arp: [.input, .output]
    case .netdev: [.ingress, .egress]
    }
  }

  public static func hook(_ number: UInt32, _ family: Nftables.Family) -> Nftables.Hook {
    let hooks = hooks(family)
    return Int(number) < hooks.count ? hooks[Int(number)] : .unknown(number)
  }

  public static func number(_ hook: Nftables.Hook, _ family: Nftables.Family) -> UInt32? {
    hooks(family).firstIndex(of: hook).map { UInt32($0) }
  }

  static func check(
    _ flowtable: Nftables.Flowtable, _ family: Nftables.Family
  ) throws(CompileError) {
    guard [.ip, .ip6, .inet].contains(family) else {
      throw CompileError("a \(family.rawValue) table has no flowtables")
    }
    guard flowtable.hook == .ingress else { throw CompileError("a flowtable has the hook ingress") }
    for device in Set(flowtable.devices).sorted()
    where flowtable.devices.count(where: { $0 == device }) > 1 {
      throw CompileError("device \(device) is stated twice")
    }
  }

  static func check(_ base: Nftables.BaseChain, _ family: Nftables.Family) throws(CompileError) {
    guard number(base.hook, family) != nil else {
      throw CompileError("a \(family.rawValue) table has no hook \(base.hook.rawValue)")
    }
    switch base.type {
    case .filter: break
    case .nat:
      guard [.ip, .ip6, .inet].contains(family) else {
        throw CompileError("a \(family.rawValue) table has no chains of type nat")
      }
      guard base.hook != .forward, base.hook != .ingress else {
        throw CompileError("a chain of type nat has no hook \(base.hook.rawValue)")
      }
      guard base.priority > -200 else {
        throw CompileError("a chain of type nat has a priority above -200")
      }
    case .route:
      guard [.ip, .ip6, .inet].contains(family), base.hook == .output else {
        throw CompileError("a chain of type route has the hook output, in ip, ip6 or inet")
      }
    case .unknown(let name): throw CompileError("chain type \(name): one of filter, nat, route")
    }
    let needsDevice = family == .netdev || family == .inet && base.hook == .ingress
    guard needsDevice || base.devices.isEmpty else {
      throw CompileError("only ingress and egress have devices")
    }
    guard !needsDevice || !base.devices.isEmpty else { throw CompileError("a device is missing") }
  }
}
