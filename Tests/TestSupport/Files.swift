import Glibc

/// The content of a file.
public func readFile(_ path: String) throws -> [UInt8] {
  guard let file = fopen(path, "r") else {
    throw CommandFailed(description: "\(path): \(String(cString: strerror(errno)))")
  }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
}

public func writeFile(_ path: String, _ text: String) throws {
  guard let file = fopen(path, "w") else {
    throw CommandFailed(description: "\(path): \(String(cString: strerror(errno)))")
  }
  fputs(text, file)
  fclose(file)
}

/// The names in a directory with this ending, sorted.
public func fileNames(in directory: String, ending: String) throws -> [String] {
  guard let stream = opendir(directory) else {
    throw CommandFailed(description: "\(directory): \(String(cString: strerror(errno)))")
  }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name.hasSuffix(ending) { names.append(name) }
  }
  return names.sorted()
}
