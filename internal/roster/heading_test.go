package roster

import (
	"reflect"
	"testing"

	"linli/internal/fault"
)

// A table whose columns nobody knows is read as somebody says it is.
func TestColumnsAsSomebodySays(t *testing.T) {
	t.Parallel()
	f := csvOf("2026年登记", "甲,乙,丙,丁,戊", "和园,3,2,501,王丽", "和园,3,2,502,李强")
	if _, err := Parse([]File{f}); !fault.Is(err, fault.Unreadable) {
		t.Fatalf("%v", err)
	}
	list, err := Headings([]File{f})
	if err != nil || len(list) != 1 || list[0].Row != 2 || list[0].Kind != "" || !reflect.DeepEqual(list[0].Names, []string{"甲", "乙", "丙", "丁", "戊"}) {
		t.Fatalf("%+v %v", list, err)
	}
	f.Columns = map[string][]string{list[0].Sheet: {"compound", "building", "entrance", "door", "name"}}
	table := parse(t, f)
	if len(table.Households) != 2 || table.Households[1].Label() != "3-2-502" || table.Households[0].Name != "王丽" {
		t.Errorf("%+v %+v", table.Households, table.Errors)
	}
	if h := table.Headings[0]; h.Kind != Homes || h.Columns[3] != "door" {
		t.Errorf("%+v", h)
	}
	f.Columns[list[0].Sheet][4] = "secret"
	if _, err := Parse([]File{f}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

// What the names of the columns say may be corrected: here the phone stands under 备注.
func TestColumnsCorrected(t *testing.T) {
	t.Parallel()
	f := csvOf("院区,楼栋,单元,房号,户主,备注", "和园,3号楼,2单元,501,王丽,13800000501")
	list, err := Headings([]File{f})
	if err != nil || !reflect.DeepEqual(list[0].Columns, []string{"compound", "building", "entrance", "door", "name", "note"}) {
		t.Fatalf("%+v %v", list, err)
	}
	columns := append([]string{}, list[0].Columns...)
	columns[5] = "phone"
	f.Columns = map[string][]string{list[0].Sheet: columns}
	if table := parse(t, f); table.Households[0].Phone != "13800000501" {
		t.Errorf("%+v", table.Households)
	}
}
