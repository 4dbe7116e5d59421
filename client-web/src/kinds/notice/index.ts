import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  ended: (s) => (s.withdrawn ? 'withdrawn' : s.expired ? 'expired' : undefined),
  form: {
    load: () => import('./Form.vue'),
    icon: 'notice',
    name: 'newNotice',
    send: 'postNotice',
    owners: true,
    order: 4,
  },
} satisfies Kind
