import NetworkDesign
import State
import TestSupport

let checkout = String(#filePath.dropLast("/Tests/ManifestsTests/Page.swift".count))

/// The network that the project began with.
let seedPage = "\(checkout)/deploy/net.json"

/// The page's text, with more members at its beginning.
func page(_ path: String, adding members: String = "") throws -> NetworkDesign {
  let text = String(decoding: try readFile(path), as: UTF8.self)
  return try NetworkDescriptionFile.decode(
    Array(text.replacing("\"version\": 1,", with: "\"version\": 1, \(members)").utf8))
}
