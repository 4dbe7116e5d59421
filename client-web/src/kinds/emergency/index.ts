import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  stays: true,
  ended: (s) => (s.status === 'resolved' ? 'resolved' : s.status === 'false' ? 'falseAlarm' : undefined),
  form: {
    load: () => import('./Form.vue'),
    icon: 'sos',
    name: 'sosTitle',
    send: 'sosSend',
    after: 'sosNext',
    order: 0,
  },
} satisfies Kind
