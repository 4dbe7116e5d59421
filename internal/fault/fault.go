// Package fault is what can go wrong, as a resident may learn it: a code, which every client words in the person's own
// language, and a reason in English for those who read the API. Anything that is not a fault is internal: wrapped with %w,
// logged once at the edge, shown as Internal with an id.
//
// Codes cross the wire and are kept by clients: they are appended, never renamed.
package fault

import (
	"errors"
	"fmt"
)

// Code says what went wrong in one word.
type Code string

const (
	Internal    Code = "internal"     // our mistake; logged
	Invalid     Code = "invalid"      // the request makes no sense: a field is missing, too long or of the wrong shape
	SignIn      Code = "sign-in"      // nobody is signed in, or no longer
	Forbidden   Code = "forbidden"    // signed in, without the right
	NotFound    Code = "not-found"    // it is not there, or not for this person
	NotMember   Code = "not-member"   // only members of the room may
	Muted       Code = "muted"        // muted in this room; With carries until (ms)
	Removed     Code = "removed"      // removed from this room; With may carry until (ms)
	Taken       Code = "taken"        // somebody else was first; With carries by
	Closed      Code = "closed"       // the card no longer takes this action
	TooLate     Code = "too-late"     // the window for it has passed
	Retracted   Code = "retracted"    // the message was taken back
	Stale       Code = "stale"        // the command's number is far behind its device's; send it under a new one
	TooLarge    Code = "too-large"    // bigger than the limit; With carries limit
	TooMany     Code = "too-many"     // more or faster than allowed; With carries retry (s) where known
	NoSpace     Code = "no-space"     // the server's disk is below its reserve; nothing was stored
	Busy        Code = "busy"         // not now; sending the same again is right
	Wrong       Code = "wrong"        // wrong password or code; With carries left where tries are counted
	Expired     Code = "expired"      // the code, link or token is past its time
	Revoked     Code = "revoked"      // the link or device was ended by somebody
	PhoneTaken  Code = "phone-taken"  // the phone belongs to another person
	Unreadable  Code = "unreadable"   // a file that is not what it says, or cannot be read
	Unchanged   Code = "unchanged"    // already so; nothing was done
	NotReady    Code = "not-ready"    // the server is starting or catching up
	Weak        Code = "weak"         // the password is too short or too common
	WhichDoor   Code = "which-door"   // acts for a household or shop, and the person belongs to several here: say which
	NameTaken   Code = "name-taken"   // another one is called so
	NoPremises  Code = "no-premises"  // acts for a household or shop, and the person belongs to none here
	OutOfStock  Code = "out-of-stock" // more than is left
	SetupDone   Code = "setup-done"   // the office has its administrator already
	QuietHours  Code = "quiet-hours"  // not at night; With carries from and to (o'clock)
	Quota       Code = "quota"        // as often as it may be already; With carries limit
	Conflicting Code = "conflicting"  // the thing changed meanwhile; look again
	NoEngine    Code = "no-engine"    // nothing here does this: the office has not set it up
	EngineDown  Code = "engine-down"  // what does it does not answer; later it may
	Unheard     Code = "unheard"      // nothing was understood in a recording
	SecondStep  Code = "second-step"  // the second step of signing in is due first; With carries set where it has to be set up, fresh where it is due once more
	Damaged     Code = "damaged"      // the server's disk has not what was stored; the administrator puts a copy back
)

// Fault is an error that a person may be told.
type Fault struct {
	Code   Code           `json:"code"`
	Reason string         `json:"reason"`         // English, for those who read the API; never personal data
	With   map[string]any `json:"with,omitempty"` // what the wording needs: until, limit, by
}

func (f *Fault) Error() string { return string(f.Code) + ": " + f.Reason }

// New makes a fault.
func New(code Code, reason string) *Fault { return &Fault{Code: code, Reason: reason} }

// Newf makes a fault with a formatted reason.
func Newf(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// And returns the fault with one more value for its wording.
func (f *Fault) And(key string, value any) *Fault {
	with := map[string]any{key: value}
	for k, v := range f.With {
		with[k] = v
	}
	return &Fault{Code: f.Code, Reason: f.Reason, With: with}
}

// Of finds the fault in an error; nil when there is none (then it is internal).
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// Is tells whether err is a fault of this code.
func Is(err error, code Code) bool {
	f := Of(err)
	return f != nil && f.Code == code
}
