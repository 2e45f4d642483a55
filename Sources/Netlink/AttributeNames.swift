internal import CLinux

/// The state file's names for the attributes of a message, to tell which of them an error means.
struct AttributeNames {
  private let message: UInt16

  /// For messages of this type.
  init(message: UInt16) { self.message = message }

  /// The name of the last attribute on a path into nested ones, outermost first; its number if it
  /// has no name.
  func name(of path: UInt16..., kind: String? = nil) -> String { name(of: path, kind: kind) }

  func name(of path: [UInt16], kind: String? = nil) -> String {
    let path = path.map { $0 & 0x3fff }
    for length in stride(from: path.count, to: 0, by: -1) {
      guard let name = word(path.prefix(length), kind) else { continue }
      return path.dropFirst(length).reduce(name) { "\($0), attribute \($1)" }
    }
    return path.map { "attribute \($0)" }.joined(separator: ", ")
  }

  /// The bytes between the netlink header and the first attribute.
  var headerLength: Int {
    switch subsystem {
    case .link: LinkHeader.length
    case .address: AddressHeader.length
    case .route: RouteHeader.length
    case .neighbor: NeighborHeader.length
    case .rule: RuleHeader.length
    case .nexthop: NexthopHeader.length
    case .nftables, .generic: 4  // struct nfgenmsg, struct genlmsghdr
    }
  }

  /// Whether a header precedes the nested attributes (`struct rtnexthop`, `struct ifinfomsg`).
  func hasHeader(within path: [UInt16]) -> Bool {
    switch subsystem {
    case .route: path == [RTA.multipath]
    case .link: path == [IFLA.linkInfo, IFLAInfo.data, IFLAVeth.peer]
    default: false
    }
  }

  private enum Subsystem {
    case link, address, route, neighbor, rule, nexthop, nftables, generic
  }

  private var subsystem: Subsystem {
    switch message {
    case RTM.newLink, RTM.delLink, RTM.getLink, RTM.newLinkProperty, RTM.delLinkProperty: .link
    case RTM.newAddress, RTM.delAddress, RTM.getAddress: .address
    case RTM.newRoute, RTM.delRoute, RTM.getRoute: .route
    case RTM.newNeighbor, RTM.delNeighbor, RTM.getNeighbor: .neighbor
    case RTM.newRule, RTM.delRule, RTM.getRule: .rule
    case RTM.newNexthop, RTM.delNexthop, RTM.getNexthop: .nexthop
    default: message >> 8 == UInt16(NFNL_SUBSYS_NFTABLES) ? .nftables : .generic
    }
  }

  private func word(_ path: ArraySlice<UInt16>, _ kind: String?) -> String? {
    let words: [[UInt16]: String] =
      switch subsystem {
      case .link: Self.link.merging(Self.linkData(kind)) { first, _ in first }
      case .address: Self.address
      case .route: Self.route
      case .neighbor: Self.neighbor
      case .rule: Self.rule
      case .nexthop: Self.nexthop
      case .nftables: Self.nftables(message)
      case .generic: Self.ipvs
      }
    return words[Array(path)]
  }

  private static let link: [[UInt16]: String] = [
    [IFLA.address]: "address", [IFLA.name]: "name", [IFLA.mtu]: "mtu", [IFLA.link]: "link",
    [IFLA.master]: "master", [IFLA.alias]: "alias", [IFLA.propertyList]: "altnames",
    [IFLA.propertyList, IFLA.altname]: "altnames", [IFLA.linkInfo]: "type",
    [IFLA.linkInfo, IFLAInfo.kind]: "type", [IFLA.linkInfo, IFLAInfo.data]: "type",
  ]

  private static func linkData(_ kind: String?) -> [[UInt16]: String] {
    let words: [UInt16: String] =
      switch kind {
      case "bridge":
        [
          IFLABridge.forwardDelay: "forward_delay", IFLABridge.ageingTime: "ageing_time",
          IFLABridge.stp: "stp", IFLABridge.priority: "priority",
          IFLABridge.vlanFiltering: "vlan_filtering",
          IFLABridge.vlanDefaultPVID: "vlan_default_pvid", IFLABridge.vlanProtocol: "vlan_protocol",
        ]
      case "bond":
        [
          IFLABond.mode: "mode", IFLABond.miimon: "miimon", IFLABond.updelay: "updelay",
          IFLABond.downdelay: "downdelay", IFLABond.peerNotifDelay: "peer_notif_delay",
          IFLABond.arpInterval: "arp_interval", IFLABond.arpIPTarget: "arp_ip_target",
          IFLABond.arpValidate: "arp_validate", IFLABond.arpAllTargets: "arp_all_targets",
          IFLABond.missedMax: "arp_missed_max", IFLABond.primary: "primary",
          IFLABond.primaryReselect: "primary_reselect", IFLABond.failOverMAC: "fail_over_mac",
          IFLABond.xmitHashPolicy: "xmit_hash_policy", IFLABond.resendIGMP: "resend_igmp",
          IFLABond.numPeerNotif: "num_grat_arp", IFLABond.allSlavesActive: "all_slaves_active",
          IFLABond.minLinks: "min_links", IFLABond.lpInterval: "lp_interval",
          IFLABond.packetsPerSlave: "packets_per_slave", IFLABond.tlbDynamicLB: "tlb_dynamic_lb",
          IFLABond.lacpRate: "lacp_rate", IFLABond.lacpActive: "lacp_active",
          IFLABond.adSelect: "ad_select", IFLABond.adActorSysPrio: "ad_actor_sys_prio",
          IFLABond.adUserPortKey: "ad_user_port_key", IFLABond.adActorSystem: "ad_actor_system",
        ]
      case "ipip", "sit", "ip6tnl":
        [
          IFLAIPTunnel.link: "dev", IFLAIPTunnel.local: "local", IFLAIPTunnel.remote: "remote",
          IFLAIPTunnel.ttl: "ttl", IFLAIPTunnel.tos: "tos", IFLAIPTunnel.protocol: "mode",
          IFLAIPTunnel.pmtudisc: "pmtudisc", IFLAIPTunnel.encapLimit: "encaplimit",
          IFLAIPTunnel.flowInfo: "flowlabel", IFLAIPTunnel.fwmark: "fwmark",
        ]
      case "gre", "ip6gre":
        [
          IFLAGRE.link: "dev", IFLAGRE.local: "local", IFLAGRE.remote: "remote",
          IFLAGRE.ttl: "ttl", IFLAGRE.tos: "tos", IFLAGRE.ikey: "ikey", IFLAGRE.okey: "okey",
          IFLAGRE.pmtudisc: "pmtudisc", IFLAGRE.encapLimit: "encaplimit",
          IFLAGRE.flowInfo: "flowlabel", IFLAGRE.fwmark: "fwmark",
        ]
      case "vxlan":
        [
          IFLAVXLAN.id: "id", IFLAVXLAN.group: "group", IFLAVXLAN.group6: "group",
          IFLAVXLAN.link: "dev", IFLAVXLAN.local: "local", IFLAVXLAN.local6: "local",
          IFLAVXLAN.ttl: "ttl", IFLAVXLAN.learning: "learning", IFLAVXLAN.port: "dstport",
          IFLAVXLAN.portRange: "srcport",
        ]
      case "macvlan": [IFLAMacvlan.mode: "mode"]
      case "vlan": [IFLAVLAN.id: "id", IFLAVLAN.protocol: "protocol"]
      case "vrf": [IFLAVRF.table: "table"]
      case "veth": [IFLAVeth.peer: "peer"]
      default: [:]
      }
    return Dictionary(
      uniqueKeysWithValues: words.map { ([IFLA.linkInfo, IFLAInfo.data, $0.key], $0.value) })
  }

  private static let address: [[UInt16]: String] = [
    [IFA.address]: "address", [IFA.local]: "address", [IFA.broadcast]: "broadcast",
    [IFA.cacheInfo]: "valid_lft", [IFA.flags]: "noprefixroute", [IFA.metric]: "metric",
    [IFA.protocol]: "protocol",
  ]

  private static let route: [[UInt16]: String] = [
    [RTA.dst]: "dst", [RTA.oif]: "dev", [RTA.gateway]: "via", [RTA.via]: "via",
    [RTA.priority]: "metric", [RTA.prefsrc]: "src", [RTA.metrics]: "mtu",
    [RTA.metrics, RTAX.mtu]: "mtu", [RTA.metrics, RTAX.advmss]: "advmss",
    [RTA.multipath]: "nexthops", [RTA.table]: "table", [RTA.nhID]: "nhid",
  ]

  private static let neighbor: [[UInt16]: String] = [
    [NDA.dst]: "address", [NDA.lladdr]: "mac", [NDA.port]: "port", [NDA.vni]: "vni",
    [NDA.ifindex]: "via", [NDA.protocol]: "protocol",
  ]

  private static let rule: [[UInt16]: String] = [
    [FRA.dst]: "to", [FRA.src]: "from", [FRA.iif]: "iif", [FRA.oif]: "oif", [FRA.goto]: "goto",
    [FRA.priority]: "priority", [FRA.fwmark]: "fwmark", [FRA.fwmask]: "fwmark",
    [FRA.suppressPrefixLength]: "suppress_prefixlength", [FRA.table]: "lookup",
    [FRA.protocol]: "protocol", [FRA.ipproto]: "ipproto", [FRA.sport]: "sport",
    [FRA.dport]: "dport",
  ]

  private static let nexthop: [[UInt16]: String] = [
    [NHA.id]: "id", [NHA.group]: "group", [NHA.groupType]: "resilient",
    [NHA.blackhole]: "blackhole", [NHA.oif]: "dev", [NHA.gateway]: "via",
    [NHA.resilientGroup]: "resilient", [NHA.resilientGroup, NHARes.buckets]: "buckets",
    [NHA.resilientGroup, NHARes.idleTimer]: "idle_timer",
    [NHA.resilientGroup, NHARes.unbalancedTimer]: "unbalanced_timer",
  ]

  private static func nftables(_ message: UInt16) -> [[UInt16]: String] {
    switch message {
    case NFTMessage.newTable, NFTMessage.delTable:
      [[NFTATable.name]: "table", [NFTATable.flags]: "flags", [NFTATable.userdata]: "comment"]
    case NFTMessage.newChain, NFTMessage.delChain:
      [
        [NFTAChain.table]: "table", [NFTAChain.name]: "name", [NFTAChain.hook]: "hook",
        [NFTAChain.hook, NFTAHook.priority]: "prio", [NFTAChain.hook, NFTAHook.dev]: "dev",
        [NFTAChain.hook, NFTAHook.devs]: "dev", [NFTAChain.policy]: "policy",
        [NFTAChain.type]: "type", [NFTAChain.userdata]: "comment",
      ]
    case NFTMessage.newRule, NFTMessage.delRule:
      [
        [NFTARule.table]: "table", [NFTARule.chain]: "chain", [NFTARule.handle]: "handle",
        [NFTARule.position]: "position", [NFTARule.expressions]: "expr",
        [NFTARule.userdata]: "comment",
      ]
    case NFTMessage.newSet, NFTMessage.delSet:
      [
        [NFTASet.table]: "table", [NFTASet.name]: "name", [NFTASet.flags]: "flags",
        [NFTASet.keyType]: "type", [NFTASet.keyLen]: "type", [NFTASet.dataType]: "map",
        [NFTASet.dataLen]: "map", [NFTASet.objType]: "map", [NFTASet.desc]: "size",
        [NFTASet.timeout]: "timeout", [NFTASet.gcInterval]: "gc-interval",
        [NFTASet.policy]: "policy", [NFTASet.userdata]: "comment", [NFTASet.expr]: "stmt",
        [NFTASet.expressions]: "stmt",
      ]
    case NFTMessage.newElement, NFTMessage.delElement:
      [
        [NFTAElementList.table]: "table", [NFTAElementList.set]: "set",
        [NFTAElementList.elements]: "elem",
      ]
    case NFTMessage.newObject, NFTMessage.delObject:
      [
        [NFTAObject.table]: "table", [NFTAObject.name]: "name", [NFTAObject.type]: "type",
        [NFTAObject.data]: "data", [NFTAObject.userdata]: "comment",
      ]
    case NFTMessage.newFlowtable, NFTMessage.delFlowtable:
      [
        [NFTAFlowtable.table]: "table", [NFTAFlowtable.name]: "name",
        [NFTAFlowtable.hook]: "hook", [NFTAFlowtable.flags]: "flags",
        [NFTAFlowtable.hook, NFTAFlowtableHook.devices]: "dev",
        [NFTAFlowtable.hook, NFTAFlowtableHook.priority]: "prio",
      ]
    default: [:]
    }
  }

  private static let ipvs: [[UInt16]: String] = {
    var words: [[UInt16]: String] = [
      [IPVSAttribute.service]: "service", [IPVSAttribute.destination]: "destination",
      [IPVSAttribute.daemon]: "sync", [IPVSAttribute.timeoutTCP]: "tcp",
      [IPVSAttribute.timeoutTCPFin]: "tcpfin", [IPVSAttribute.timeoutUDP]: "udp",
    ]
    let service: [UInt16: String] = [
      IPVSServiceAttribute.family: "family", IPVSServiceAttribute.protocol: "protocol",
      IPVSServiceAttribute.address: "address", IPVSServiceAttribute.port: "port",
      IPVSServiceAttribute.fwmark: "mark", IPVSServiceAttribute.scheduler: "scheduler",
      IPVSServiceAttribute.flags: "flags", IPVSServiceAttribute.timeout: "persistence",
      IPVSServiceAttribute.netmask: "persistence",
      IPVSServiceAttribute.persistenceEngine: "persistence",
    ]
    for (number, word) in service { words[[IPVSAttribute.service, number]] = word }
    let destination: [UInt16: String] = [
      IPVSDestinationAttribute.address: "address", IPVSDestinationAttribute.port: "port",
      IPVSDestinationAttribute.forwarding: "forwarding",
      IPVSDestinationAttribute.weight: "weight",
      IPVSDestinationAttribute.upperThreshold: "upper_threshold",
      IPVSDestinationAttribute.lowerThreshold: "lower_threshold",
      IPVSDestinationAttribute.tunnelType: "forwarding",
      IPVSDestinationAttribute.tunnelPort: "forwarding",
    ]
    for (number, word) in destination { words[[IPVSAttribute.destination, number]] = word }
    return words
  }()
}
