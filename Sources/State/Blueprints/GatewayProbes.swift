import Blueprints
internal import JSON
internal import Model

/// How gateways are tested: templates that each member completes.
struct GatewayProbes {
  /// Under the member's own name; nil: none.
  var own: ProbeTemplate?
  /// `gw0.tunnel` and the like, by the name's last part.
  var named: [(name: String, test: Test)] = []

  struct Test {
    var template: ProbeTemplate
    /// Whom it asks through the gateway's tunnel; nil: it asks the gateway.
    var address: IPAddress?
  }

  static let usual = GatewayProbes(
    own: ProbeTemplate(Probe(name: "", question: .gluetun(Probe.Gluetun(address: .nobody)))))

  /// Gives the member its probes; returns what is wrong with one of them for it.
  func complete(_ member: inout Gateways.Member, mark: UInt32) -> String? {
    func probe(_ template: ProbeTemplate, _ name: String) -> Probe? {
      if member.host != nil { return template.probe(named: name, at: .nobody) }
      return member.addresses.first { template.family == nil || $0.family == template.family }
        .map { template.probe(named: name, at: $0) }
    }
    let missing = "its \"source\" is of a family of which not every gateway has an address"
    (member.probes, member.tunnelProbes) = ([], [])
    if let own {
      guard let probe = probe(own, member.name) else { return missing }
      member.probes.append(probe)
    }
    for (name, test) in named {
      let full = "\(member.name).\(name)"
      guard let address = test.address else {
        guard let probe = probe(test.template, full) else { return missing }
        member.probes.append(probe)
        continue
      }
      if member.host == nil, !member.addresses.contains(where: { $0.family == address.family }) {
        return "\"\(name)\" asks \"\(address)\", and not every gateway has an address of its family"
      }
      var probe = test.template.probe(named: full, at: address)
      probe.mark = Mark(mark)
      member.tunnelProbes.append(probe)
    }
    return askAddressesThroughTunnel(&member, mark)
  }

  /// A gateway's public address is the one that its own tunnel's packets have.
  private func askAddressesThroughTunnel(_ member: inout Gateways.Member, _ mark: UInt32) -> String?
  {
    for index in member.probes.indices { member.probes[index].askAddresses(with: Mark(mark)) }
    for index in member.tunnelProbes.indices {
      member.tunnelProbes[index].askAddresses(with: Mark(mark))
    }
    if member.host != nil { return nil }
    let families = member.addresses.map(\.family)
    let source = member.allProbes.flatMap(\.addressSources).first {
      $0.isAsked && !families.contains($0.family)
    }
    return source.map {
      "\"public_address\" asks for one of \"\($0.family.rawValue)\", of which \"\(member.name)\" has no "
        + "address to be reached by"
    }
  }
}

extension ObjectReader {
  /// The tests under these two keys; nil if neither is stated.
  mutating func gatewayProbes(_ probe: Key, _ probes: Key) -> GatewayProbes? {
    guard has(probe) || has(probes) else { return nil }
    var tests = GatewayProbes()
    if value(probe)?.string != "none" {
      tests.own =
        object(probe, "probe") { (object: inout ObjectReader<ProbeKey>) in
          object.probeTemplate()
        } ?? nil
    }
    var isWhole = true
    eachNamed(probes) { findings, name, value in
      do throws(Mismatch) {
        _ = try testNameForm.parse(name)
      } catch {
        findings.report(error.message, part: .key)
        isWhole = false
      }
      var reader = ObjectReader<ProbeKey>(findings, "probe")
      if reader.open(value), let test = reader.gatewayTest(), reader.isSound {
        tests.named.append((name, test))
      } else {
        isWhole = false
      }
    }
    if !isWhole { spoil(probes) }
    if value(probes)?.members != nil, count(probes) == 0 { report(probes, "must not be empty") }
    return tests
  }
}

extension ObjectReader<ProbeKey> {
  /// With an address, a question to that address through the gateway's tunnel.
  fileprivate mutating func gatewayTest() -> GatewayProbes.Test? {
    guard has(.address) else { return probeTemplate().map { GatewayProbes.Test(template: $0) } }
    refuse([.mark]) { "\($0) is each gateway's own, by which its tunnel is asked: leave it out" }
    guard let (template, address) = tunnelTemplate() else { return nil }
    return GatewayProbes.Test(template: template, address: address)
  }
}

/// A probe's name is its gateway's, a dot and this.
private let testNameForm = TextForm.name(of: "probe", most: 31)
