package register

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"linli/internal/id"
)

// Keyring is the master key and what is derived from it. It lies in a folder outside the log and its archive: without it the
// register and all words are unreadable.
type Keyring struct {
	wrap   cipher.AEAD // persons' keys and roster pages
	phone  []byte
	digest []byte
	tokens []byte
	slips  []byte
}

const keySize = 32

// LoadKeys reads the master key from dir/master.key, making both when they are new.
func LoadKeys(dir string) (*Keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("register: keys: %w", err)
	}
	path := filepath.Join(dir, "master.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("register: keys: %w", err)
	}
	master, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(master) != keySize {
		return nil, fmt.Errorf("register: %s is not a master key of %d bytes in hex", path, keySize)
	}
	return NewKeyring(master)
}

// makeKey writes a new key so that it is either whole or not there, and on disk when it returns.
func makeKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	text := []byte(hex.EncodeToString(key) + "\n")
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return text, errors.Join(dir.Sync(), dir.Close())
}

// NewKeyring derives the keys from a master key of 32 bytes (HKDF with SHA-256, RFC 5869).
func NewKeyring(master []byte) (*Keyring, error) {
	derive := func(use string) ([]byte, error) { return hkdf.Key(sha256.New, master, nil, "linli "+use, keySize) }
	k := &Keyring{}
	wrap, err := derive("wrap")
	if err != nil {
		return nil, fmt.Errorf("register: keys: %w", err)
	}
	if k.wrap, err = newAEAD(wrap); err != nil {
		return nil, fmt.Errorf("register: keys: %w", err)
	}
	for use, key := range map[string]*[]byte{"phone": &k.phone, "digest": &k.digest, "tokens": &k.tokens, "slips": &k.slips} {
		if *key, err = derive(use); err != nil {
			return nil, fmt.Errorf("register: keys: %w", err)
		}
	}
	return k, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Tokens is the key that signs access tokens.
func (k *Keyring) Tokens() []byte { return k.tokens }

// SlipToken is what a door slip's QR says: its id, and a proof that only this office can make, so that the log alone makes no slip.
func (k *Keyring) SlipToken(s id.Slip) string {
	return string(s) + "-" + hex.EncodeToString(mac(k.slips, string(s))[:10])
}

// SlipOf is the slip of a token that this office made.
func (k *Keyring) SlipOf(token string) (id.Slip, bool) {
	s, _, _ := strings.Cut(token, "-")
	return id.Slip(s), s != "" && hmac.Equal([]byte(token), []byte(k.SlipToken(id.Slip(s))))
}

// Digest is a keyed hash of texts, for noticing that details in the roster changed without keeping them.
func (k *Keyring) Digest(parts ...string) string {
	return hex.EncodeToString(mac(k.digest, strings.Join(parts, "\x00"))[:12])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// seal puts a random nonce before the sealed text; what names its place, so that nothing sealed can be moved elsewhere.
func seal(aead cipher.AEAD, what string, plain []byte) []byte {
	out := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(out) // never fails: crypto/rand stops the program instead
	return aead.Seal(out, out, plain, []byte(what))
}

func unseal(aead cipher.AEAD, what string, sealed []byte) ([]byte, error) {
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("register: sealed text too short")
	}
	plain, err := aead.Open(nil, sealed[:n], sealed[n:], []byte(what))
	if err != nil {
		return nil, fmt.Errorf("register: unseal: %w", err)
	}
	return plain, nil
}
