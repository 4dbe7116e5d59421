import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  ended: (s) => (s.open ? undefined : 'pollClosed'),
  form: { load: () => import('./Form.vue'), icon: 'poll', name: 'newPoll', send: 'postPoll', owners: true, order: 5 },
} satisfies Kind
