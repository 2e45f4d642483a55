import Foundation
import PackagePlugin

/// Puts schemas/state.json, the one place where it is written, into the program as a string.
@main
struct EmbedSchema: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
    let schema = context.package.directoryURL.appending(path: "schemas/state.json")
    let source = context.pluginWorkDirectoryURL.appending(path: "StateSchema.swift")
    // A raw string: what is between its quotes stands for itself.
    let script = """
      printf 'extension Schema { static let text: StaticString = ##%s\\n' "$3" >"$2" &&
        cat "$1" >>"$2" && printf '%s## }\\n' "$3" >>"$2"
      """
    return [
      .buildCommand(
        displayName: "Embedding schemas/state.json", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", script, "sh", schema.path(), source.path(), "\"\"\""],
        inputFiles: [schema], outputFiles: [source])
    ]
  }
}
