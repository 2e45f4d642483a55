internal import JSON
internal import Model

/// A `vrrp_instance` as far as it has been read, with keepalived's defaults.
struct Instance {
  let location: Location
  /// In the state file.
  let name: String
  var link: LinkName?
  var id: UInt8?
  var version: Int
  var priority = 100
  var interval = Duration.seconds(1)
  /// `state MASTER`.
  var startsAsMaster = false
  /// `nopreempt`, and where it stands.
  var noPreempt: Location?
  var preemptDelay = Duration.zero
  var accept: Bool?
  var isStrict: Bool
  var family: Family?
  var source: (location: Location, address: IPAddress)?
  var peers: [(location: Location, address: IPAddress)] = []
  var isUnicast = false
  var checksum: String?
  /// The MAC's link, by name; its name is keepalived's if it states none.
  var vmac: (location: Location, link: String?)?
  /// `use_vmac_addr`.
  var hasMACsForAddresses = false
  var tracks: [Tree] = []
  var authentication: (location: Location, type: String, password: String?)?
  var virtual: [VirtualAddress] = []
  var excluded: [VirtualAddress] = []
  var routes: [Statement] = []
  var rules: [Statement] = []

  /// The condition of the objects that move with this virtual router.
  var when: Tree { .string("vrrp.\(name)") }
  var isOwner: Bool { priority == 255 }
}

/// What `global_defs` says for all instances.
struct VRRPDefaults {
  var version = 2
  var isStrict = false
  var startupDelay = Duration.zero
  /// The link of addresses that state none and belong to no instance.
  var link = LinkName("eth0")!
}

/// The instances of a `vrrp_sync_group`.
struct SyncGroup {
  let name: String
  /// `sync_group_tracking_weight`: what its members track keeps its weight.
  var keepsWeights = false
  var statements: [Statement]
}
