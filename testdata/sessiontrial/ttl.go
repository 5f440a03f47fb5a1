package main

import (
	"fmt"
	"net/http"
	"syscall"
	"time"
)

// check is one line of the ttl table.
type check struct {
	what string
	good bool
	seen string
}

// ttl shows what a token that was copied out can do: within its policy, after
// the time, and after a time in which everything stood still.
func (w *world) ttl() (good bool, err error) {
	var all []check
	for _, each := range []func() ([]check, error){w.overTime, w.frozen} {
		some, err := each()
		if err != nil {
			return false, err
		}
		all = append(all, some...)
	}
	good = true
	for _, one := range all {
		fmt.Printf("%-4s %-62s %s\n", map[bool]string{true: "ok", false: "FAIL"}[one.good], one.what, one.seen)
		good = good && one.good
	}
	return good, nil
}

func answered(status int) string {
	if status == 0 {
		return "no answer"
	}
	return "HTTP " + fmt.Sprint(status)
}

// refusedNow tries what could bring a deleted secret back, or keep one.
func (r *running) refusedNow() []check {
	var all []check
	for _, one := range []struct{ what, method, path, body string }{
		{"delete", http.MethodDelete, "/v1/secret/data/by-vault", ""},
		{"undelete", http.MethodPost, "/v1/secret/undelete/by-vault", `{"versions":[1]}`},
		{"destroy", http.MethodPost, "/v1/secret/destroy/by-vault", `{"versions":[1]}`},
		{"read metadata", http.MethodGet, "/v1/secret/metadata/by-vault", ""},
		{"make another token", http.MethodPost, "/v1/auth/token/create", `{}`},
		{"make an orphan token", http.MethodPost, "/v1/auth/token/create-orphan", `{"ttl":"99h"}`},
		{"renew itself", http.MethodPost, "/v1/auth/token/renew-self", `{"increment":"99h"}`},
		{"wrap a token", http.MethodPost, "/v1/sys/wrapping/wrap", `{"a":"b"}`},
		{"write a policy", http.MethodPut, "/v1/sys/policies/acl/mine", `{"policy":"path \"*\" {capabilities=[\"sudo\"]}"}`},
		{"seal Vault", http.MethodPut, "/v1/sys/seal", `{}`},
		{"read a setting", http.MethodGet, "/v1/sys/mounts", ""},
	} {
		status, _ := r.ask(one.method, one.path, one.body)
		all = append(all, check{"the command's token cannot: " + one.what, status == http.StatusForbidden, answered(status)})
	}
	return all
}

// overTime lets a session of five seconds run out.
func (w *world) overTime() ([]check, error) {
	began := time.Now()
	r, err := w.start(direct, "--ttl", "5s")
	if err != nil {
		return nil, err
	}
	all := []check{{"--ttl 5s: the copied token reads the canary at first", r.reads(), ""}}
	all = append(all, r.refusedNow()...)
	time.Sleep(time.Until(began.Add(6 * time.Second)))
	status, _ := r.ask(http.MethodGet, "/v1/secret/data/by-vault", "")
	all = append(all, check{"after 6 s a read with the copied token fails", status == 0, answered(status)})
	status, _ = r.ask(http.MethodPost, "/v1/secret/undelete/by-vault", `{"versions":[1]}`)
	return append(all, check{"after 6 s an undelete fails", status == 0, answered(status)}), nil
}

// frozen stops every process of a session over its end, as a suspend does, and
// lets them go on: not one read may succeed in the moment after. (The clocks
// of the machine run on here; that the session's clock counts a real suspend
// is CLOCK_BOOTTIME's promise.)
func (w *world) frozen() ([]check, error) {
	began := time.Now()
	r, err := w.start(direct, "--ttl", "5s")
	if err != nil {
		return nil, err
	}
	supervisor, front := r.parents()
	all := []int{front, supervisor, r.vault(), r.shell}
	for _, pid := range all {
		if err := kill(pid, syscall.SIGSTOP); err != nil {
			return nil, err
		}
	}
	time.Sleep(time.Until(began.Add(7 * time.Second)))
	for _, pid := range all[2:] { // Vault first: the supervisor comes late
		kill(pid, syscall.SIGCONT)
	}
	reads, tries := r.hammer(300 * time.Millisecond)
	for _, pid := range all[:2] {
		kill(pid, syscall.SIGCONT)
	}
	if err := r.end(5 * time.Second); err != nil {
		return nil, err
	}
	w.awaitGone(time.Now(), false)
	status, _ := r.ask(http.MethodGet, "/v1/secret/data/by-vault", "")
	return []check{
		{"all stopped over the end, Vault wakes alone: reads that succeed", reads == 0 && tries > 0, fmt.Sprintf("%d of %d", reads, tries)},
		{"the supervisor wakes too: the session is gone", status == 0 && len(w.left()) == 0, answered(status)},
	}, nil
}

// hammer reads as fast as it can.
func (r *running) hammer(d time.Duration) (reads, tries int) {
	for until := time.Now().Add(d); time.Now().Before(until); tries++ {
		if r.reads() {
			reads++
		}
	}
	return reads, tries
}
