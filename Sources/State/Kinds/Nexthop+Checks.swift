internal import JSON
internal import Model

extension CrossCheck {
  func checkNexthops() {
    let section = contents[Nexthop.self]
    for (position, nexthop) in section.items.enumerated() {
      guard let group = nexthop.group else { continue }
      let pointer = section.pointer(position, "group")
      for member in group.members {
        if member.id == nexthop.number {
          findings.report(at: pointer, "nexthop \(member.id) can't be a member of itself")
          continue
        }
        guard let target = declared(member.id, at: pointer)?.target else { continue }
        if case .group = target {
          findings.report(
            at: pointer, "nexthop \(member.id) is a group itself; members must be single nexthops")
        } else if target == .blackhole, group.members.count > 1 {
          // nh_create_ipv4 and the like: a blackhole "can not be used in a group with more than 1
          // path".
          findings.report(
            at: pointer,
            "nexthop \(member.id) is a blackhole, which can only be a group's one member")
        }
      }
    }
  }

  /// Nil, and reported, if no such nexthop is declared.
  func declared(_ id: UInt32, at pointer: Pointer) -> Nexthop? {
    if let nexthop = nexthops[id] { return nexthop }
    guard let unread = contents.unreadNexthops, !unread.contains(String(id)) else { return nil }
    findings.report(at: pointer, "nexthop \(id) isn't declared in \"nexthops\"")
    return nil
  }
}
