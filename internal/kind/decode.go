package kind

import (
	"encoding/json"
	"reflect"
	"strings"
)

// decode reads facts as they were sent. A name counts as it is written, and what else stands there goes nowhere: encoding/json alone
// takes "Files" and "file\u017f" for "files", and would read under one name what the door has checked under the other.
func decode[F any](with json.RawMessage, f *F) error {
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(with, &sent); err != nil {
		return err
	}
	named := map[string]json.RawMessage{}
	for _, name := range names(reflect.TypeFor[F]()) {
		if value, ok := sent[name]; ok {
			named[name] = value
		}
	}
	exact, err := json.Marshal(named)
	if err != nil {
		return err
	}
	return json.Unmarshal(exact, f)
}

// names are those of a struct's fields in JSON.
func names(t reflect.Type) (list []string) {
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "", !field.IsExported(), name == "-":
		case name == "":
			list = append(list, field.Name)
		default:
			list = append(list, name)
		}
	}
	return list
}
