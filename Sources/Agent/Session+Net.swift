internal import Glibc
internal import JSON
internal import Manifests
internal import NetworkDesign
internal import State

extension Session {
  public struct NetOptions: Sendable {
    /// The directory to write everything into.
    public var out: String?
    /// The path of the one file to print.
    public var file: String?
    /// vpngw's image.
    public var image = ""

    public init() {}
  }

  /// `vpngw net FILE`: what follows from the description of a network.
  public func net(_ path: String, _ net: NetOptions) throws -> Int32 {
    let bytes = try File.read(path, limit: 1 << 20)
    let design: NetworkDesign
    do throws(Problems) {
      design = try NetworkDescriptionFile.decode(bytes)
    } catch {
      report([(path, error.list)])
      return Status.failed
    }
    if net.file == nil {
      let report = NetworkReport(design)
      Console.print(options.isJSON ? report.tree.text() : report.text)
      if net.out == nil { return Status.done }
    }
    let files = NetworkFiles(design, image: net.image).all
    if let name = net.file {
      guard let file = files.first(where: { $0.path == name }) else {
        throw CommandError(
          "--print \(name): there is no such file; there are:\n"
            + files.map { "  \($0.path)" }.joined(separator: "\n"))
      }
      Console.print(file.text)
    }
    if let directory = net.out { try write(files, into: directory, net) }
    return Status.done
  }

  /// Nothing is written if something isn't ours to write.
  private func write(
    _ files: [GeneratedFile], into directory: String, _ net: NetOptions
  ) throws {
    for file in files {
      let path = "\(directory)/\(file.path)"
      guard File.exists(path) else { continue }
      let head = String(decoding: try File.read(path).prefix(1 << 10), as: UTF8.self)
      guard head.contains(GeneratedFile.origin) else {
        throw CommandError("\(path): there already, and not made by vpngw net: move it away first")
      }
    }
    for file in files {
      let path = "\(directory)/\(file.path)"
      try makeDirectories(above: path)
      let new = Array(file.text.utf8)
      if let present = try? File.read(path), present == new { continue }
      try File.replace(path, with: new, mode: 0o644)
    }
    // With --json the report alone is on standard output.
    Console.complain("vpngw: \(directory): \(files.count) files\n")
  }

  private func makeDirectories(above path: String) throws(FileError) {
    for slash in path.indices where path[slash] == "/" && slash > path.startIndex {
      let directory = String(path[..<slash])
      if mkdir(directory, 0o755) != 0, errno != EEXIST {
        throw FileError(path: directory, verb: "make", code: errno)
      }
    }
  }
}
