import { send } from '@/store/live'
import { toast } from '@/ui/toast'
import { refusal, t } from '@/words'
import { fileName } from './files'
import { glance, moves, shrink } from './image'
import { type Attachment, limits } from './upload'

const perMessage = 9

const fits = (as: Attachment['as'], blob: Blob) => {
  if (blob.size > 0 && blob.size <= limits[as]) return true
  toast(blob.size ? refusal({ code: 'too-large', with: { limit: limits[as] } }) : t('emptyFile'))
  return false
}
const document = async (room: string, f: File, behind?: string) => {
  if (fits('file', f))
    await send(room, 'file.post', { files: [{ as: 'file', blob: f }], words: { name: fileName(f.name) }, behind })
}
const pictures = async (room: string, list: File[], behind?: string) => {
  const others: File[] = [] // what moves, or cannot be opened here
  for (let i = 0; i < list.length; i += perMessage) {
    const files: Attachment[] = []
    for (const f of list.slice(i, i + perMessage)) {
      const blob = (await moves(f)) ? undefined : await shrink(f) // one at a time: a cheap phone has little memory
      if (!blob) others.push(f)
      else if (fits('picture', blob)) files.push({ as: 'picture', blob })
    }
    if (files.length) await send(room, 'picture.post', { files, behind })
  }
  for (const f of others) await document(room, f, behind)
  if (others.length) toast(t('sentAsFile'))
}
const video = async (room: string, f: File) => {
  if (!fits('video', f)) return
  const { poster, seconds } = await glance(f)
  const files: Attachment[] = [{ as: 'video', blob: f }]
  if (poster) files.push({ as: 'picture', blob: poster })
  await send(room, 'video.post', { files, with: { seconds: Math.min(600, seconds) } })
}

export const isPicture = (f: File) => f.type.startsWith('image/') && f.type !== 'image/svg+xml'

// Posts whatever somebody chose, dropped, pasted or shared, as what it is; as files when that is what was asked for.
// Behind a command that is on its way it answers what that will be.
export const take = async (room: string, list: File[], asFiles = false, behind?: string) => {
  if (asFiles) {
    for (const f of list) await document(room, f, behind)
    return
  }
  await pictures(room, list.filter(isPicture), behind)
  for (const f of list.filter((f) => !isPicture(f))) {
    if (/^video\/(mp4|webm|quicktime)/.test(f.type)) await video(room, f)
    else await document(room, f)
  }
}
