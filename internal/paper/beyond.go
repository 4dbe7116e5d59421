package paper

import (
	"strings"
	"unicode"
)

// beyond are the characters of the national table (通用规范汉字表) that lie past Unicode's first plane: rare ones, of names and
// places. The PDF library knows the first plane only, so the font carries them at private places too, from firstPrivate on in
// this order. Reordering them garbles names on paper.
const beyond = "" +
	"𠅤𠙶𠳐𡎚𡐓𣗋𣲗𣲘𣸣𤧛𤩽𤫉𥔲𥕢𥖨𥻗𦈡𦒍𦙶𦝼𦭜𦰡𧿹𨐈𨙸𨚕𨟠𨭉𨱇𨱏𨱑𨱔𨺙𩽾𩾃𩾌𪟝𪣻𪤗𪨰𪨶𪩘𪾢𫄧𫄨𫄷𫄸𫇭𫌀" +
	"𫍣𫍯𫍲𫍽𫐄𫐐𫐓𫑡𫓧𫓯𫓶𫓹𫔍𫔎𫔶𫖮𫖯𫖳𫗧𫗴𫘜𫘝𫘦𫘧𫘨𫘪𫘬𫚕𫚖𫚭𫛭𫞩𫟅𫟦𫟹𫟼𫠆𫠊𫠜𫢸𫫇𫭟𫭢𫭼𫮃𫰛𫵷𫶇𫷷" +
	"𫸩𬀩𬀪𬂩𬃊𬇕𬇙𬇹𬉼𬊈𬊤𬌗𬍛𬍡𬍤𬒈𬒔𬒗𬕂𬘓𬘘𬘡𬘩𬘫𬘬𬘭𬘯𬙂𬙊𬙋𬜬𬜯𬞟𬟁𬟽𬣙𬣞𬣡𬣳𬤇𬤊𬤝𬨂𬨎𬩽𬪩𬬩𬬭𬬮" +
	"𬬱𬬸𬬹𬬻𬬿𬭁𬭊𬭎𬭚𬭛𬭤𬭩𬭬𬭯𬭳𬭶𬭸𬭼𬮱𬮿𬯀𬯎𬱖𬱟𬳵𬳶𬳽𬳿𬴂𬴃𬴊𬶋𬶍𬶏𬶐𬶟𬶠𬶨𬶭𬶮𬷕𬸘𬸚𬸣𬸦𬸪𬹼𬺈𬺓"

const firstPrivate = 0xe000

var private = func() map[rune]rune {
	m, at := map[rune]rune{}, rune(firstPrivate)
	for _, r := range beyond {
		m[r] = at
		at++
	}
	return m
}()

// printable is a text as the font has it. What it cannot show becomes a box that a person can fill in by hand.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch at, ok := private[r]; {
		case ok:
			return at
		case r > 0xffff, r >= firstPrivate && r <= 0xf8ff, r == unicode.ReplacementChar:
			return '□'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "□"))
}
