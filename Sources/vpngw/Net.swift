import Agent
import ArgumentParser

struct Net: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Work out a whole VPN network from one page.",
    discussion: """
      Prints who has which addresses, the MTU of every hop and which one limits it, and the clients' \
      routes. --out writes that and a picture of it, the state file of every role, and manifests for \
      Kubernetes. Overlaps, too few addresses and an MTU that would fragment are mistakes of the page.
      """)

  @Argument(help: "The page; - is standard input.", completion: .file(extensions: ["json"]))
  var file: String

  @Option(
    help: "Write everything into this directory; replaces only what vpngw net made.",
    completion: .directory)
  var out: String?

  @Option(
    name: .customLong("print"),
    help: ArgumentHelp(
      "Print one of those files instead, such as router/router.json.", valueName: "path"))
  var printed: String?

  @OptionGroup var common: Common

  func run() throws {
    var options = Session.NetOptions()
    options.out = out
    options.file = printed
    options.image = Vpngw.configuration.version.replacing(" ", with: ":")
    try common.run { try $0.net(file, options) }
  }
}
