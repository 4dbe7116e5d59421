package auth

import (
	"context"
	"errors"
	"strings"

	"linli/internal/id"
	"linli/internal/journal"
)

// Strong is what SetPassword asks of a password: fault.Weak when it is too easy. It is asked before anything is written down.
func Strong(password, phone string) error { return strong(password, phone) }

// Unmake deletes the password of a person who has not come to be after all.
func (a *Auth) Unmake(ctx context.Context, p id.Person) error {
	err := a.shelf.Delete(ctx, "pass/"+string(p), journal.Any)
	if err == nil {
		a.chosen.Delete(p)
		err = a.ResetStep(ctx, p)
	}
	return wrap("password", err)
}

// Tidy deletes passwords, codes, devices and what finds an applicant of persons whom nobody knows: a kill left them behind. Only who
// knows that nothing is under way may call it.
func (a *Auth) Tidy(ctx context.Context, known func(id.Person) bool) (n int, err error) {
	for _, prefix := range []string{"pass/", "code/", "dev/", "applied/", stepPrefix} {
		var gone []string
		for item, err := range a.shelf.List(ctx, prefix) {
			if errors.Is(err, journal.ErrUnreadable) {
				continue
			}
			if err != nil {
				return n, wrap("tidy", err)
			}
			who, _, _ := strings.Cut(item.Key[len(prefix):], "/")
			if prefix == "applied/" {
				who = string(item.Value)
			}
			if !known(id.Person(who)) {
				gone = append(gone, item.Key)
			}
		}
		for _, key := range gone {
			if err := a.shelf.Delete(ctx, key, journal.Any); err != nil {
				return n, wrap("tidy", err)
			}
			if who, ok := strings.CutPrefix(key, "pass/"); ok {
				a.chosen.Delete(id.Person(who))
			}
			n++
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, d := range a.devices {
		if !known(d.Person) {
			delete(a.devices, name)
		}
	}
	a.steps.mu.Lock()
	defer a.steps.mu.Unlock()
	for p := range a.steps.of {
		if !known(p) {
			delete(a.steps.of, p)
		}
	}
	return n, nil
}
