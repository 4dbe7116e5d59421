// What a first page needs comes first: signing in, a poster's form, the rooms and a room are what people open on a slow line.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

const src = fileURLToPath(new URL('../src', import.meta.url))
const wordsFile = join(src, 'words/zh.ts')

const read = (file: string) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

// The files of ours that `from` imports before it runs, and those that they import, with their text.
const closure = (from: string[]) => {
  const found = new Map<string, string>()
  const visit = (path: string) => {
    const file = ['', '.ts', '/index.ts']
      .map((end) => path + end)
      .find((f) => /\.(ts|vue)$/.test(f) && read(f) !== undefined)
    if (!file || found.has(file) || file === wordsFile) return
    const text = read(file)!.replace(/import type .*/g, '')
    found.set(file, text)
    for (const [, name] of text.matchAll(/import\.meta\.glob.*\('\.\/\*\/([\w.]+)', \{ eager: true \}\)/g))
      for (const folder of readdirSync(dirname(file))) visit(join(dirname(file), folder, name!))
    for (const [, name] of text.matchAll(/(?:from|import)\s+'([@.][^']+)'/g))
      visit(name!.startsWith('@/') ? join(src, name!.slice(2)) : join(dirname(file), name!))
  }
  for (const file of from) visit(join(src, file))
  return found
}

// The program comes in parts: what every page needs, with signing in; what whoever is signed in needs, with what the first pages share and
// all of their words; each first page's own; then everything else.
const main = closure(['main.ts'])
const firsts = { rooms: 'pages/Rooms.vue', talk: 'pages/Room.vue', join: 'pages/Join.vue' }
const session = 'store/session.ts'
const home = closure([session, 'Tabs.vue'])
const pages = Object.entries(firsts).map(([name, page]) => ({ name, has: closure([page]) }))
const ofFirsts = new Map([home, ...pages.map(({ has }) => has)].flatMap((has) => [...has]))

// The words, likewise: words/zh.ts keeps those of every page; those of the first pages, and all others, come with what says them. A word
// counts as said where its key stands in the source, or may be put together there (`role_${…}`).
const wordsOfFirsts = 'virtual:words-of-firsts'
const wordsOfRest = 'virtual:words-of-rest'

// For the bundler: the part that a module belongs to, if to one of these.
export const part = (id: string) => {
  if (id === wordsOfFirsts) return 'home'
  if (id === wordsOfRest) return 'words'
  const file = id.replace(/\?.*/, '')
  if (main.has(file)) return null
  const of = pages.filter(({ has }) => has.has(file))
  return home.has(file) || of.length > 1 ? 'home' : (of[0]?.name ?? null)
}

export const firstWords = (): Plugin => {
  const words: Record<string, Record<string, string>> = {}
  const said = (by: Map<string, string>) => {
    const text = [...by.values()].join('\n')
    const named = new Set(text.match(/[\w-]+/g))
    const starts = [...text.matchAll(/(\w*[a-z]_?)\$\{/g)].map((m) => m[1]!)
    return (key: string) => named.has(key) || starts.some((s) => key.startsWith(s) && s.length > 1)
  }
  return {
    name: 'first-words',
    apply: 'build',
    enforce: 'pre',
    async buildStart() {
      const { zh } = (await import(`data:text/javascript,${encodeURIComponent(read(wordsFile)!)}`)) as {
        zh: Record<string, string>
      }
      const byMain = said(main)
      const byFirsts = said(ofFirsts)
      const where = (key: string) => (byMain(key) ? wordsFile : byFirsts(key) ? wordsOfFirsts : wordsOfRest)
      for (const part of [wordsFile, wordsOfFirsts, wordsOfRest])
        words[part] = Object.fromEntries(Object.entries(zh).filter(([key]) => where(key) === part))
      this.addWatchFile(wordsFile)
    },
    resolveId: (id) => (id === wordsOfFirsts || id === wordsOfRest ? id : undefined),
    load: (id) =>
      id === wordsOfFirsts || id === wordsOfRest
        ? `import { zh } from '@/words/zh'\nObject.assign(zh, ${JSON.stringify(words[id])})`
        : undefined,
    transform(code, id) {
      if (id === wordsFile) return `export const zh = ${JSON.stringify(words[id])}`
      if (id.includes('?') || main.has(id) || !id.startsWith(src) || !code.includes('@/words')) return
      const add = `import '${wordsOfFirsts}'\n${ofFirsts.has(id) ? '' : `import '${wordsOfRest}'\n`}`
      if (id.endsWith('.ts')) return add + code
      const more = code.replace(/(<script setup[^>]*>\n)/, `$1${add}`)
      if (more === code) this.error(`${id} says words, and has no script to bring them`)
      return more
    },
  }
}

// Puts scripts/early.js before the program, with the parts of the first pages in it. The stylesheet stands behind the mark, at the end of
// the page: so the styles of parts that come later go there too, for they count over it.
const late = ['document.head.appendChild(', 'document.body.appendChild('] as const
export const early = (): Plugin => ({
  name: 'early',
  apply: 'build',
  enforce: 'post',
  renderChunk: (code) => (code.includes(late[0]) ? { code: code.replaceAll(...late), map: null } : null),
  generateBundle(_, bundle) {
    const all = Object.values(bundle).filter((c) => c.type === 'chunk')
    if (!all.some((c) => c.code.includes(late[1]))) throw new Error('the styles of parts go where they did')
    const partsOf = (names: string[]) => {
      const parts = new Set<string>()
      const add = (name: string) => {
        const c = bundle[name]
        if (c?.type !== 'chunk' || parts.has(name)) return
        parts.add(name)
        for (const css of c.viteMetadata?.importedCss ?? []) parts.add(css)
        c.imports.forEach(add)
      }
      names.forEach(add)
      return parts
    }
    const there = partsOf(all.filter((c) => c.isEntry).map((c) => c.fileName))
    const wanted = (file: string) => {
      const chunk = all.find((c) => c.moduleIds.some((m) => m.endsWith(`/${file}`)))!
      return [...partsOf([chunk.fileName])].filter((p) => !there.has(p)).map((p) => `/${p}`)
    }
    const pages = Object.fromEntries(
      Object.entries({ ...firsts, home: session }).map(([name, file]) => [name, wanted(file)]),
    )
    const script = read(fileURLToPath(new URL('early.js', import.meta.url)))!
    const source = script.replace('__PAGES__', JSON.stringify(pages))
    const name = this.getFileName(this.emitFile({ type: 'asset', name: 'early.js', source }))
    const html = bundle['index.html']
    if (html?.type !== 'asset') throw new Error('there is no index.html')
    const page = html.source.toString().replace('<script', `<script async src="/${name}"></script>\n    <script`)
    // Behind what stands in the page, the stylesheet holds up the program and not the mark.
    const sheet = /\n\s*<link rel="stylesheet"[^>]*>/.exec(page)
    if (!sheet) throw new Error('index.html has no stylesheet')
    html.source = page.replace(sheet[0], '').replace('\n  </body>', `${sheet[0]}\n  </body>`)
  },
})
