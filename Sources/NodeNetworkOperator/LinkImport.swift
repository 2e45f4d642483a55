public import JSON
internal import Model
internal import YAML

/// Link resources of node-network-operator as a state file, and what of them is not in there.
public struct LinkImport {
  public struct Note: CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    public var description: String { "\(path):\(line): \(message)" }
  }

  /// Not even YAML or JSON.
  public struct Unreadable: Error, CustomStringConvertible {
    public let description: String
  }

  public private(set) var notes: [Note] = []

  private let path: String
  private var resources: [LinkResource] = []
  private var nodes: Nodes = Nodes()
  private var links: [Tree] = []

  public init(_ path: String, _ bytes: [UInt8]) throws(Unreadable) {
    self.path = path
    for document in try Self.documents(path, bytes) { read(document) }
    drop()
    write()
  }

  private mutating func note(_ line: Int, _ message: String) {
    notes.append(Note(path: path, line: line, message: message))
  }

  // MARK: - Reading

  private static func documents(_ path: String, _ bytes: [UInt8]) throws(Unreadable) -> [YAML] {
    let first = bytes.first { ![9, 10, 13, 32].contains($0) }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      do throws(JSON.SyntaxError) {
        let document = try Document(bytes)
        defer { withExtendedLifetime(document) {} }
        return [YAML(document.root)]
      } catch {
        throw Unreadable(description: "\(path):\(error)")
      }
    }
    do throws(YAML.SyntaxError) {
      return try YAML.documents(bytes)
    } catch {
      throw Unreadable(description: "\(path):\(error)")
    }
  }

  private static let group = "nodenetworkoperator.soliddowant.dev/"

  private mutating func read(_ value: YAML) {
    if let elements = value.elements {
      for element in elements { read(element) }
      return
    }
    let kind = value["kind"]?.string ?? "none"
    let version = value["apiVersion"]?.string ?? ""
    if kind == "List" || kind == "LinkList", let items = value["items"]?.elements {
      for item in items { read(item, in: kind) }
      return
    }
    read(item: value, kind, version)
  }

  /// The items of a `LinkList` needn't say what they are.
  private mutating func read(_ item: YAML, in list: String) {
    if list == "LinkList", item["kind"] == nil {
      read(item: item, "Link", Self.group + "v1alpha1")
    } else {
      read(item)
    }
  }

  private mutating func read(item: YAML, _ kind: String, _ version: String) {
    let name = item["metadata"]?["name"]?.string.map { " \"\($0)\"" } ?? ""
    guard kind == "Link", version.hasPrefix(Self.group) else {
      return note(item.line, "a resource of kind \(kind)\(name) is not carried over")
    }
    if version != Self.group + "v1alpha1" {
      note(item.line, "\(version) is read as v1alpha1")
    }
    var said: [(Int, String)] = []
    let reader = LinkResourceReader { said.append(($0, $1)) }
    let resource = reader.resource(item)
    for (line, sentence) in said { note(line, sentence) }
    guard let resource else { return }
    if resources.contains(where: { $0.name == resource.name }) {
      return note(resource.place, "another Link is called \"\(resource.name)\": left out")
    }
    resources.append(resource)
  }

  // MARK: - References

  private func resource(_ name: String) -> LinkResource? { resources.first { $0.name == name } }

  /// Leaves out links whose references lead nowhere, and then those that need them.
  private mutating func drop() {
    var hasDropped = true
    while hasDropped {
      hasDropped = false
      for resource in resources {
        for (key, reference) in resource.references where !reference.isOptional {
          let sentence: String? =
            if reference.name == resource.name {
              "refers to itself"
            } else if self.resource(reference.name) == nil {
              "is Link \"\(reference.name)\", which isn't here"
            } else {
              nil
            }
          guard let sentence else { continue }
          note(reference.place, "\(resource.name): \"\(key)\" \(sentence): left out")
          resources.removeAll { $0.name == resource.name }
          hasDropped = true
          break
        }
      }
    }
  }

  /// The selectors that must hold for a link and all that it needs.
  private func selectors(
    of resource: LinkResource, _ seen: inout Set<String>
  ) -> [[LinkResource.Requirement]] {
    guard seen.insert(resource.name).inserted else { return [] }
    var selectors = resource.selector.isEmpty ? [] : [resource.selector]
    for (_, reference) in resource.references where !reference.isOptional {
      guard let needed = self.resource(reference.name) else { continue }
      selectors += self.selectors(of: needed, &seen)
    }
    return selectors
  }

  // MARK: - Writing

  private mutating func write() {
    var owners: [LinkName: (resource: String, terms: [Term])] = [:]
    for resource in resources {
      if case .unmanaged = resource.spec { continue }
      var seen: Set<String> = []
      var terms: [Term] = []
      for selector in selectors(of: resource, &seen) {
        for term in nodes.terms(for: selector, of: resource.name) where !terms.contains(term) {
          terms.append(term)
        }
      }
      if let owner = owners[resource.interface] {
        // The operator makes neither; here the first one wins where both are meant for a node.
        guard owner.terms.count == 1 else {
          note(
            resource.place,
            "\(resource.name): \(resource.interface) is Link \"\(owner.resource)\" already: left out"
          )
          continue
        }
        note(
          resource.place,
          "\(resource.name): \(resource.interface) is Link \"\(owner.resource)\" on nodes that both "
            + "select")
        if !terms.contains(owner.terms[0].negated) { terms.append(owner.terms[0].negated) }
      } else {
        owners[resource.interface] = (resource.name, terms)
      }
      links.append(tree(resource, terms))
    }
    var unmanaged: [LinkName] = []
    for resource in resources {
      guard case .unmanaged = resource.spec, owners[resource.interface] == nil,
        !unmanaged.contains(resource.interface)
      else { continue }
      unmanaged.append(resource.interface)
    }
    links =
      unmanaged.map { .object([("name", .string($0.text)), ("managed", false)]) } + links
    if !nodes.isEmpty {
      note(
        1,
        "nodes are selected by their labels in \(NodeSelection.usualFile), a key=value a line: see "
          + "docs/nodes.md")
    }
  }

  private mutating func tree(_ resource: LinkResource, _ terms: [Term]) -> Tree {
    var members: [(String, Tree)] = [("name", .string(resource.interface.text))]
    switch resource.spec {
    case .unmanaged: break
    case .bridge(let mtu):
      members.append(("type", "bridge"))
      if let mtu { members.append(("mtu", .integer(mtu))) }
    case .vxlan(let vxlan):
      members.append(("type", "vxlan"))
      members.append(("id", .integer(vxlan.id)))
      members.append(
        (vxlan.remote.isMulticast ? "group" : "remote", .string("\(vxlan.remote)")))
      if let name = target(of: vxlan.device, "device", resource) { members.append(("dev", name)) }
      if vxlan.port != 4789 { members.append(("dstport", .integer(vxlan.port))) }
      let (first, last) = vxlan.sourcePorts
      members.append(
        ("srcport", first == last ? .integer(first) : .string("\(first)-\(last)")))
      // The operator's netlink library turns it off unless told otherwise.
      members.append(("learning", false))
      if let mtu = vxlan.mtu { members.append(("mtu", .integer(mtu))) }
      if let name = target(of: vxlan.master, "master", resource) {
        members.append(("master", name))
      }
    }
    if let when = Term.tree(terms) { members.append(("when", when)) }
    return .object(members)
  }

  private mutating func target(
    of reference: LinkResource.Reference?, _ key: String, _ resource: LinkResource
  ) -> Tree? {
    guard let reference else { return nil }
    guard let target = self.resource(reference.name), target.name != resource.name else {
      note(
        reference.place,
        "\(resource.name): its optional \"\(key)\", Link \"\(reference.name)\", isn't here, and is "
          + "left out")
      return nil
    }
    if reference.isOptional {
      note(
        reference.place,
        "\(resource.name): \"optional\" is not carried over: it waits for its \"\(key)\", "
          + "\(target.interface)")
    }
    return .string(target.interface.text)
  }

  public var tree: Tree {
    var sections: [(String, Tree)] = [("version", 1)]
    if !nodes.isEmpty { sections.append(("nodes", nodes.tree)) }
    if !links.isEmpty { sections.append(("links", .array(links))) }
    return .object(sections)
  }
}
