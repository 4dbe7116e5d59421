import { ref } from 'vue'

// Ctrl+K, or the box above the list of rooms: where to go (pages/Jump.vue).
export const finding = ref(false)

// What was typed there goes along into the search of messages; it stands in no address.
export const wanted = ref('')
