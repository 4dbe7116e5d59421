import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  form: { load: () => import('./Form.vue'), icon: 'place', name: 'newPlace', send: 'send', order: 9 },
} satisfies Kind
