// Package canary judges a canary against its baseline: promote, roll back, or
// say that it could not tell. It is pure: no I/O and no clock; ticks bring
// their own time.
//
// # What is judged
//
// Events (an unhandled 500 on the canary, a critical Falco alert, a canary that
// is not ready or restarts) roll back at once. Otherwise the share of blocked
// calls decides: the canary is rolled back when the evidence that it blocks
// more reaches 1/alpha and the estimated increase is above the allowed one. It
// is promoted when the window is covered: each covered second lies between two
// ticks in which every canary pod and a baseline pod were read and the logs
// followed. What is missing extends the window, up to a cap; beyond it the
// answer is inconclusive, never a promotion.
//
// # The evidence
//
// Given all blocks of a stretch of time, each fell on the canary with the odds
// of its requests, if it is no worse; with r times those odds, if it blocks r
// times as much. The likelihood ratio of the two, mixed over r from 1.15 to 10
// and over nine and more possible beginnings, is an e-value: a canary that is no
// worse ever reaches 1/alpha with a probability of at most alpha, however often
// one looks (Ville; Robbins; Wald's test is the case of one r). Odds are taken
// stretch by stretch, so a wave of attacks on both sides is no difference.
// Nothing needs the baseline to have blocks.
//
// # Clumping
//
// Blocks come in bursts, one hostile session each, and the traffic is split by
// session: twenty blocks may be one coin's toss. The test on single blocks then
// rolls back half of all good versions. So the log-likelihood ratio is divided
// by phi, the variance of block counts over that of independent ones (Wedderburn's
// quasi-likelihood; exact for bursts of equal size), and phi is learned from the
// baseline's own pods: at batch lengths of 1 to 128 ticks, how unlike each other
// are they, given their sum? Pods are compared within the same seconds, so
// that a wave is not taken for clumping; a single pod is compared with its
// past. phi is an estimate, so the exponential becomes the power law of
// Student's t with as many degrees of freedom as phi has, and of all batch
// lengths the least favourable one counts. Two others were tried in simulation:
// phi as estimated, without its uncertainty, rolls back 3 to 20 % of good
// versions, most of them in the first minute; the likelihood of bursts of
// geometric size, in place of a division by phi, sees only a quarter as many
// of the doublings when bursts are of equal size.
//
// # Where it is weak
//
//   - Without lessons of an earlier deploy (Judge.Teach) it has to learn phi
//     first: a doubling at 100 calls a second, 2 % blocked singly, 5 % on the
//     canary takes about 7 minutes, with lessons about 4; knowing phi to be 1
//     would take 3. Tick the baseline alone while the canary starts.
//   - Sessions that block for longer than about a minute are seen in part: at
//     bursts of 20 over 60 to 100 s 1 to 2 % of good versions are rolled back.
//     A single baseline pod also makes it slow: a doubling takes 11 minutes.
//   - Bursts of 20 leave nine sessions on the canary in 30 minutes: a doubling
//     is then caught in a fifth of the runs. No test can do much better; more
//     weight, a longer window or paired probes can.
//   - The first burst of a hostile giant, unlike any the baseline had, may fall
//     on the canary. While the baseline has no blocks at all, the canary's own
//     clumping is used for that reason.
//
// The simulations of these claims: go test ./shared/canary -run
// TestPrintOperatingCharacteristics -v -args -long
package canary
