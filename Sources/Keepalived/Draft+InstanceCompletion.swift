internal import JSON
internal import Model

extension Draft {
  /// Completes an instance as keepalived does after reading it (`vrrp_complete_instance` in vrrp.c).
  mutating func complete(_ instance: inout Instance) {
    completeFamily(&instance)
    completeVersion(&instance)
    completePeers(&instance)
    completeAuthentication(&instance)
    if let place = instance.noPreempt, instance.startsAsMaster {
      note(place, "nopreempt counts only with state BACKUP, in keepalived, too: left out")
      instance.noPreempt = nil
    }
    if instance.preemptDelay > .zero, instance.startsAsMaster || instance.noPreempt != nil {
      note(
        instance.location,
        "preempt_delay is for a router that begins as a backup and preempts: left out")
      instance.preemptDelay = .zero
    }
    if instance.isStrict {
      note(
        instance.location,
        "strict mode is not carried over; what it refuses is refused here, or works as the RFC says"
      )
      // Strictly, only an owner takes packets for the addresses.
      instance.accept = instance.accept ?? false
    }
    if instance.isOwner, let place = instance.noPreempt {
      note(place, "an owner preempts, in keepalived, too: nopreempt is left out")
      instance.noPreempt = nil
    }
    // An owner's addresses are its own.
    if instance.isOwner { instance.accept = nil }
    if instance.virtual.count > 255 {
      note(instance.location, "more than 255 virtual addresses: the rest is not advertised")
    }
  }

  /// The first virtual address decides, then the source, then a peer.
  private mutating func completeFamily(_ instance: inout Instance) {
    let family =
      instance.virtual.first?.address.family ?? instance.family ?? instance.source?.address.family
      ?? instance.peers.first?.address.family ?? .inet
    instance.family = family
    for address in instance.virtual where address.address.family != family {
      note(
        address.location,
        "\(address.prefix) is of the other family: it moves, too, and is not advertised")
    }
    instance.excluded =
      instance.virtual.filter { $0.address.family != family } + instance.excluded
    instance.virtual.removeAll { $0.address.family != family }
    if let source = instance.source, source.address.family != family {
      note(source.location, "\(source.address) is of the other family: left out")
      instance.source = nil
    }
    if let source = instance.source, !instance.isOwner,
      (instance.virtual + instance.excluded).contains(where: { $0.address == source.address })
    {
      note(source.location, "\(source.address) is a virtual address, which moves: left out")
      instance.source = nil
    }
  }

  private mutating func completeVersion(_ instance: inout Instance) {
    if instance.family == .inet6 { instance.version = 3 }
    let (unit, most): (Int64, Int64) =
      instance.version == 2 ? (1_000, 40_000) : (10, 40_950)
    let stated = instance.interval.milliseconds
    let interval = min(max((stated + unit - 1) / unit * unit, unit), most)
    if interval != stated {
      note(
        instance.location,
        "advert_int \(instance.interval.text) is \(Duration.milliseconds(interval).text) in version "
          + "\(instance.version): peers of version 2 must have the same")
    }
    instance.interval = .milliseconds(interval)
    if instance.version == 2 { instance.checksum = nil }
  }

  private mutating func completePeers(_ instance: inout Instance) {
    let own = (instance.virtual + instance.excluded).map(\.address)
    var known: Set<IPAddress> = []
    instance.peers.removeAll { location, address in
      let fault: String? =
        if address.family != instance.family {
          "is of the other family"
        } else if address.isMulticast || address.isUnspecified || address.isLoopback {
          "is no address of a machine on the link"
        } else if address == instance.source?.address {
          "is this machine's own"
        } else if own.contains(address) {
          "is a virtual address"
        } else if !known.insert(address).inserted {
          "is there already"
        } else {
          nil
        }
      if let fault { note(location, "the peer \(address) \(fault): left out") }
      return fault != nil
    }
    if instance.isUnicast, instance.peers.isEmpty {
      note(instance.location, "unicast without a peer: it is multicast now")
    }
  }

  private mutating func completeAuthentication(_ instance: inout Instance) {
    guard let (location, type, password) = instance.authentication else { return }
    let reason: String? =
      if instance.version != 2 {
        "version 3 has no passwords; \"hmac\" is for both ends alike"
      } else if type != "PASS" {
        "only PASS is: without it, peers refuse each other"
      } else if (password ?? "").isEmpty {
        "there is no auth_pass"
      } else {
        nil
      }
    if let reason {
      note(location, "\"authentication\" is not carried over: \(reason)")
      instance.authentication = nil
      return
    }
    let bytes = Array(password!.utf8)
    if bytes.count > 8 { note(location, "auth_pass: the first 8 bytes count, in keepalived, too") }
    let kept = Array(bytes.prefix(8))
    guard kept.first?.isSpace == false, kept.last?.isSpace == false,
      kept.allSatisfy({ $0 >= 0x20 && $0 < 0x7f })
    else {
      note(
        location,
        "\"authentication\" is not carried over: a password is 1 to 8 printable characters, and no "
          + "blank at an end")
      instance.authentication = nil
      return
    }
    instance.authentication!.password = kept.string
  }
}

extension Duration {
  fileprivate var milliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}
