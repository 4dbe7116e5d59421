import { get, post, Refusal, remove, send } from '@/wire/http'
import type { UploadBody } from '@/wire/types'

// Something that goes with a message. It stays on this device, with how far it is, until the server has the message.
export interface Attachment {
  as: 'picture' | 'video' | 'voice' | 'file'
  blob: Blob
  upload?: string // what the server calls it
  whole?: boolean // the server has all of it
}

const part = 512 << 10 // bytes; what breaks off costs at most so much again

// What the server takes, in bytes.
export const limits = { picture: 25 << 20, video: 100 << 20, voice: 2 << 20, file: 100 << 20 }

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

// Brings one attachment in, from where it was left. moved hears how many bytes are there; kept is called when there is something to
// remember; once it is no longer wanted it is given up, here and there. Throws a Refusal.
export const bring = async (
  room: string,
  a: Attachment,
  moved: (bytes: number) => unknown,
  kept: () => unknown,
  wanted: () => boolean,
) => {
  const { size } = a.blob
  let at = 0
  if (a.upload) {
    const there = await get<UploadBody>(`/uploads/${a.upload}`).catch((e: Refusal) => {
      if (e.fault.code !== 'not-found') throw e
      a.upload = undefined
    })
    at = there?.at ?? 0
  }
  if (!a.upload) {
    a.upload = (await post<UploadBody>(`/rooms/${room}/uploads`, { as: a.as, size })).upload
    await kept()
  }
  moved(at)
  for (let tries = 0; at < size; ) {
    if (!wanted()) return void remove(`/uploads/${a.upload}`).catch(() => {})
    try {
      const slice = a.blob.slice(at, at + part)
      at = (await send<UploadBody>('PATCH', `/uploads/${a.upload}`, slice, { 'Upload-Offset': String(at) })).at
      tries = 0
    } catch (e) {
      // It is somewhere else than we thought, or a part broke off: the server says where to go on.
      const { code, with: more } = (e as Refusal).fault
      if ((code !== 'conflicting' && code !== 'busy') || ++tries > 5) throw e
      if (code === 'busy') await pause(1000)
      at = Number(more?.at ?? (await get<UploadBody>(`/uploads/${a.upload}`)).at)
    }
    moved(at)
  }
  await post(`/uploads/${a.upload}/done`)
  a.whole = true
  await kept()
}
