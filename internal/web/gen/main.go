// Command gen writes the client's wire types in TypeScript, from the schema that the server gives out.
package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"linli/internal/web"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprint(out, "// Written by `make types` from the Go types; do not edit.\n")
	schemas := web.OpenAPI().Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[name]
		if s.Type != huma.TypeObject {
			fmt.Fprintf(out, "\nexport type %s = %s\n", name, typeOf(s))
			continue
		}
		fmt.Fprintf(out, "\nexport interface %s {\n", name)
		for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
			mark := "?"
			if slices.Contains(s.Required, field) {
				mark = ""
			}
			fmt.Fprintf(out, "  %s%s: %s\n", field, mark, typeOf(s.Properties[field]))
		}
		fmt.Fprint(out, "}\n")
	}
}

func typeOf(s *huma.Schema) string {
	t := "unknown"
	switch {
	case s.Ref != "":
		t = s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case s.Description == "[room, seq, lane?]":
		t = "[string, number, string?]"
	case s.Type == huma.TypeString:
		t = "string"
	case s.Type == huma.TypeInteger || s.Type == huma.TypeNumber:
		t = "number"
	case s.Type == huma.TypeBoolean:
		t = "boolean"
	case s.Type == huma.TypeArray:
		t = typeOf(s.Items)
		if strings.Contains(t, "|") {
			t = "(" + t + ")"
		}
		t += "[]"
	case s.Type == huma.TypeObject:
		if of, ok := s.AdditionalProperties.(*huma.Schema); ok {
			t = "Record<string, " + typeOf(of) + ">"
		}
	}
	if s.Nullable && t != "unknown" {
		t += " | null"
	}
	return t
}
