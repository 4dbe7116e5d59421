// Workbooks as table programs write and read them, as far as these tests need.
import { crc32, inflateRawSync } from 'node:zlib'

type Rows = string[][]

const escaped = (s: string) => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const unescaped = (s: string) =>
  s.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#34;', '"').replaceAll('&amp;', '&')

// A zip archive of files that are stored as they are.
const zip = (files: [name: string, text: string][]) => {
  const parts: Buffer[] = []
  const index: Buffer[] = []
  let at = 0
  for (const [name, text] of files) {
    const data = Buffer.from(text)
    const rest = Buffer.alloc(26) // from the version on, as both kinds of heads have it
    rest.writeUInt16LE(20, 0)
    rest.writeUInt32LE(crc32(data), 10)
    rest.writeUInt32LE(data.length, 14)
    rest.writeUInt32LE(data.length, 18)
    rest.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), rest, Buffer.from(name), data])
    const where = Buffer.alloc(14)
    where.writeUInt32LE(at, 10)
    index.push(Buffer.from('PK\x01\x02\x14\0'), rest, where, Buffer.from(name))
    parts.push(local)
    at += local.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(Buffer.concat(index).length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...parts, ...index, Buffer.from('PK\x05\x06'), end])
}

const kind = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
const schemas = 'http://schemas.openxmlformats.org'
const related = `${schemas}/officeDocument/2006/relationships`
const relations = (list: [to: string, as: string][]) =>
  `<Relationships xmlns="${schemas}/package/2006/relationships">${list.map(([to, as], i) => `<Relationship Id="rId${i + 1}" Type="${related}/${as}" Target="${to}"/>`).join('')}</Relationships>`

// A workbook of sheets, each by its name.
export const workbook = (sheets: Record<string, Rows>) => {
  const names = Object.keys(sheets)
  const file = (i: number) => `worksheets/sheet${i + 1}.xml`
  const main = `${schemas}/spreadsheetml/2006/main`
  return zip([
    [
      '[Content_Types].xml',
      `<Types xmlns="${schemas}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${kind}.sheet.main+xml"/>${names.map((_, i) => `<Override PartName="/xl/${file(i)}" ContentType="${kind}.worksheet+xml"/>`).join('')}</Types>`,
    ],
    ['_rels/.rels', relations([['xl/workbook.xml', 'officeDocument']])],
    [
      'xl/workbook.xml',
      `<workbook xmlns="${main}" xmlns:r="${related}"><sheets>${names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join('')}</sheets></workbook>`,
    ],
    ['xl/_rels/workbook.xml.rels', relations(names.map((_, i) => [file(i), 'worksheet']))],
    ...names.map((name, i): [string, string] => [
      `xl/${file(i)}`,
      `<worksheet xmlns="${main}"><sheetData>${sheets[name]!.map((row) => `<row>${row.map((cell) => `<c t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`).join('')}</row>`).join('')}</sheetData></worksheet>`,
    ]),
  ])
}

const unzipped = (data: Buffer, wanted: string) => {
  const end = data.lastIndexOf('PK\x05\x06')
  for (let at = data.readUInt32LE(end + 16); data.readUInt32LE(at) === 0x02014b50; ) {
    const [name, more, note] = [28, 30, 32].map((n) => data.readUInt16LE(at + n)) as [number, number, number]
    if (data.subarray(at + 46, at + 46 + name).toString() === wanted) {
      const local = data.readUInt32LE(at + 42)
      const from = local + 30 + data.readUInt16LE(local + 26) + data.readUInt16LE(local + 28)
      const bytes = data.subarray(from, from + data.readUInt32LE(at + 20))
      return (data.readUInt16LE(at + 10) ? inflateRawSync(bytes) : bytes).toString()
    }
    at += 46 + name + more + note
  }
  return ''
}

// The first sheet of a workbook, row by row: the texts of its cells.
export const sheet = (data: Buffer): Rows => {
  const text = (xml: string) => [...xml.matchAll(/<t(?: [^>]*)?>([^<]*)<\/t>/g)].map((m) => unescaped(m[1]!)).join('')
  const shared = [...unzipped(data, 'xl/sharedStrings.xml').matchAll(/<si>(.*?)<\/si>/gs)].map((m) => text(m[1]!))
  return [...unzipped(data, 'xl/worksheets/sheet1.xml').matchAll(/<row[^>]*>(.*?)<\/row>/gs)].map((row) =>
    [...row[1]!.matchAll(/<c([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)].map(([, about, inner = '']) => {
      const value = /<v>([^<]*)<\/v>/.exec(inner)?.[1] ?? ''
      return about!.includes('t="s"') ? shared[Number(value)]! : text(inner) || unescaped(value)
    }),
  )
}
