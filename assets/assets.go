// Package assets is what the binary carries: the built client, and the district of the demo.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Client is the built client. Without `make build` it holds a placeholder and no index.html.
var Client = mustSub(dist, "dist")

//go:embed ruyihu/roster.xlsx ruyihu/day.ndjson
var ruyihu embed.FS

// Ruyihu is a subdistrict as its office would hand it over, and a day of its chat. All people in it are made up.
var Ruyihu = mustSub(ruyihu, "ruyihu")

func mustSub(f embed.FS, dir string) fs.FS {
	sub, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the directive above names it
	}
	return sub
}
