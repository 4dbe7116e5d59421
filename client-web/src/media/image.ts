const side = 1600 // pixels of the longer side
const narrow = 1080 // of the shorter one, of what is long and narrow: it is to be read
const area = 16_000_000 // pixels that every canvas has room for
const longest = 16_000
const quality = 0.82

const jpeg = (from: CanvasImageSource, w: number, h: number, most: number) => {
  const scale = Math.min(
    1,
    Math.max(most / Math.max(w, h), (most * narrow) / side / Math.min(w, h)),
    longest / Math.max(w, h),
    Math.sqrt(area / w / h),
  )
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(w * scale))
  canvas.height = Math.max(1, Math.round(h * scale))
  const ink = canvas.getContext('2d')!
  ink.fillStyle = '#fff'
  ink.fillRect(0, 0, canvas.width, canvas.height)
  ink.drawImage(from, 0, 0, canvas.width, canvas.height)
  return new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality))
}

// Does a picture move? Drawn anew it would not.
export const moves = async (file: Blob): Promise<boolean> => {
  const b = new Uint8Array(await file.slice(0, 64 << 10).arrayBuffer())
  const at = (text: string, from = 0) => [...text].every((c, i) => b[from + i] === c.charCodeAt(0))
  const has = (text: string) => b.some((_, i) => at(text, i))
  if (at('GIF8')) return has('NETSCAPE2.0') || has('ANIMEXTS1.0')
  if (at('RIFF') && at('WEBP', 8)) return has('ANIM')
  return at('PNG', 1) && has('acTL')
}

// A picture as it goes out: upright, small enough for a slow network, and without what its camera knew of time and place. What this
// device cannot read goes as it is when the server may; else not as a picture.
export const shrink = async (file: Blob): Promise<Blob | undefined> => {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => undefined)
  if (!bitmap) return /^image\/(jpeg|png|webp)$/.test(file.type) ? file : undefined
  const small = await jpeg(bitmap, bitmap.width, bitmap.height, side)
  bitmap.close()
  return small ?? file
}

// A picture out of a video, for before it plays, and how long it is. A video that this device cannot play has neither.
export const glance = (file: Blob): Promise<{ poster?: Blob; seconds: number }> =>
  new Promise((done) => {
    const video = document.createElement('video')
    const url = URL.createObjectURL(file)
    const end = (poster?: Blob | null) => {
      clearTimeout(late)
      const seconds = Number.isFinite(video.duration) ? Math.round(video.duration) : 0
      URL.revokeObjectURL(url)
      done({ poster: poster ?? undefined, seconds })
    }
    const late = setTimeout(end, 6000)
    video.muted = true
    video.preload = 'auto'
    video.onerror = () => end()
    video.onloadeddata = () => {
      video.currentTime = Math.min(0.5, (video.duration || 1) / 2)
    }
    video.onseeked = async () => end(await jpeg(video, video.videoWidth, video.videoHeight, 960).catch(() => undefined))
    video.src = url
  })
