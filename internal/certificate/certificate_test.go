package certificate

import (
	"context"
	"crypto/x509"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"linli/internal/certificate/certificatetest"
)

// shows tells whether a keeper shows this certificate.
func shows(t *testing.T, k *Keeper, c *x509.Certificate) bool {
	t.Helper()
	got, err := k.Config().GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return got.Leaf.Equal(c)
}

func TestFilesThatChangeAreTakenWithoutARestart(t *testing.T) {
	dir, log := t.TempDir(), &said{}
	synctest.Test(t, func(t *testing.T) {
		cert, key, first := certificatetest.Pair(t, dir, time.Now().AddDate(1, 0, 0), "linli.example.cn")
		k, err := Files(cert, key, time.Now, slog.New(slog.NewTextHandler(log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		again := make(chan os.Signal)
		go k.Watch(ctx, again)
		if !shows(t, k, first) {
			t.Error("not the first")
		}
		_, _, second := certificatetest.Pair(t, dir, time.Now().AddDate(2, 0, 0), "linli.example.cn")
		time.Sleep(lookEvery + time.Second)
		synctest.Wait()
		if !shows(t, k, second) || !k.Expires().Equal(second.NotAfter) {
			t.Error("the second was not taken within the minute")
		}
		_, _, third := certificatetest.Pair(t, dir, time.Now().AddDate(3, 0, 0), "linli.example.cn")
		again <- os.Interrupt
		synctest.Wait()
		if !shows(t, k, third) {
			t.Error("the third was not taken when it was asked for")
		}
		stop()
		synctest.Wait()
	})
}

// A pair that is no good is not taken: what was shown goes on, the log says it once, and the next good one is taken.
func TestABrokenPairKeepsTheOneBefore(t *testing.T) {
	for name, breaks := range map[string]func(t *testing.T, dir, cert, key string){
		"no key to it":    func(t *testing.T, dir, cert, key string) { other(t, cert) },
		"half a file":     func(t *testing.T, dir, cert, key string) { certificatetest.Replace(t, cert, []byte("-----BEGIN CERT")) },
		"no file":         func(t *testing.T, dir, cert, key string) { _ = os.Remove(key) },
		"one of long ago": func(t *testing.T, dir, cert, key string) { certificatetest.Pair(t, dir, time.Now().AddDate(0, -1, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, log := t.TempDir(), &said{}
			synctest.Test(t, func(t *testing.T) {
				cert, key, good := certificatetest.Pair(t, dir, time.Now().AddDate(1, 0, 0))
				k, err := Files(cert, key, time.Now, slog.New(slog.NewTextHandler(log, nil)))
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(context.Background())
				go k.Watch(ctx, nil)
				breaks(t, dir, cert, key)
				time.Sleep(10 * lookEvery)
				synctest.Wait()
				if !shows(t, k, good) {
					t.Error("another is shown")
				}
				if n := strings.Count(log.String(), "were not taken"); n != 1 {
					t.Errorf("said %d times: %s", n, log)
				}
				_, _, next := certificatetest.Pair(t, dir, time.Now().AddDate(2, 0, 0))
				time.Sleep(2 * lookEvery)
				synctest.Wait()
				if !shows(t, k, next) {
					t.Error("the next good one is not taken")
				}
				stop()
				synctest.Wait()
			})
		})
	}
}

// other puts a certificate into the file that is not its key's.
func other(t *testing.T, cert string) {
	t.Helper()
	path, _, _ := certificatetest.Pair(t, t.TempDir(), time.Now().AddDate(1, 0, 0))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	certificatetest.Replace(t, cert, b)
}

func TestFilesThatAreNoPairAreRefusedAtTheStart(t *testing.T) {
	cert, key, _ := certificatetest.Pair(t, t.TempDir(), time.Now().AddDate(1, 0, 0))
	other(t, cert)
	if _, err := Files(cert, key, time.Now, slog.Default()); err == nil || !strings.Contains(err.Error(), cert) {
		t.Errorf("%v", err)
	}
	if _, err := Files(cert+".no", key, time.Now, slog.Default()); err == nil || !strings.Contains(err.Error(), cert+".no") {
		t.Errorf("%v", err)
	}
}

// A certificate that goes over while the program runs: the log says so 21, 7 and 1 days before, then every day; and it goes on being shown.
func TestACertificateThatGoesOverSaysSoInTime(t *testing.T) {
	dir, log := t.TempDir(), &said{}
	synctest.Test(t, func(t *testing.T) {
		cert, key, made := certificatetest.Pair(t, dir, time.Now().AddDate(0, 0, 30))
		k, err := Files(cert, key, time.Now, slog.New(slog.NewTextHandler(log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		go k.Watch(ctx, nil)
		pass := func(days int, want string) {
			t.Helper()
			log.reset()
			time.Sleep(time.Duration(days)*24*time.Hour + 2*lookEvery)
			synctest.Wait()
			if s := log.String(); (s == "") != (want == "") || !strings.Contains(s, want) || strings.Count(s, "\n") > 1 {
				t.Errorf("after %d days it says %q, not %q", days, s, want)
			}
		}
		pass(8, "")
		pass(1, "days=21")
		pass(13, "")
		pass(1, "days=7")
		pass(5, "")
		pass(1, "days=1 ")
		pass(1, "the certificate is over")
		pass(1, "the certificate is over")
		if !shows(t, k, made) {
			t.Error("it is not shown any more")
		}
		log.reset()
		certificatetest.Pair(t, dir, time.Now().AddDate(0, 0, 90))
		pass(1, "read again")
		pass(60, "")
		pass(9, "days=")
		stop()
		synctest.Wait()
	})
}
