package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"linli/internal/fault"
)

// Cost is what a password hash costs: argon2id (RFC 9106) with one lane.
type Cost struct {
	Time   uint32
	Memory uint32 // KiB
}

// DefaultCost is OWASP's second choice for argon2id: 19 MiB, two passes; some 30 ms here.
var DefaultCost = Cost{Time: 2, Memory: 19 << 10}

// hashers is how many passwords are hashed at the same time, so that a rush of sign-ins takes time and not memory.
const hashers = 4

const (
	saltSize = 16
	hashSize = 32
)

// hash is a password in the PHC string format.
func (a *Auth) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails: crypto/rand stops the program instead
	key, err := a.derive(ctx, password, salt, a.o.Cost)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, a.o.Cost.Memory, a.o.Cost.Time,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

func (a *Auth) derive(ctx context.Context, password string, salt []byte, c Cost) ([]byte, error) {
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
	case <-ctx.Done():
		return nil, fault.New(fault.Busy, "too many sign in")
	}
	return argon2.IDKey([]byte(password), salt, c.Time, c.Memory, 1, hashSize), nil
}

// matches compares a password with a hash; stale when the hash was made at another cost.
func (a *Auth) matches(ctx context.Context, password, phc string) (ok, stale bool, err error) {
	var version int
	var c Cost
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, fmt.Errorf("auth: not a hash of ours")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=1", &version, &c.Memory, &c.Time); err != nil {
		return false, false, fmt.Errorf("auth: not a hash of ours: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, false, fmt.Errorf("auth: salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, false, fmt.Errorf("auth: hash: %w", err)
	}
	key, err := a.derive(ctx, password, salt, c)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1, c != a.o.Cost, nil
}

// common are passwords that everybody tries first.
var common = map[string]bool{
	"12345678": true, "123456789": true, "1234567890": true, "88888888": true, "66666666": true, "00000000": true, "11111111": true,
	"password": true, "password1": true, "qwertyui": true, "qwerty123": true, "abc12345": true, "a1234567": true, "a12345678": true,
	"1qaz2wsx": true, "iloveyou": true, "woaini1314": true, "5201314520": true, "87654321": true, "11223344": true, "12341234": true,
}

// strong refuses a password that is too short, too common, or the phone itself. Anything else is the person's own business.
func strong(password, phone string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < 8:
		return fault.New(fault.Weak, "a password has at least 8 characters")
	case len(password) > 256:
		return fault.New(fault.TooLarge, "a password has at most 256 bytes").And("limit", 256)
	case common[strings.ToLower(password)], strings.Count(password, password[:1]) == len(password), phone != "" && strings.Contains(password, phone):
		return fault.New(fault.Weak, "too easy to guess")
	}
	return nil
}
