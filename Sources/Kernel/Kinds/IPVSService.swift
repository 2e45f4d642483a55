import Model
import Netlink

/// How services are read and changed. All of IPVS is read here, since one socket serves it all.
enum IPVSServiceKind: KernelKind {
  static var transport: Transport { .generic }

  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    guard observation.needsIPVS || IPVSKernel.isLoaded else { return }
    let kernel = observation.kernel
    do throws(NetlinkError) {
      if kernel.ipvs == nil { kernel.ipvs = try IPVSKernel.open() }
      observed.lacksIPVS = kernel.ipvs == nil
      try kernel.ipvs?.observe(into: &observed)
    } catch {
      // Without CAP_NET_ADMIN nothing of IPVS can be read, while everything else can.
      if observation.needsIPVS || error.code != ErrorCode.notPermitted { throw error }
    }
  }

  static func command(_ service: IPVSService, _ word: String, _ change: Change) -> String {
    let letter = change.verb == .create ? "-A" : change.verb == .update ? "-E" : "-D"
    return "ipvsadm \(letter) \(service.id)"
      + (change.verb == .delete ? "" : " -s \(service.scheduler)")
  }

  static func encode(
    _ change: Change, _ service: IPVSService, from present: IPVSService?, _ encoder: Encoder
  ) throws(NetlinkError) {
    let requests = try encoder.ipvs(change)
    if change.verb == .update, let present {
      // Destinations are removed only to be added again.
      if encoder.reordering == nil,
        !DestinationMoves(from: present, to: service).lifted.isEmpty
      {
        encoder.reordering = ReorderGuard()
      }
      requests.update(service, from: present)
      return
    }
    if change.verb != .create { requests.request(IPVSCommand.delService, service) }
    if change.verb != .delete { requests.create(service) }
  }
}
