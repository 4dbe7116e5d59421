// The browser of tests, pictures and figures: Debian's Chromium without windows, which does the same pages for little more than half the
// work. Only the one with windows has notifications; it is also taken where there is no other, and CHROMIUM names any.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const windows = '/usr/bin/chromium'
const bare = '/usr/bin/chromium-headless-shell'

export const open = ({ notifies = false } = {}) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? (notifies || !existsSync(bare) ? windows : bare),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  })
