// The real program, started and stopped by a test.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environ } from '../scripts/long'

const here = dirname(fileURLToPath(import.meta.url))
export const binary = join(here, '../../bin/linli')
export const file = (...path: string[]) => join(here, ...path)
export const folder = () => mkdtempSync(join(tmpdir(), 'linli-e2e-'))

export class Linli {
  url = ''
  log = ''
  private child?: ChildProcess

  private constructor(
    readonly data: string,
    private args: string[],
  ) {}

  // Serves a folder: an empty one, or a copy of `from`.
  static async start(from = '', command = 'serve', ...more: string[]) {
    const data = folder()
    if (from) cpSync(from, data, { recursive: true })
    const l = new Linli(data, [command, '--data', data, '--reserve', '0', ...more])
    await l.up('127.0.0.1:0')
    return l
  }

  private up(listen: string) {
    const child = spawn(binary, [...this.args, '--listen', listen], { env: environ() })
    this.child = child
    return new Promise<void>((ok, fail) => {
      const hear = (chunk: Buffer) => {
        this.log += chunk.toString()
        const at = /msg=serving url=(\S+)/.exec(this.log)
        if (!at) return
        this.url = at[1]!
        ok()
      }
      child.stderr.on('data', hear)
      child.stdout.on('data', hear)
      child.once('exit', (code) => fail(new Error(`linli ended with ${code}: ${this.log}`)))
    })
  }

  // The setup code that a new server says in its log.
  get code() {
    return /code=(\S+)/.exec(this.log)?.[1] ?? ''
  }

  private down(signal: NodeJS.Signals) {
    const child = this.child
    if (!child || child.exitCode !== null) return Promise.resolve()
    return new Promise<void>((ok) => {
      child.once('exit', () => ok())
      child.kill(signal)
    })
  }

  // Ends and comes back at the same address.
  async restart(signal: NodeJS.Signals = 'SIGTERM') {
    await this.down(signal)
    const listen = new URL(this.url).host
    this.log = ''
    await this.up(listen)
  }

  async stop() {
    await this.down('SIGTERM')
    rmSync(this.data, { recursive: true, force: true })
  }

  // Stops, and leaves the folder to whoever asked.
  async leave() {
    await this.down('SIGTERM')
    return this.data
  }
}

export const imported = (...files: string[]) => {
  const data = folder()
  execFileSync(binary, ['import', '--data', data, ...files], { stdio: 'pipe', env: environ() })
  return data
}
