import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  stays: true,
  form: { load: () => import('./Form.vue'), icon: 'sos', name: 'sosTitle', send: 'sosSend', order: 0 },
} satisfies Kind
