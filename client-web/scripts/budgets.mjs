// Holds the built client to its budgets (gzip), and to speaking with no other host.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../../assets/dist/', import.meta.url)
const read = (name) => readFileSync(new URL(name, dist))
const gz = (name) => gzipSync(read(name), { level: 9 }).length / 1024
const html = read('index.html').toString()
const files = readdirSync(new URL('assets/', dist))
const entries = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1])

// What the entry imports statically is loaded first too.
const first = new Set(entries)
for (const name of first) {
  if (!name.endsWith('.js')) continue
  for (const m of read(name)
    .toString()
    .matchAll(/from\s*["']\.\/([^"']+\.js)["']|import\s*["']\.\/([^"']+\.js)["']/g))
    first.add(`assets/${m[1] ?? m[2]}`)
}
const sum = (names) => names.reduce((n, name) => n + gz(name), 0)
const js = sum([...first].filter((n) => n.endsWith('.js')))
const css = sum([...first].filter((n) => n.endsWith('.css')))
const lazy = files.filter((n) => n.endsWith('.js') && !first.has(`assets/${n}`))
const largest = Math.max(0, ...lazy.map((n) => gz(`assets/${n}`)))

let failed = false
const hold = (what, value, limit) => {
  const over = value > limit
  console.log(`${what}: ${value.toFixed(1)} KiB of ${limit}${over ? ', over its budget' : ''}`)
  failed ||= over
}
hold('first load js', js, 95)
hold('first load css', css, 14)
hold('largest lazy chunk', largest, 45)
hold('service worker', gz('sw.js'), 12)
if (/<script(?![^>]*\bsrc=)/.test(html) || /\sstyle=/.test(html)) {
  console.log('index.html has something inline')
  failed = true
}
for (const name of files.filter((n) => /\.(js|css)$/.test(n))) {
  for (const m of read(`assets/${name}`)
    .toString()
    .matchAll(/https?:\/\/([\w.-]+)/g)) {
    if (!['www.w3.org', 'vuejs.org', 'localhost'].includes(m[1])) {
      console.log(`${name} names the host ${m[1]}`)
      failed = true
    }
  }
}
process.exit(failed ? 1 : 0)
