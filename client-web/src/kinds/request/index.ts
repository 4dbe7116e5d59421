import type { Kind } from '../kind'
import card from './Card.vue'
import { looks, settled } from './states'

export default {
  card,
  ended: (s) => (settled.includes(s.status) ? looks[s.status]?.word : undefined),
  short: true,
  form: {
    load: () => import('./Form.vue'),
    icon: 'request',
    name: 'newRequest',
    send: 'postRequest',
    lane: 'request',
    order: 1,
  },
} satisfies Kind
