// A running demo district and a browser, for what takes pictures of it or measures it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from './browser.mjs'

export const root = fileURLToPath(new URL('../../', import.meta.url))
export const binary = join(root, 'bin/linli')
export const password = 'linli2026'

// Starts both. who: the phone of each account that the demo names, by role. end stops both and removes the district.
export const demo = async (...more) => {
  const data = mkdtempSync(join(tmpdir(), 'linli-demo-'))
  const linli = spawn(binary, [
    'demo',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--reserve',
    '0',
    '--at',
    '10:30',
    ...more,
  ])
  let log = ''
  const url = await new Promise((ok, fail) => {
    const hear = (chunk) => {
      log += chunk
      const at = /msg=serving url=(\S+)/.exec(log)
      if (at && log.includes(password)) ok(at[1])
    }
    linli.stdout.on('data', hear)
    linli.stderr.on('data', hear)
    linli.once('exit', () => fail(new Error(log)))
  })
  const who = Object.fromEntries([...log.matchAll(/^ {2}(\w+) .*?(1\d{10})/gm)].map(([, role, phone]) => [role, phone]))
  const browser = await open()
  const end = async () => {
    await browser.close()
    const gone = new Promise((ok) => linli.once('exit', ok))
    linli.kill()
    await gone
    rmSync(data, { recursive: true, force: true })
  }
  return { url, who, browser, end }
}
