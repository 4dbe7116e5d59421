package twostep

import (
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// ErrNot says that what came is not what was asked for: another page, another key, another question, or no answer at all.
var ErrNot = errors.New("twostep: not this passkey")

// Passkey is a key that lies in somebody's phone, computer or on a stick, for one site. The private half never leaves it.
type Passkey struct {
	Key  webauthn.Credential `json:"key"`
	Site string              `json:"site"` // the host that it was made for
	Name string              `json:"name"` // the device it was made on
	At   int64               `json:"at"`   // ms
	Used int64               `json:"used,omitempty"`
}

// Site is where a passkey is used: the origin as the browser has it, and its host.
type Site struct{ Origin, Host string }

// SiteOf is the site of a URL; false where browsers have no passkeys: an address instead of a name, or no HTTPS (but on this machine itself).
func SiteOf(base string) (Site, bool) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return Site{}, false
	}
	host := strings.ToLower(u.Hostname())
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme] // browsers leave it out
	s := Site{Origin: u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), usual), Host: host}
	return s, net.ParseIP(host) == nil && (u.Scheme == "https" || u.Scheme == "http" && local)
}

// Asked is a question that a passkey answers once.
type Asked struct{ session webauthn.SessionData }

// holder is somebody as the library wants them, with their passkeys of one site.
type holder struct {
	handle []byte
	name   string
	keys   []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return h.handle }
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (k *Kept) holder(site Site, name string) holder {
	h := holder{handle: k.Handle, name: name}
	for _, p := range k.Passkeys {
		if p.Site == site.Host {
			h.keys = append(h.keys, p.Key)
		}
	}
	return h
}

func (s Site) party(office string) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: s.Host, RPDisplayName: office, RPOrigins: []string{s.Origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementDiscouraged, UserVerification: protocol.VerificationRequired,
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// BeginPasskey asks for a new passkey: what the browser's navigator.credentials.create takes, as JSON.
func (k *Kept) BeginPasskey(site Site, office, name string) (options json.RawMessage, asked *Asked, err error) {
	party, err := site.party(office)
	if err != nil {
		return nil, nil, err
	}
	h := k.holder(site, name)
	var had []protocol.CredentialDescriptor
	for i := range h.keys {
		had = append(had, h.keys[i].Descriptor())
	}
	creation, session, err := party.BeginRegistration(h, webauthn.WithExclusions(had))
	if err != nil {
		return nil, nil, err
	}
	options, err = json.Marshal(creation.Response)
	return options, &Asked{*session}, err
}

// EndPasskey is the passkey that a browser answered with: ErrNot.
func (k *Kept) EndPasskey(site Site, asked *Asked, answer []byte) (p Passkey, err error) {
	party, err := site.party("-")
	if err != nil {
		return p, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return p, errors.Join(ErrNot, err)
	}
	key, err := party.CreateCredential(k.holder(site, "-"), asked.session, parsed)
	if err != nil {
		return p, errors.Join(ErrNot, err)
	}
	if slices.ContainsFunc(k.Passkeys, func(other Passkey) bool { return slices.Equal(other.Key.ID, key.ID) }) {
		return p, ErrNot
	}
	key.Attestation = webauthn.CredentialAttestation{} // who made the device is nobody's business
	return Passkey{Key: *key, Site: site.Host}, nil
}

// AskPasskey asks for one of somebody's passkeys: what navigator.credentials.get takes, as JSON; nothing where they have none for this site.
func (k *Kept) AskPasskey(site Site) (options json.RawMessage, asked *Asked, err error) {
	h := k.holder(site, "-")
	if len(h.keys) == 0 {
		return nil, nil, nil
	}
	party, err := site.party("-")
	if err != nil {
		return nil, nil, err
	}
	assertion, session, err := party.BeginLogin(h)
	if err != nil {
		return nil, nil, err
	}
	options, err = json.Marshal(assertion.Response)
	return options, &Asked{*session}, err
}

// TakePasskey takes an answer, and counts with the passkey that gave it: ErrNot, also where its counter says that there are two of it.
func (k *Kept) TakePasskey(site Site, asked *Asked, answer []byte, now int64) error {
	party, err := site.party("-")
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return errors.Join(ErrNot, err)
	}
	key, err := party.ValidateLogin(k.holder(site, "-"), asked.session, parsed)
	if err != nil {
		return errors.Join(ErrNot, err)
	}
	if key.Authenticator.CloneWarning {
		return ErrNot
	}
	for i := range k.Passkeys {
		if p := &k.Passkeys[i]; slices.Equal(p.Key.ID, key.ID) {
			p.Key, p.Used = *key, now
			return nil
		}
	}
	return ErrNot
}
