import type { Kind } from '../kind'
import card from './Card.vue'

export default { card } satisfies Kind
