import type { Kind } from '../kind'
import card from './Card.vue'

export default {
  card,
  stays: true,
  form: {
    load: () => import('./Form.vue'),
    icon: 'suggestion',
    name: 'newSuggestion',
    send: 'postSuggestion',
    order: 2,
  },
} satisfies Kind
