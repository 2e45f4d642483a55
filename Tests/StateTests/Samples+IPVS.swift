import Model

extension RoundTripTests {
  static let ipvs = {
    var configuration = NetworkState()
    configuration.links = [Link(LinkName("d0")!, .dummy)]
    configuration.links[0].isUp = true
    var port: UInt16 = 0
    func add(_ vip: String, _ change: (inout IPVSService) -> Void) {
      port += 1
      var service = IPVSService(
        .address(IPAddress(vip)!, port: port, protocol: .udp), scheduler: "mh")
      change(&service)
      configuration.ipvsServices.append(service)
    }
    for (vip, server) in [("192.0.2.1", "10.0.0.2"), ("2001:db8::1", "fd00::2")] {
      let address = IPAddress(server)!
      for scheduler in IPVSService.schedulers {
        for flag in IPVSService.Flag.allCases {
          add(vip) {
            $0.scheduler = scheduler
            $0.flags = [flag]
          }
        }
      }
      for timeout in [1, 300, 24 * 86_400] {
        add(vip) {
          $0.flags = Set(IPVSService.Flag.allCases)
          $0.persistence = .init(timeout: .seconds(timeout), prefixLength: 24, engine: "sip")
        }
      }
      for forwarding: IPVSDestination.Forwarding in [
        .masquerade, .direct, .tunnel(.ipip), .tunnel(.gue(port: 6080, checksum: .none)),
        .tunnel(.gue(port: 1, checksum: .plain)), .tunnel(.gue(port: 1, checksum: .remote)),
        .tunnel(.gre(checksum: .none)), .tunnel(.gre(checksum: .plain)),
      ] {
        add(vip) { service in
          var destination = IPVSDestination(address, port: port, forwarding: forwarding)
          service.destinations.append(destination)
          destination = IPVSDestination(
            IPAddress(server + "0")!, port: port, forwarding: forwarding, weight: 65_535)
          destination.upperThreshold = 9
          destination.lowerThreshold = 8
          destination.isDrained = true
          service.destinations.append(destination)
        }
      }
      add(vip) { $0.isAdopted = true }
    }
    configuration.ipvsServices += Family.allCases.map { IPVSService(.mark(.max, $0)) }
    configuration.ipvsTimeouts = IPVSTimeout.State.allCases.map { IPVSTimeout($0, .seconds(90)) }
    configuration.ipvsDaemons = IPVSDaemon.Role.allCases.map { role in
      var daemon = IPVSDaemon(role, link: LinkName("d0")!, syncID: role == .master ? 0 : 255)
      if role == .backup {
        daemon.maxLength = 1400
        daemon.group = IPAddress("ff02::81")!
        daemon.port = 1
        daemon.ttl = 255
      }
      return daemon
    }
    return configuration
  }()
}
