package roster

import (
	"bytes"
	"encoding/csv"
)

// TemplateHead and TemplateRow are an empty table of homes, for who has none yet: the columns in the words that most offices use, and a
// row that shows how they are filled in. It begins with 示例, so that it is never taken in, even where nobody removes it.
var (
	TemplateHead = []string{"社区", "小区", "楼栋", "单元", "房号", "户主姓名", "联系电话", "人口数", "住房性质", "备注"}
	TemplateRow  = []string{"示例：湖心社区", "和园", "3号楼", "2单元", "501", "王丽", "13800000000", "3", "自住", "这一行不会导入，可以删掉"}
)

// Doors is a table of homes of which no more is known than where they are.
func Doors(list []Household) File {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(TemplateHead[:5]) // a buffer takes everything
	for _, h := range list {
		_ = w.Write([]string{h.Community, h.Compound, h.Building, h.Entrance, h.Door})
	}
	w.Flush()
	return File{Name: "doors.csv", Content: b.Bytes()}
}
