package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// who is what cells of names say.
type who struct {
	names  []string
	phones []string // that stood among the names
	rest   string   // what is no name
	reason string   // a key of remarks; empty when there is nothing to say
}

// maxPeople is how many may live behind one door.
const maxPeople = 20

var (
	dots     = regexp.MustCompile(`[·•・‧∙⋅᛫⸱ᐧ●]|\x{0387}|\x{2219}|\x{30fb}`)
	brackets = regexp.MustCompile(`[(\[【〔「<{]([^)\]】〕」>}]*)[)\]】〕」>}]?`)
	anyPhone = regexp.MustCompile(`(?:\+?\(?\+?(?:00)?86\)?[-\s]*)?(1[0-9]{2}[-\s.]?[0-9]{4}[-\s.]?[0-9]{4})(?:\.0+)?`)
	firm     = regexp.MustCompile(`公司|中心|商店|商行|超市|药店|饭店|酒店|宾馆|工厂|仓库?$|事务所|合作社|学校|幼儿园|医院|诊所|银行|委员会|街道|社区|物业|集团|工作室|经营部|门市部`)
	both     = regexp.MustCompile(`^(\p{Han}{2,3})[和与及](\p{Han}{2,3})$`)
	tail     = regexp.MustCompile(`^(\p{Han}{2,4}|[\p{Latin} .']{3,40})[0-9]{1,2}$`)
)

// states are what stands for a name where nobody lives.
var states = strings.Fields("空置 空房 空户 空关 未售 待售 未入住 无人 无人居住 无人住 出租 出租房 出租户 租户 业主 开发商 毛坯 装修中 拆迁 待定 本人")

// nameOf is a name in half-width, without the spaces that line names up in a column, with one sort of dot and of apostrophe.
func nameOf(s string) string {
	s = tidy(norm.NFKC.String(s))
	for again := spaced.ReplaceAllString(s, "$1$2"); again != s; again = spaced.ReplaceAllString(s, "$1$2") {
		s = again
	}
	return dots.ReplaceAllString(strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "`", "'").Replace(s), "·")
}

// peopleOf reads names: 王丽、李强 are two people, 王 丽 is one, and what stands in brackets behind a name is about it.
func peopleOf(cells []string) (w who) {
	var rest []string
	for _, text := range cells {
		s := dots.ReplaceAllString(strings.ReplaceAll(norm.NFKC.String(text), "\n", between), "·")
		s = brackets.ReplaceAllStringFunc(s, func(in string) string {
			inner := brackets.FindStringSubmatch(in)[1]
			phones, more, _ := phonesOf([]string{inner})
			w.phones = append(w.phones, phones...)
			if more != "" {
				rest = append(rest, more)
				w.reason = "nameRest"
			}
			return ""
		})
		for _, one := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("、,;/|\\&+\r\n\t。", r) }) {
			if found, left, _ := phonesOf([]string{one}); len(found) > 0 {
				w.phones, one = append(w.phones, found...), left
			}
			if empty(one) {
				continue
			}
			names := split(one)
			for _, name := range names {
				switch m := tail.FindStringSubmatch(name); {
				case slices.Contains(states, name):
					rest = append(rest, name)
				case m != nil && !firm.MatchString(name):
					w.names, rest = append(w.names, strings.TrimSpace(m[1])), append(rest, name)
					w.reason = "nameRest"
				case nameLike(name) || firm.MatchString(name) && utf8.RuneCountInString(name) <= 40:
					w.names = append(w.names, name)
				default:
					rest = append(rest, name)
					w.reason = "name"
				}
			}
		}
	}
	if len(w.names) > maxPeople {
		rest, w.names, w.reason = append(rest, w.names[maxPeople:]...), w.names[:maxPeople], "nameRest"
	}
	var names []string
	for _, name := range w.names {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	w.names, w.rest = names, strings.Join(rest, "；")
	return w
}

// split takes two people apart that stand in one text with a space or an “and” between them. Each begins with a surname then; else the
// space is one within a name.
func split(s string) []string {
	s = strings.TrimSpace(s)
	if words := strings.Fields(tidy(s)); len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool { return !fullName(w) }) &&
		!slices.Contains(doubles, words[0]) {
		return words
	}
	s = nameOf(s)
	if m := both.FindStringSubmatch(s); m != nil && utf8.RuneCountInString(s) >= 5 && fullName(m[1]) && fullName(m[2]) {
		return m[1:]
	}
	return []string{s}
}

// fullName tells whether a text is a surname and one or two characters more.
func fullName(s string) bool {
	r := []rune(s)
	if len(r) < 2 || len(r) > 4 || slices.ContainsFunc(r, func(c rune) bool { return !unicode.Is(unicode.Han, c) }) {
		return false
	}
	return len(r) < 4 && strings.ContainsRune(surnames, r[0]) || len(r) > 2 && slices.Contains(doubles, string(r[:2]))
}

// surnames are the commonest, of nineteen in twenty people and more; doubles those of two characters.
const surnames = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫" +
	"段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆" +
	"蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖"

var doubles = strings.Fields("欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 长孙 司徒 令狐 夏侯 宇文 端木 轩辕 独孤 南宫 西门 申屠 呼延 闻人 百里")

// phonesOf reads phones: all that are some, and what else is written. The reason is a key of remarks.
func phonesOf(cells []string) (phones []string, rest, reason string) {
	var left []string
	for _, text := range cells {
		s := strings.Map(func(r rune) rune {
			if invisible(r) {
				return -1
			}
			return r
		}, norm.NFKC.String(text))
		if one, ok := oneMobile(plain(s)); ok {
			phones = append(phones, one)
			continue
		}
		if empty(s) {
			continue
		}
		at := 0
		for _, m := range anyPhone.FindAllStringSubmatchIndex(s, -1) {
			if m[0] > 0 && isDigit(rune(s[m[0]-1])) || m[1] < len(s) && isDigit(rune(s[m[1]])) {
				continue // eleven digits of more
			}
			phones = append(phones, strings.Map(func(r rune) rune {
				if isDigit(r) {
					return r
				}
				return -1
			}, s[m[2]:m[3]]))
			left = append(left, s[at:m[0]])
			at = m[1]
		}
		left = append(left, s[at:])
	}
	var words []string
	for _, text := range left {
		text = strings.Trim(tidy(text), "、,;/|。.:()[]-_'\"~ =")
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) && !empty(text) {
			words = append(words, text)
		}
	}
	switch rest = strings.Join(words, "、"); {
	case rest != "" && len(phones) == 0:
		reason = "phone"
	case rest != "":
		reason = "phoneRest"
	}
	return phones, rest, reason
}
