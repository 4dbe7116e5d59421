// Package webpush makes what a push service takes: a message that only the subscribed browser can read (RFC 8291, content coding
// aes128gcm of RFC 8188), and a token that says which office sends it (VAPID, RFC 8292). It sends nothing itself.
package webpush

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// MaxPlain is how long a message may be, in bytes. Services take 4,096 bytes of body.
	MaxPlain   = 3000
	recordSize = 4096
	saltSize   = 16
	authSize   = 16
	tokenFor   = 12 * time.Hour // at most 24 h are allowed
	tokenSpare = time.Hour      // what a token that is used again has left at least
)

// Keys are what a browser hands out with its subscription: its public key (P-256, uncompressed) and a secret of 16 bytes.
type Keys struct {
	public *ecdh.PublicKey
	auth   []byte
}

// ReadKeys reads p256dh and auth of a subscription (base64url, with or without padding).
func ReadKeys(p256dh, auth string) (k Keys, err error) {
	point, err := decode(p256dh)
	if err != nil {
		return k, err
	}
	if k.public, err = ecdh.P256().NewPublicKey(point); err != nil {
		return k, fmt.Errorf("webpush: p256dh: %w", err)
	}
	if k.auth, err = decode(auth); err != nil {
		return k, err
	}
	if len(k.auth) != authSize {
		return k, errors.New("webpush: auth is 16 bytes")
	}
	return k, nil
}

func decode(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("webpush: not base64url: %w", err)
	}
	return b, nil
}

// Encrypt is the body of a push: one record that only the browser with these keys can read.
func Encrypt(to Keys, plain []byte) ([]byte, error) {
	if len(plain) > MaxPlain {
		return nil, fmt.Errorf("webpush: %d bytes are too long", len(plain))
	}
	once, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("webpush: key: %w", err)
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails: crypto/rand stops the program instead
	return encrypt(to, plain, once, salt)
}

func encrypt(to Keys, plain []byte, once *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	shared, err := once.ECDH(to.public)
	if err != nil {
		return nil, fmt.Errorf("webpush: %w", err)
	}
	sender := once.PublicKey().Bytes()
	gcm, nonce, err := contentKey(shared, to.auth, salt, to.public.Bytes(), sender)
	if err != nil {
		return nil, err
	}
	body := append(make([]byte, 0, saltSize+5+len(sender)+len(plain)+1+gcm.Overhead()), salt...)
	body = binary.BigEndian.AppendUint32(body, recordSize)
	body = append(append(body, byte(len(sender))), sender...)
	last := append(append(make([]byte, 0, len(plain)+1), plain...), 2) // 2 ends the last record
	return gcm.Seal(body, nonce, last, nil), nil
}

// contentKey derives what a record is sealed with from what both sides know.
func contentKey(shared, auth, salt, receiver, sender []byte) (gcm cipher.AEAD, nonce []byte, err error) {
	info := "WebPush: info\x00" + string(receiver) + string(sender)
	ikm, err := hkdf.Key(sha256.New, shared, auth, info, 32)
	if err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	if nonce, err = hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12); err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("webpush: %w", err)
	}
	gcm, err = cipher.NewGCM(block)
	return gcm, nonce, err
}

// Sender is an office as push services know it: by its key. It is safe for any number of goroutines.
type Sender struct {
	key     *ecdsa.PrivateKey
	public  string
	subject string

	mu     sync.Mutex
	tokens map[string]token // by audience
}

type token struct {
	text  string
	until time.Time
}

// NewKey makes a sender's private key (PKCS #8).
func NewKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("webpush: key: %w", err)
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// NewSender makes a sender of a private key that NewKey made. subject is an https or mailto address under which the sender is found;
// empty when there is none.
func NewSender(key []byte, subject string) (*Sender, error) {
	any, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("webpush: key: %w", err)
	}
	private, ok := any.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("webpush: not a key of P-256")
	}
	public, err := private.PublicKey.ECDH()
	if err != nil {
		return nil, fmt.Errorf("webpush: key: %w", err)
	}
	return &Sender{
		key: private, public: base64.RawURLEncoding.EncodeToString(public.Bytes()), subject: subject, tokens: map[string]token{},
	}, nil
}

// Public is the key that browsers subscribe with (base64url, uncompressed).
func (s *Sender) Public() string { return s.public }

// maxTokens is for how many services tokens are kept.
const maxTokens = 256

// Authorization is the header's value for a push to an endpoint. A token is signed once for each service and half a day.
func (s *Sender) Authorization(endpoint string, now time.Time) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("webpush: endpoint: %w", err)
	}
	audience := u.Scheme + "://" + u.Host
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[audience]
	if left := t.until.Sub(now); left < tokenSpare || left > tokenFor { // beyond it: the clock was put back
		if len(s.tokens) >= maxTokens {
			clear(s.tokens)
		}
		t = token{until: now.Add(tokenFor)}
		if t.text, err = s.sign(audience, t.until); err != nil {
			return "", err
		}
		s.tokens[audience] = t
	}
	return "vapid t=" + t.text + ", k=" + s.public, nil
}

// sign is a JWT (ES256) for one audience.
func (s *Sender) sign(audience string, until time.Time) (string, error) {
	claims, err := json.Marshal(struct {
		Audience string `json:"aud"`
		Until    int64  `json:"exp"`
		Subject  string `json:"sub,omitempty"`
	}{audience, until.Unix(), s.subject})
	if err != nil {
		return "", fmt.Errorf("webpush: token: %w", err)
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("webpush: token: %w", err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return text + "." + enc.EncodeToString(signature), nil
}
