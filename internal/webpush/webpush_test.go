package webpush

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func raw(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of RFC 8291, section 5 and appendix A, byte for byte.
func TestTheExampleOfTheStandard(t *testing.T) {
	to, err := ReadKeys("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg==")
	if err != nil {
		t.Fatal(err)
	}
	once, err := ecdh.P256().NewPrivateKey(raw(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := encrypt(to, []byte("When I grow up, I want to be a watermelon"), once, raw(t, "DGv6ra1nlYgDCS1FRnbzlw"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if base64.RawURLEncoding.EncodeToString(got) != want {
		t.Errorf("encrypted: %s", base64.RawURLEncoding.EncodeToString(got))
	}
}

func TestKeysThatAreNone(t *testing.T) {
	const good, auth = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg"
	for _, k := range [][2]string{{"", auth}, {good, ""}, {good[:40], auth}, {strings.Repeat("A", len(good)), auth}, {good, auth[:8]}, {good, "!" + auth}} {
		if _, err := ReadKeys(k[0], k[1]); err == nil {
			t.Errorf("%v are keys", k)
		}
	}
}

func TestALongMessageIsRefused(t *testing.T) {
	to, err := ReadKeys("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Encrypt(to, make([]byte, MaxPlain)); err != nil || len(b) > 4096 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := Encrypt(to, make([]byte, MaxPlain+1)); err == nil {
		t.Error("longer than services take")
	}
}

// A token is for one service and half a day, signed with the key that browsers were given.
func TestTheTokenSaysWhoSends(t *testing.T) {
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSender(key, "https://linli.example.cn")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	header, err := s.Authorization("https://push.example.org:8443/a/b?c", now)
	if err != nil {
		t.Fatal(err)
	}
	text, k, _ := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	if k != s.Public() {
		t.Errorf("k=%s", k)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw(t, k))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return public, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience("https://push.example.org:8443"), jwt.WithExpirationRequired())
	if err != nil {
		t.Fatal(err)
	}
	if sub, _ := parsed.Claims.GetSubject(); sub != "https://linli.example.cn" {
		t.Errorf("sub %q", sub)
	}
	if until, _ := parsed.Claims.GetExpirationTime(); until.After(now.Add(24 * time.Hour)) {
		t.Errorf("holds until %v", until)
	}
	again, _ := s.Authorization("https://push.example.org:8443/other", now.Add(time.Hour))
	later, _ := s.Authorization("https://push.example.org:8443/other", now.Add(11*time.Hour+time.Minute))
	back, _ := s.Authorization("https://push.example.org:8443/other", now.Add(-time.Hour))
	if again != header || later == header || back == later {
		t.Error("a token is kept while it holds for a while, and no longer")
	}
}
