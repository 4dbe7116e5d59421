package auth

import (
	"context"

	"linli/internal/id"
	"linli/internal/journal"
)

// Strong is what SetPassword asks of a password: fault.Weak when it is too easy. It is asked before anything is written down.
func Strong(password, phone string) error { return strong(password, phone) }

// Unmake deletes the password of a person who has not come to be after all.
func (a *Auth) Unmake(ctx context.Context, p id.Person) error {
	return wrap("password", a.shelf.Delete(ctx, "pass/"+string(p), journal.Any))
}
