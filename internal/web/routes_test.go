package web

import (
	"slices"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// What somebody types would stand in the logs of every proxy and in the browser's history.
func TestNothingThatSomebodyTypesStandsInAURL(t *testing.T) {
	t.Parallel()
	chosen := []string{
		"state", "room", "community", "person", "role", "month", "kind", "before", "from", "days", "building", "entrance",
	}
	for path, item := range OpenAPI().Paths {
		for _, p := range parameters(item) {
			if p.In == "query" && !slices.Contains(chosen, p.Name) {
				t.Errorf("%s?%s", path, p.Name)
			}
		}
	}
}

func parameters(item *huma.PathItem) (all []*huma.Param) {
	for _, op := range operations(item) {
		all = append(all, op.Parameters...)
	}
	return all
}

func operations(item *huma.PathItem) (all []*huma.Operation) {
	for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if op != nil {
			all = append(all, op)
		}
	}
	return all
}
