internal import JSON
internal import Model

extension CrossCheck {
  /// Only VXLANs have forwarding entries.
  func checkEntries() {
    let section = contents[FDBEntry.self]
    for (position, entry) in section.items.enumerated() {
      guard let device = links[entry.link]?.device else { continue }
      guard case .vxlan(let vxlan) = device else {
        findings.report(
          at: section.pointer(position, "link"),
          "must be a vxlan for an entry with \"dst\", and \"\(entry.link)\" is of type "
            + device.type)
        continue
      }
      // vxlan_fdb_add returns EAFNOSUPPORT.
      if entry.dst.family != vxlan.family {
        findings.report(
          at: section.pointer(position, "dst"),
          "\"\(entry.dst)\" is of another family than the endpoints of \"\(entry.link)\"")
      }
    }
  }
}
