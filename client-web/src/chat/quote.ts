import { computed, watch } from 'vue'
import { summary } from '@/kinds/summary'
import { one, online } from '@/store/live'
import type { Timeline } from '@/store/timeline'
import type { Refusal } from '@/wire/http'
import type { Item, Quote } from '@/wire/types'
import { t } from '@/words'

// What a reply shows of the message that it answers; empty when it answers none. It comes with the reply; where not all may read it, it is
// asked for.
export const useQuote = (line: Timeline, re: () => number | undefined) => {
  const source = computed(() => {
    const seq = re()
    return seq ? (line.get(seq) ?? line.quotes.get(seq)) : undefined
  })
  watch(
    [online, source],
    async () => {
      const seq = re()
      if (!seq || source.value || !online.value) return
      await one(line, seq).catch((e) => {
        if ((e as Refusal).fault?.code === 'not-found') line.quotes.set(seq, { seq, ch: 0, hidden: true })
      })
    },
    { immediate: true },
  )
  return computed(() => {
    if (!re()) return ''
    const q = source.value
    if (!q) return t('quoteWait')
    if ('hidden' in q) return t('quoteHidden')
    const item = 'at' in q ? q : brief(q)
    if (item.state?.retracted) return t('quoteGone')
    const name = line.name(item.by)
    return `${name}：${summary(item, name)}`
  })
}

const brief = (q: Quote) =>
  ({ ...q, at: 0, words: { text: q.sum }, state: { retracted: q.retracted } }) as unknown as Item
