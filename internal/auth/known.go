package auth

import (
	"crypto/rand"
	"slices"
	"strings"

	"linli/internal/id"
)

// A browser in which somebody has signed in holds `<browser>.<person>,<person>….<seal>`, long after it has signed out. It opens nothing. It
// only shows that what is tried there with these persons' phones is tried by who had the password before: such tries are counted apart,
// and what anybody else tries does not stand in their way.

// mostKnown is how many persons a browser is known for; the one who signed in longest ago gives way.
const mostKnown = 8

// Known is what a browser is to hold from now on, when a person has signed in on it and it held this until now.
func (a *Auth) Known(before string, p id.Person) string {
	browser, persons := a.openKnown(before)
	if browser == "" {
		browser = rand.Text()
	}
	persons = append(slices.DeleteFunc(persons, func(x string) bool { return x == string(p) }), string(p))
	persons = persons[max(0, len(persons)-mostKnown):]
	body := browser + "." + strings.Join(persons, ",")
	return body + "." + a.seal("known", body, nil)
}

// knows tells whether a browser is known for a person, and what it is called.
func (a *Auth) knows(known string, p id.Person) (browser string, yes bool) {
	browser, persons := a.openKnown(known)
	return browser, p != "" && slices.Contains(persons, string(p))
}

// openKnown opens what a browser holds; nothing when it is not ours.
func (a *Auth) openKnown(known string) (browser string, persons []string) {
	at := strings.LastIndexByte(known, '.')
	if at < 0 || !same(known[at+1:], a.seal("known", known[:at], nil)) {
		return "", nil
	}
	browser, list, _ := strings.Cut(known[:at], ".")
	return browser, strings.Split(list, ",")
}
