import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  form: { load: () => import('./Form.vue'), icon: 'request', name: 'newRequest', send: 'postRequest', order: 1 },
} satisfies Kind
