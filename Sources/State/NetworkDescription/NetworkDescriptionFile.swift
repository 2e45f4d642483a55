internal import JSON
internal import Model
public import NetworkDesign

/// The one page that describes a VPN network, for `vpngw net`.
public enum NetworkDescriptionFile {
  /// Throws every mistake in it, also what can't work: overlaps, too few addresses, an MTU that fragments.
  public static func decode(_ bytes: [UInt8]) throws(Problems) -> NetworkDesign {
    let document: Document
    do throws(SyntaxError) {
      document = try Document(bytes, allowsComments: true)
    } catch {
      throw Problems(list: [Problem(place: error.place, pointer: nil, message: error.sentence)])
    }
    let findings = Findings(names: Names())
    var reader = ObjectReader<NetworkDescriptionKey>(findings, "network description")
    let description = reader.open(document.root) ? reader.description() : nil
    if reader.isSound, let description {
      for problem in description.problems {
        let path = problem.path.map { step -> Pointer.Component in
          switch step {
          case .key(let key): .key(key)
          case .index(let index): .index(index)
          }
        }
        // What isn't stated is blamed on the page as a whole.
        let isStated = document.root[problem.path] != nil
        findings.report(at: Pointer(isStated ? path : []), problem.message)
      }
    }
    let problems = findings.problems(in: document)
    guard problems.isEmpty, let description else { throw Problems(list: problems) }
    return NetworkDesign(description)
  }
}

extension JSON.Value {
  fileprivate subscript(path: [DescriptionProblem.Step]) -> JSON.Value? {
    path.reduce(self) { value, step in
      switch step {
      case .key(let key): value?[key]
      case .index(let index): value?[index]
      }
    }
  }
}
