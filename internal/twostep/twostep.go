// Package twostep knows the ways in which somebody shows, after the password, that it is them: the digits of an authenticator (RFC 6238),
// a passkey (passkey.go), and codes on paper for the day when both are gone. It holds nothing and counts nothing: auth does.
package twostep

import (
	"crypto/rand"
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/skip2/go-qrcode"
)

const (
	period     = 30 // seconds that digits are shown
	secretSize = 20 // bytes (RFC 4226: 160 bits are recommended)
	// Codes is how many codes on paper somebody has.
	Codes    = 8
	codeSize = 12 // letters of one, of 5 bits each
)

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Kept is what somebody has set up.
type Kept struct {
	Secret   string    `json:"secret,omitempty"` // of the authenticator; empty: none
	Period   int64     `json:"period,omitempty"` // the last one whose digits were taken: none is taken twice, nor an earlier one
	Handle   []byte    `json:"handle,omitempty"` // by which passkeys know their person: random
	Passkeys []Passkey `json:"passkeys,omitempty"`
	Codes    []string  `json:"codes,omitempty"` // keyed hashes of those that are left
	Salt     string    `json:"salt"`            // what browsers are trusted by; a new one ends that
	Since    int64     `json:"since"`           // ms
}

// On tells whether there is a way to take the second step. Codes on paper alone are none: they come with another.
func (k *Kept) On() bool { return k.Secret != "" || len(k.Passkeys) > 0 }

// NewSecret is that of an authenticator, in letters.
func NewSecret() string {
	b := make([]byte, secretSize)
	_, _ = rand.Read(b) // never fails: crypto/rand stops the program instead
	return letters.EncodeToString(b)
}

// Link is what an authenticator reads to know a secret: whose account it is at which office.
func Link(secret, office, name string) string {
	label := url.PathEscape(office) + ":" + url.PathEscape(name)
	return "otpauth://totp/" + label + "?secret=" + secret + "&issuer=" + url.QueryEscape(office)
}

// Digits tells whether these are an authenticator's digits now, or one period to either side, and not before or at the last one that was
// taken; and which period they are of.
func Digits(secret, digits string, last int64, now time.Time) (at int64, ok bool) {
	digits = plain(digits)
	for _, by := range []int64{0, -1, 1} {
		at = now.Unix()/period + by
		right, err := hotp.ValidateCustom(digits, uint64(at), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}) //nolint:gosec // after 1970
		if right && err == nil && at > last {
			return at, true
		}
	}
	return 0, false
}

// NewCodes are codes on paper, as they are printed: ABCD-EFGH-IJKL.
func NewCodes() []string {
	list := make([]string, Codes)
	for i := range list {
		t := rand.Text()[:codeSize]
		list[i] = t[:4] + "-" + t[4:8] + "-" + t[8:]
	}
	return list
}

// Plain is a code as it is compared, however it was typed.
func Plain(code string) string { return strings.ToUpper(strings.ReplaceAll(plain(code), "-", "")) }

// plain is without what people put between digits. Whole-width digits are digits.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\u3000' || r == '\u00a0':
			return -1
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		}
		return r
	}, s)
}

// Square is a text as a QR code, to be drawn: how many modules it has on a side, and its dark ones as the path of an SVG.
func Square(text string) (side int, path string, err error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return 0, "", err
	}
	q.DisableBorder = true
	rows := q.Bitmap()
	var b strings.Builder
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				b.WriteString("M" + strconv.Itoa(from) + " " + strconv.Itoa(y) + "h" + strconv.Itoa(x-from) + "v1H" + strconv.Itoa(from) + "z")
			}
		}
	}
	return len(rows), b.String(), nil
}
