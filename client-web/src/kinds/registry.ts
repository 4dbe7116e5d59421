import type { Kind } from './kind'

// One folder for each kind that has a card. text and joined are lines of the talk itself; a kind that is not here is shown by
// its summary.
const folders = import.meta.glob<{ default: Kind }>('./*/index.ts', { eager: true })

export const kinds: Record<string, Kind> = Object.fromEntries(
  Object.entries(folders).map(([path, module]) => [path.split('/')[1], module.default]),
)

// What the panel beside the composer offers, in its order.
export const posts = Object.entries(kinds)
  .flatMap(([kind, { form }]) => (form?.order ? [{ kind, ...form }] : []))
  .sort((a, b) => a.order - b.order)
