// What may be brought in beside words, each with a button of its own: phones' own choosers differ.
export const ways = [
  { key: 'album', icon: 'album', accept: 'image/*', multiple: true },
  { key: 'camera', icon: 'camera', accept: 'image/*', capture: 'environment' as const },
  { key: 'video', icon: 'video', accept: 'video/mp4,video/webm,video/quicktime' },
  { key: 'file', icon: 'file', multiple: true },
] as const
export const attachments = ways.length
