package archive

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket is a target in an object store that speaks S3.
type Bucket struct {
	client       *minio.Client
	name, prefix string // prefix ends with a slash, or is empty
	said         string
}

// inPieces is the size in bytes in which a large thing goes out; one is held in memory.
const inPieces = 16 << 20

// OpenTarget is the target that a text of the configuration names: a folder, or s3://HOST/BUCKET/PREFIX (s3+http:// without TLS, for a store
// in one's own network), with the store's key and secret.
func OpenTarget(text, key, secret string) (Target, error) {
	scheme, rest, is := strings.Cut(text, "://")
	if !is {
		if text == "" {
			return nil, fmt.Errorf("archive: which folder?")
		}
		return Folder{text}, nil
	}
	if scheme != "s3" && scheme != "s3+http" {
		return nil, fmt.Errorf("archive: %s is neither a folder nor like s3://store.example.cn/bucket/linli", text)
	}
	u, err := url.Parse("https://" + rest)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("archive: not like s3://store.example.cn/bucket/linli")
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if prefix != "" {
		prefix += "/"
	}
	client, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(key, secret, ""), Secure: scheme == "s3"})
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return &Bucket{client: client, name: bucket, prefix: prefix, said: text}, nil
}

func (b *Bucket) String() string { return b.said }

// Put is Target's: an object appears when all of it has come.
func (b *Bucket) Put(ctx context.Context, name string, r io.Reader) error {
	_, err := b.client.PutObject(ctx, b.name, b.prefix+name, r, -1, minio.PutObjectOptions{
		PartSize: inPieces, ContentType: "application/octet-stream",
	})
	return b.failed(name, err)
}

// Get is Target's.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	o, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err == nil {
		if _, err = o.Stat(); err != nil { // it asks only now
			o.Close() //nolint:errcheck // nothing was read
		}
	}
	if err != nil {
		return nil, b.failed(name, err)
	}
	return o, nil
}

// List is Target's.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Thing, error] {
	return func(yield func(Thing, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Thing{}, b.failed(prefix, o.Err))
				return
			}
			if !yield(Thing{strings.TrimPrefix(o.Key, b.prefix), o.Size, o.LastModified.UnixMilli()}, nil) {
				return
			}
		}
	}
}

// Remove is Target's.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	return b.failed(name, b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{}))
}

func (b *Bucket) failed(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case minio.ToErrorResponse(err).Code == "NoSuchKey":
		return ErrAbsent
	}
	return fmt.Errorf("archive: %s: %s: %w", b.said, name, err)
}
