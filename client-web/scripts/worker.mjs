// Writes the service worker with the names of all that was built. Its version is a hash of them, so it changes when they do.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const dist = new URL('../../assets/dist/', import.meta.url)
const names = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((f) => f.isFile() && /\.(js|css|svg|png|webmanifest)$/.test(f.name))
  .map((f) => `${f.parentPath}/${f.name}`.replace(/\/+/g, '/').slice(dist.pathname.length))
  .filter((n) => n !== 'sw.js')
  .sort()
const hash = createHash('sha256')
for (const n of ['index.html', ...names]) hash.update(n).update(readFileSync(new URL(n, dist)))
const text = readFileSync(new URL('../worker/sw.js', import.meta.url), 'utf8')
  .replace('__VERSION__', hash.digest('hex').slice(0, 12))
  .replace("['__FILES__']", JSON.stringify(['/', ...names.map((n) => `/${n}`)]))
writeFileSync(new URL('sw.js', dist), text)
