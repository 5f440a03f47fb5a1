// Package panguard compares how two sides' Panguard lets tool calls and
// requests through: the ConfigMaps labelled
// `clawql.io/security-config: panguard-policy`, and the variables of the
// gateway's containers.
//
// # Policies
//
// A policy has four keys (the names are ours): `mode` (learning, report-only,
// protection), `failMode` (open, closed; closed where it is not set),
// `blocked-tools.json` and `allowed-tools.json` (JSON arrays of tool names; `*`
// in the block list is every tool). Only protection denies; report-only lets a
// call through and says so, learning just lets it through. Where both sides
// protect, lists and fail modes are compared. What an allow list does is
// settled nowhere: a tool on one is no witness, and allow lists that differ are
// "different". So is whatever another key says. A side that has no policy where
// the other protects denies nothing.
//
// # Variables
//
// Each has the meaning that ClawQL's sources give it, and no other: in-process
// blocking is on where CLAWQL_PANGUARD_PROXY_PLUGIN and
// CLAWQL_PANGUARD_IN_PROCESS are both 1, and holds for the tools of
// CLAWQL_PANGUARD_BLOCK_TOOLS. A value that they do not name, one from
// elsewhere (valueFrom, envFrom) or one with $(REFERENCES) is "different".
package panguard
