// Package atr compares two sides' Agent Threat Rules: the YAML files in
// ConfigMaps labelled `clawql.io/security-config: panguard-rules`.
//
// A rule is the same rule by its id, whatever file holds it. Two rules with one
// id are compared by what they do: each test case of both sides (true
// positives, true negatives, evasion tests) is replayed on both, as `atr test`
// of agent-threat-rules 4.0.0 replays it. An input that only one side's rule
// triggers on is the witness; where both trigger, the one that restrains less,
// calls the match less severe or responds by itself less often is the more
// permissive. Thresholds of metrics are tried with values around them.
//
// A rule that is missing, or whose status is draft or deprecated (the engine
// skips it), triggers on nothing.
//
// What is compared is the rule alone: another rule of the side may trigger on
// the same input. A change of what is detected that no test case of either side
// shows is "different". Rules that need a session, a trace or a model, named
// conditions, conditions of a language, and rules that pass over code blocks
// cannot be replayed: where they differ, the result is incomplete. So it is
// with a regex that cannot be read, or that takes longer than a second.
package atr
