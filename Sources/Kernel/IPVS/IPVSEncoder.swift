import Model
import Netlink

/// Turns changes of IPVS into requests.
struct IPVSEncoder {
  let batch: Batch
  /// The message type that the kernel assigned to the family.
  let family: UInt16

  // MARK: - Services

  func create(_ service: IPVSService) {
    // The scheduler is set last, so that it builds its table once and not for each destination.
    let isDeferred = service.dependsOnOrder && service.destinations.count > 1
    var first = service
    if isDeferred { first.scheduler = "none" }
    // ipvsadm -A -t|-u|--sctp-service|-f SERVICE -s SCHEDULER -b FLAGS -o -p TIMEOUT -M MASK --pe NAME
    request(IPVSCommand.newService, first)
    for destination in service.destinations { add(destination, to: service) }
    if isDeferred { request(IPVSCommand.setService, service) }
    for destination in service.destinations where destination.mustFade(service) {
      request(IPVSCommand.setDestination, destination, of: service)
    }
  }

  func update(_ service: IPVSService, from present: IPVSService) {
    let attributes = service.differences(from: present).filter { $0.name != "destinations" }
    // ipvsadm -E SERVICE ...
    if !attributes.isEmpty { request(IPVSCommand.setService, service) }
    let moves = DestinationMoves(from: present, to: service)
    for destination in moves.changed {
      // ipvsadm -e SERVICE -r DESTINATION ...
      request(IPVSCommand.setDestination, destination, of: service)
    }
    for destination in moves.lifted { remove(destination, from: service) }
    for destination in moves.added { add(destination, to: service) }
    for destination in moves.removed { remove(destination, from: service) }
    for destination in moves.added where destination.mustFade(service) {
      request(IPVSCommand.setDestination, destination, of: service)
    }
  }

  /// `ipvsadm -a SERVICE -r DESTINATION -m|-g|-i -w WEIGHT -x UPPER -y LOWER --tun-type TYPE ...`
  private func add(_ destination: IPVSDestination, to service: IPVSService) {
    var destination = destination
    if destination.mustFade(service) {
      destination.weight = max(destination.weight, 1)
      destination.isDrained = false
    }
    request(IPVSCommand.newDestination, destination, of: service)
  }

  /// `ipvsadm -d SERVICE -r DESTINATION`
  private func remove(_ destination: IPVSDestination, from service: IPVSService) {
    batch.genericRequest(family, IPVSCommand.delDestination) {
      $0.nest(IPVSAttribute.service) { $0.put(service.match) }
      $0.nest(IPVSAttribute.destination) { $0.putIdentity(destination) }
    }
  }

  func request(_ command: UInt8, _ service: IPVSService) {
    batch.genericRequest(family, command) {
      $0.nest(IPVSAttribute.service) {
        $0.put(service.match)
        if command != IPVSCommand.delService { $0.put(service) }
      }
    }
  }

  private func request(
    _ command: UInt8, _ destination: IPVSDestination, of service: IPVSService
  ) {
    batch.genericRequest(family, command) {
      $0.nest(IPVSAttribute.service) { $0.put(service.match) }
      $0.nest(IPVSAttribute.destination) {
        $0.putIdentity(destination)
        $0.put(destination)
      }
    }
  }

  // MARK: - Synchronisation

  func encode(_ verb: Change.Verb, _ daemon: IPVSDaemon) {
    if verb != .create {
      // ipvsadm --stop-daemon ROLE
      batch.genericRequest(family, IPVSCommand.delDaemon) {
        $0.nest(IPVSAttribute.daemon) { $0.put(IPVSDaemonAttribute.state, daemon.role.number) }
      }
    }
    if verb == .delete { return }
    // ipvsadm --start-daemon ROLE --mcast-interface LINK --syncid ID --sync-maxlen LENGTH
    //   --mcast-group ADDRESS --mcast-port PORT --mcast-ttl TTL
    batch.genericRequest(family, IPVSCommand.newDaemon) {
      $0.nest(IPVSAttribute.daemon) { $0.put(daemon) }
    }
  }
}

extension IPVSDestination {
  /// `mh` fills its table by the last weight that wasn't 0: a destination added with weight 0 would
  /// have no place in it, and other flows would move when it comes back.
  fileprivate func mustFade(_ service: IPVSService) -> Bool {
    service.scheduler == "mh" && effectiveWeight == 0
  }
}

/// The changes that turn a service's present destinations into the desired ones.
struct DestinationMoves {
  /// Destinations that are changed in place.
  private(set) var changed: [IPVSDestination] = []
  /// Destinations that are removed only to be added again, after those that precede them.
  private(set) var lifted: [IPVSDestination] = []
  private(set) var added: [IPVSDestination] = []
  private(set) var removed: [IPVSDestination] = []

  init(from present: IPVSService, to service: IPVSService) {
    let found = Dictionary(
      present.destinations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let wanted = Set(service.destinations.map(\.id))
    removed = present.destinations.filter { !wanted.contains($0.id) }
    // The kernel only adds in front: where the order matters, present destinations can stay as far
    // as they are a prefix of the desired ones.
    var kept = wanted
    if service.dependsOnOrder, !service.isAdopted {
      var count = 0
      let order = present.actualOrder ?? present.destinations.map(\.id)
      for id in order where count < service.destinations.count {
        if id == service.destinations[count].id { count += 1 }
      }
      kept = Set(service.destinations[..<count].map(\.id))
    }
    for destination in service.destinations {
      guard let before = found[destination.id] else {
        added.append(destination)
        continue
      }
      if !kept.contains(destination.id) {
        lifted.append(before)
        added.append(destination)
      } else if !destination.agrees(with: before) {
        changed.append(destination)
      }
    }
  }
}

extension Encoder {
  func ipvs(_ change: Change) throws(NetlinkError) -> IPVSEncoder {
    guard let ipvs else {
      throw NetlinkError(change.command, code: ErrorCode.notSupported)
    }
    return IPVSEncoder(batch: generic, family: ipvs)
  }
}
