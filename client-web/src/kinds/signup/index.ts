import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  ended: (s) => (s.open ? undefined : 'signupClosed'),
  form: { load: () => import('./Form.vue'), icon: 'jielong', name: 'newSignup', send: 'postSignup', order: 3 },
} satisfies Kind
