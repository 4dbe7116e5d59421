import type { Mine, State } from '@/wire/types'
import { t } from '@/words'

// How many have confirmed, homes and shops apart, of the doors that the room has now. What was kept on the device from before the server said
// those has the ones of the day when it was posted.
export function counted(state: State, own?: Mine['own']) {
  const { of = 0, of_shops: ofShops = 0 } = own?.of === undefined ? state : own
  const { n = 0, shops = 0 } = own ?? {}
  const homes = t('confirmedCount', { a: n - shops, b: of - ofShops })
  return { n, of, text: ofShops ? `${homes} · ${t('confirmedShops', { a: shops, b: ofShops })}` : homes }
}
