package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

func statusCommand() *cli.Command {
	c := command{}
	return &cli.Command{Name: "status", ArgsUsage: "[ENVIRONMENT]", Usage: "what serves, and how far a deploy is",
		Flags:  c.flags(envFlag(), &cli.BoolFlag{Name: "watch", Aliases: []string{"w"}, Usage: "go on until the deploy has ended"}),
		Action: c.status}
}

// watch connects for reading.
func (c *command) watch(ctx *cli.Context) (options, *deploy.Watcher, error) {
	if err := noDryRun(ctx); err != nil {
		return options{}, nil, err
	}
	o, err := c.complete(ctx)
	if err != nil {
		return o, nil, err
	}
	w, err := deploy.Watch(ctx.Context, o.inputs)
	return o, w, err
}

func (c *command) status(ctx *cli.Context) error {
	o, w, err := c.watch(ctx)
	if err != nil {
		return err
	}
	if ctx.Bool("watch") && !o.format.Structured() {
		return follow(ctx.Context, o, w)
	}
	s, err := w.Status(ctx.Context)
	if err != nil {
		return err
	}
	if o.format.Structured() {
		return output.Encode(o.streams.Out, o.format, s)
	}
	_, err = fmt.Fprintln(o.streams.Out, strings.Join(statusLines(o.streams.Paint(o.streams.Out), s), "\n"))
	return err
}

// follow redraws until no deploy is under way.
func follow(ctx context.Context, o options, w *deploy.Watcher) error {
	live := o.streams.Live(o.streams.Out)
	defer live.Close()
	for {
		s, err := w.Status(ctx)
		if err != nil {
			return err
		}
		live.Update(watchLine(s), statusLines(o.streams.Paint(o.streams.Out), s))
		if s.Newest == nil || s.Newest.Phase.Ended() || s.Newest.Phase == deploy.Unverified {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func watchLine(s *deploy.Status) string {
	if s.Newest == nil {
		return s.Environment + ": never deployed by this command"
	}
	return fmt.Sprintf("%s: deploy %d %s, weights %d/%d", s.Environment, s.Newest.Number, s.Newest.Phase, s.StableWeight, s.CanaryWeight)
}

func statusLines(paint console.Paint, s *deploy.Status) []string {
	lines := append(place(paint, s.Environment, s.Context, s.Namespace, s.Gateway),
		fmt.Sprintf("  serves      %s   %s", shortDigest(s.Image), s.Stable),
		fmt.Sprintf("  weights     stable %d, canary %d   %s", s.StableWeight, s.CanaryWeight, s.Canary))
	if s.Holder != nil {
		lines = append(lines, fmt.Sprintf("  lock        %s, since %s", console.Clean(s.Holder.Identity), s.Holder.Since.UTC().Format(time.RFC3339)))
	}
	if s.Newest == nil {
		return append(lines, "  deploys     none by this command")
	}
	return append(lines, newestLines(paint, s.Newest)...)
}

func newestLines(paint console.Paint, r *deploy.Record) []string {
	last := r.Phases[len(r.Phases)-1]
	lines := []string{fmt.Sprintf("  deploy %-4d %s   %s   %.7s %s", r.Number, phaseWord(paint, r.Phase), ago(last.At, time.Now()), r.Commit.ID, console.Clean(r.Commit.Subject))}
	if r.Reason != "" {
		for _, line := range wrap(console.Clean(r.Reason), 66) {
			lines = append(lines, indent+line)
		}
	}
	if r.Verdict != nil && !r.Phase.Ended() {
		lines = append(lines, fmt.Sprintf("              %s of %s covered, canary %s requests, %s blocked", clock(r.Verdict.Covered), clock(r.Criteria.Window),
			grouped(r.Verdict.Canary.Requests), grouped(r.Verdict.Canary.Blocks)))
	}
	return lines
}

func phaseWord(paint console.Paint, p deploy.Phase) string {
	switch p {
	case deploy.Promoted:
		return paint.Good(string(p))
	case deploy.RolledBack, deploy.Unverified:
		return paint.Bad(string(p))
	}
	return paint.Warn(string(p))
}

func historyCommand() *cli.Command {
	c := command{}
	return &cli.Command{Name: "history", ArgsUsage: "[ENVIRONMENT]", Usage: "earlier deploys, and the evidence of one",
		Flags: c.flags(envFlag(), &cli.Int64Flag{Name: "show", Usage: "all that was recorded of deploy `NUMBER`"}), Action: c.history}
}

// histories is what -o json prints (kind DeployHistory).
type histories struct {
	output.Header `json:",inline"`
	Records       []*deploy.Record `json:"records"`
}

func (c *command) history(ctx *cli.Context) error {
	o, w, err := c.watch(ctx)
	if err != nil {
		return err
	}
	records, err := w.History(ctx.Context)
	if err != nil {
		return err
	}
	if number := ctx.Int64("show"); ctx.IsSet("show") {
		return show(o, records, number)
	}
	if o.format.Structured() {
		return output.Encode(o.streams.Out, o.format, histories{output.Head("DeployHistory"), records})
	}
	return listHistory(o.streams.Out, o.streams.Paint(o.streams.Out), records)
}

func show(o options, records []*deploy.Record, number int64) error {
	i := slices.IndexFunc(records, func(r *deploy.Record) bool { return r.Number == number })
	if i < 0 {
		return fault.Usage("%s has no record of deploy %d", o.inputs.Environment, number).
			Hint("kubectl clawql deploy history %s", o.inputs.Environment)
	}
	if o.format.Structured() {
		return output.Encode(o.streams.Out, o.format, records[i])
	}
	printRecord(o.streams.Out, o.streams.Paint(o.streams.Out), records[i])
	return nil
}

func listHistory(w io.Writer, paint console.Paint, records []*deploy.Record) error {
	table := output.Rows{}
	table.Add("DEPLOY", "STARTED (UTC)", "TOOK", "COMMIT", "VERSION", "END", "REASON")
	for _, r := range records {
		took := ""
		if !r.Ended.IsZero() {
			took = r.Ended.Sub(r.Started).Truncate(time.Second).String()
		}
		table.Add(fmt.Sprint(r.Number), r.Started.UTC().Format("2006-01-02 15:04:05"), took, fmt.Sprintf("%.7s", r.Commit.ID),
			shortDigest(r.To), phaseWord(paint, r.Phase), console.Truncate(console.Clean(r.Reason), 70))
	}
	return table.Write(w)
}

func printRecord(w io.Writer, paint console.Paint, r *deploy.Record) {
	fmt.Fprintf(w, "deploy %d of %s   %s\n", r.Number, r.Environment, phaseWord(paint, r.Phase))
	if r.Reason != "" {
		fmt.Fprintf(w, "  reason      %s\n", console.Clean(r.Reason))
	}
	fmt.Fprintf(w, "  version     %s  ->  %s\n  commit      %s  %s\n  by          %s\n", shortDigest(r.From), shortDigest(r.To),
		r.Commit.ID, console.Clean(r.Commit.Subject), console.Clean(r.By))
	for _, g := range r.Gates {
		fmt.Fprintf(w, "  gate        %s: %s: %s\n", g.Gate, g.Verdict, console.Clean(g.Summary))
		for _, e := range g.Evidence {
			fmt.Fprintf(w, "              %s: %s\n", console.Clean(e.Subject), console.Clean(e.Fact))
		}
	}
	for _, e := range r.Exceptions {
		fmt.Fprintf(w, "  excepted    %s\n", console.Clean(e.String()))
	}
	for _, p := range r.Phases {
		fmt.Fprintf(w, "  %s  %-12s %s\n", p.At.UTC().Format("15:04:05"), p.Phase, console.Clean(p.Note))
	}
	if v := r.Verdict; v != nil {
		fmt.Fprintf(w, "  judged      %s: %s\n", v.Decision, console.Clean(v.Reason))
	}
	for _, proof := range r.Proof {
		fmt.Fprintf(w, "  proof       %s\n", console.Clean(proof))
	}
}
