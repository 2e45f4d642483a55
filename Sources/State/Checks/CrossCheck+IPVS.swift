internal import JSON
internal import Model

extension CrossCheck {
  /// The messages of the synchronisation have room for one family a connection (`ip_vs_sync.c`).
  func checkIPVS() {
    guard let daemon = contents.ipvsDaemons.first?.item else { return }
    for (position, service) in contents.ipvsServices.items.enumerated() {
      guard let other = service.destinations.first(where: { $0.address.family != service.family })
      else { continue }
      findings.report(
        at: Pointer([.key("ipvs"), .key("sync"), .key(daemon.role.rawValue)]),
        "can't stand beside destination \(other.id) of \(contents.ipvsServices.pointer(position)), "
          + "which is of another family than its service: the kernel synchronises no such connections"
      )
      return
    }
  }
}
