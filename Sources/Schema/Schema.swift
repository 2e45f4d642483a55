/// The JSON Schema of state files, as schemas/state.json has it.
public enum Schema {
  /// The file's text.
  public static var state: String { "\(text)\n" }
}
