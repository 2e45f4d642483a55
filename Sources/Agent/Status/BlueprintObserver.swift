import Model

/// Follows blueprints, for metrics besides each blueprint's own.
protocol BlueprintObserver: Sendable {
  /// A state file was taken.
  func update(_ desired: DesiredState)
  /// Called on the loop's thread, after a pass or after following signals.
  func note(_ availabilities: [Availability], of blueprint: any Blueprint, _ pass: BlueprintPass)
}

/// What a pass meant for a blueprint.
struct BlueprintPass: Sendable {
  /// Nil: nothing of it was to be changed.
  let isGood: Bool?
  let duration: Duration
}
