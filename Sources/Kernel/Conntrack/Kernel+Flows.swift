public import Model
public import Netlink

extension Kernel {
  /// Deletes flows that must start again, so that each one's next packet goes to a server that is
  /// there; returns how many were deleted. Flows that have begun meanwhile are left alone.
  public func endFlows(_ flows: ServedFlows) throws(NetlinkError) -> Int {
    let socket = try Socket(.netfilter)
    let stale = try socket.dump(
      "conntrack -L", ConntrackMessage.get, { $0.netfilterHeader(family: 0) },
      parse: { message -> Flow? in Flow(message).flatMap { $0.isStale(flows) ? $0 : nil } })
    let batch = Batch()
    for (index, flow) in stale.enumerated() {
      batch.step(index) { "conntrack -D -d \(flow.destination.address)" }
      flow.delete(batch)
    }
    let failures = batch.isEmpty ? [] : try socket.send(batch)
    if let failure = failures.first(where: { $0.error.code != ErrorCode.noEntry }) {
      throw failure.error
    }
    return stale.count - failures.count
  }
}

extension Flow {
  fileprivate func isStale(_ flows: ServedFlows) -> Bool {
    guard let name = IPProtocol(`protocol`).name, let named = IPVSProtocol(rawValue: name) else {
      return false
    }
    return flows.isStale(
      to: destination.address, port: destination.port, named, answeredBy: answering)
  }
}
